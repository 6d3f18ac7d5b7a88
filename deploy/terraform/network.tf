# Where a load balancer stands: the given subnets and their VPC, or two subnets of the default VPC
# (not all of them: each zone has a public address, which AWS charges for).

locals {
  use_default_vpc = local.own && length(var.subnet_ids) == 0
  vpc_id          = local.use_default_vpc ? data.aws_vpc.default[0].id : one(data.aws_subnet.given[*].vpc_id)
  subnet_ids      = local.use_default_vpc ? slice(sort(data.aws_subnets.default[0].ids), 0, 2) : var.subnet_ids
}

data "aws_subnet" "given" {
  count = local.own && !local.use_default_vpc ? 1 : 0
  id    = var.subnet_ids[0]
}

data "aws_vpc" "default" {
  count   = local.use_default_vpc ? 1 : 0
  default = true
}

data "aws_subnets" "default" {
  count = local.use_default_vpc ? 1 : 0

  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default[0].id]
  }

  filter {
    name   = "default-for-az"
    values = ["true"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) >= 2
      error_message = "The default VPC has fewer than two default subnets: set subnet_ids."
    }
  }
}

# No egress rule: the load balancer invokes the function through Lambda's API, not through the VPC.
resource "aws_security_group" "load_balancer" {
  count = local.own ? 1 : 0

  name_prefix = "${var.name}-"
  description = "Clients of the load balancer ${var.name}"
  vpc_id      = local.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = local.own ? { for pair in setproduct(var.allowed_cidrs, local.ports) : join(" ", pair) => pair } : {}

  security_group_id = aws_security_group.load_balancer[0].id
  description       = "Clients"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value[1])
  to_port           = tonumber(each.value[1])
  cidr_ipv4         = each.value[0]
}
