# The handler's secrets (guest.secrets): the function's role may read exactly these.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # A place is SERVICE:NAME#FIELD, and the name of a parameter may end with a version or a label.
  secret_names    = toset([for place in values(var.secrets) : regex("^secretsmanager:([^#]+)", place)[0] if startswith(place, "secretsmanager:")])
  parameter_names = toset([for place in values(var.secrets) : regex("^ssm:((?:arn:(?:[^:#]*:){4})?[^:#]+)", place)[0] if startswith(place, "ssm:")])

  here = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"

  # AWS ends the ARN of a secret with a hyphen and six characters of its own.
  secret_arns    = [for name in local.secret_names : startswith(name, "arn:") ? name : "arn:${data.aws_partition.current.partition}:secretsmanager:${local.here}:secret:${name}-??????"]
  parameter_arns = [for name in local.parameter_names : startswith(name, "arn:") ? name : "arn:${data.aws_partition.current.partition}:ssm:${local.here}:parameter/${trimprefix(name, "/")}"]
}

data "aws_iam_policy_document" "secrets" {
  count = length(var.secrets) > 0 ? 1 : 0

  dynamic "statement" {
    for_each = length(local.secret_arns) > 0 ? [local.secret_arns] : []

    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.parameter_arns) > 0 ? [local.parameter_arns] : []

    content {
      actions   = ["ssm:GetParameters"]
      resources = statement.value
    }
  }
}

resource "aws_iam_role_policy" "secrets" {
  count = length(var.secrets) > 0 ? 1 : 0

  name   = "secrets"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.secrets[0].json
}
