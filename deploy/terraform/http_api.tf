# front = "http-api": an HTTP API of API Gateway, which sends all requests to the function.

resource "aws_apigatewayv2_api" "public" {
  count = var.front == "http-api" ? 1 : 0

  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "function" {
  count = var.front == "http-api" ? 1 : 0

  api_id           = aws_apigatewayv2_api.public[0].id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_alias.live.invoke_arn

  # Format 1.0 decodes the query.
  payload_format_version = "2.0"

  # The most that an HTTP API allows.
  timeout_milliseconds = 30000
}

resource "aws_apigatewayv2_route" "all" {
  count = var.front == "http-api" ? 1 : 0

  api_id    = aws_apigatewayv2_api.public[0].id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.function[0].id}"
}

# A stage with another name would be the first part of every path.
resource "aws_apigatewayv2_stage" "public" {
  count = var.front == "http-api" ? 1 : 0

  api_id      = aws_apigatewayv2_api.public[0].id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "http_api" {
  count = var.front == "http-api" ? 1 : 0

  statement_id  = "AllowInvocationByHttpApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.handler.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.public[0].execution_arn}/*/*"
}
