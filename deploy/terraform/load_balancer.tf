# front = "alb": an Application Load Balancer in a VPC, which is made here unless var.listener names one.

locals {
  alb   = var.front == "alb"
  own   = local.alb && var.listener == null
  https = var.certificate_arn != null
  port  = local.https ? 443 : 80

  # Where clients may connect: with HTTPS also to the listener that redirects.
  ports = local.https ? ["443", "80"] : ["80"]
}

resource "aws_lb" "public" {
  count = local.own ? 1 : 0

  name               = var.name
  load_balancer_type = "application"
  subnets            = local.subnet_ids
  security_groups    = [aws_security_group.load_balancer[0].id]

  # Else it would hang up, after 60 seconds, on a function that is allowed to take longer.
  idle_timeout = max(60, var.timeout + 5)
}

resource "aws_lb_listener" "public" {
  count = local.own ? 1 : 0

  load_balancer_arn = aws_lb.public[0].arn
  port              = local.port
  protocol          = local.https ? "HTTPS" : "HTTP"
  certificate_arn   = var.certificate_arn
  ssl_policy        = local.https ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.function[0].arn
  }
}

# With HTTPS, whoever comes without it is sent there.
resource "aws_lb_listener" "redirect" {
  count = local.own && local.https ? 1 : 0

  load_balancer_arn = aws_lb.public[0].arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

# In a load balancer that exists already.
resource "aws_lb_listener_rule" "function" {
  count = local.alb && !local.own ? 1 : 0

  listener_arn = var.listener.arn
  priority     = var.listener.priority

  condition {
    path_pattern {
      values = var.listener.paths
    }
  }

  dynamic "condition" {
    for_each = length(var.listener.hosts) > 0 ? [var.listener.hosts] : []

    content {
      host_header {
        values = condition.value
      }
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.function[0].arn
  }
}

data "aws_lb_listener" "given" {
  count = local.alb && !local.own ? 1 : 0
  arn   = var.listener.arn
}

data "aws_lb" "given" {
  count = local.alb && !local.own ? 1 : 0
  arn   = data.aws_lb_listener.given[0].load_balancer_arn
}

resource "aws_lb_target_group" "function" {
  count = local.alb ? 1 : 0

  name        = var.name
  target_type = "lambda"

  lambda_multi_value_headers_enabled = var.multi_value_headers

  health_check {
    enabled             = var.health_check.enabled
    path                = var.health_check.path
    matcher             = var.health_check.matcher
    interval            = var.health_check.interval
    timeout             = var.health_check.timeout
    healthy_threshold   = var.health_check.healthy_threshold
    unhealthy_threshold = var.health_check.unhealthy_threshold
  }
}

resource "aws_lambda_permission" "load_balancer" {
  count = local.alb ? 1 : 0

  statement_id  = "AllowInvocationByLoadBalancer"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.handler.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "elasticloadbalancing.amazonaws.com"
  source_arn    = aws_lb_target_group.function[0].arn
}

resource "aws_lb_target_group_attachment" "function" {
  count = local.alb ? 1 : 0

  target_group_arn = aws_lb_target_group.function[0].arn
  target_id        = aws_lambda_alias.live.arn

  # AWS refuses a target that the load balancer may not invoke yet.
  depends_on = [aws_lambda_permission.load_balancer]
}
