locals {
  zip = coalesce(var.zip, "${path.module}/../../function.zip")

  environment = merge(
    var.environment,
    # The handler's host cannot tell from an event whether the front end streams.
    var.stream ? { FUNCSERVER_RESPONSE_STREAM = "true" } : {},
    length(var.handler_environment) > 0 ? { FUNCSERVER_GUEST_ENV = jsonencode(var.handler_environment) } : {},
    length(var.secrets) > 0 ? { FUNCSERVER_GUEST_SECRETS = jsonencode(var.secrets) } : {},
  )
}

resource "aws_lambda_function" "handler" {
  function_name    = var.name
  description      = "A wasi:http component"
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  architectures    = [var.architecture]
  handler          = "bootstrap"
  filename         = local.zip
  source_code_hash = filebase64sha256(local.zip)
  memory_size      = var.memory_size
  timeout          = var.timeout

  # Each change is a version of its own, which stays as it is.
  publish = true

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = var.log_level
  }

  dynamic "environment" {
    for_each = length(local.environment) > 0 ? [local.environment] : []

    content {
      variables = environment.value
    }
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.zip)
      error_message = "There is no ${local.zip}: run `funcserver bundle` first, or set the variable zip."
    }
  }

  # Without the first the first invocations' lines would be lost, and without the second the function would not start.
  depends_on = [aws_iam_role_policy.logs, aws_iam_role_policy.secrets]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

# The front end invokes this alias, so that a new version replaces the other in one step, and an old one can come back.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.handler.function_name
  function_version = coalesce(var.live_version, aws_lambda_function.handler.version)
}
