# front = "rest-api": a REST API of API Gateway, which sends all requests to the function.

locals {
  buffered_uri  = aws_lambda_alias.live.invoke_arn
  streaming_uri = replace(replace(local.buffered_uri, "/2015-03-31/", "/2021-11-15/"), "//invocations$/", "/response-streaming-invocations")

  rest_integration = {
    type       = "aws_proxy"
    httpMethod = "POST"

    # The front end and the handler's host must agree: function.tf sets response.stream.
    uri                  = var.stream ? local.streaming_uri : local.buffered_uri
    responseTransferMode = var.stream ? "STREAM" : "BUFFERED"

    # 29 s is the most without a raised quota. A stream may take 15 minutes.
    timeoutInMillis = var.stream ? var.timeout * 1000 : 29000
  }

  rest_method = {
    "x-amazon-apigateway-any-method" = {
      "x-amazon-apigateway-integration" = local.rest_integration
    }
  }

  rest_paths = {
    "/"         = local.rest_method
    "/{proxy+}" = local.rest_method
  }
}

resource "aws_api_gateway_rest_api" "public" {
  count = var.front == "rest-api" ? 1 : 0

  name = var.name

  # Without it, bodies and answers that are not text arrive damaged.
  binary_media_types = ["*/*"]

  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = var.name, version = "1" }
    paths   = local.rest_paths
  })

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "public" {
  count = var.front == "rest-api" ? 1 : 0

  rest_api_id = aws_api_gateway_rest_api.public[0].id
  triggers    = { paths = sha1(jsonencode(local.rest_paths)) }

  lifecycle {
    create_before_destroy = true
  }
}

# The stage is the first part of every path that clients ask for. The handler finds it in x-forwarded-prefix.
resource "aws_api_gateway_stage" "public" {
  count = var.front == "rest-api" ? 1 : 0

  rest_api_id   = aws_api_gateway_rest_api.public[0].id
  deployment_id = aws_api_gateway_deployment.public[0].id
  stage_name    = var.stage
}

resource "aws_lambda_permission" "rest_api" {
  count = var.front == "rest-api" ? 1 : 0

  statement_id  = "AllowInvocationByRestApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.handler.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.public[0].execution_arn}/*/*"
}
