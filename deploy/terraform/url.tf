# front = "url": the function's own URL, which costs nothing besides the function.

resource "aws_lambda_function_url" "public" {
  count = var.front == "url" ? 1 : 0

  function_name      = aws_lambda_function.handler.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = var.url_authorization

  # The front end and the handler's host must agree: function.tf sets response.stream.
  invoke_mode = var.stream ? "RESPONSE_STREAM" : "BUFFERED"
}

# Since October 2025 a URL needs both permissions. With AWS_IAM the callers' own policies grant them.

resource "aws_lambda_permission" "url" {
  count = var.front == "url" && var.url_authorization == "NONE" ? 1 : 0

  statement_id           = "AllowInvocationOfUrl"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.handler.function_name
  qualifier              = aws_lambda_alias.live.name
  principal              = "*"
  function_url_auth_type = aws_lambda_function_url.public[0].authorization_type
}

resource "aws_lambda_permission" "through_url" {
  count = var.front == "url" && var.url_authorization == "NONE" ? 1 : 0

  statement_id             = "AllowInvocationThroughUrl"
  action                   = "lambda:InvokeFunction"
  function_name            = aws_lambda_function.handler.function_name
  qualifier                = aws_lambda_alias.live.name
  principal                = "*"
  invoked_via_function_url = true

  # Lambda changes a function's policy one statement at a time.
  depends_on = [aws_lambda_permission.url]
}
