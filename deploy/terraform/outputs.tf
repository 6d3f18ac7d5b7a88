locals {
  # Of these lists, one has an element.
  address = one(concat(
    [for balancer in aws_lb.public : "${local.https ? "https" : "http"}://${balancer.dns_name}/"],
    [for balancer in data.aws_lb.given : "${lower(data.aws_lb_listener.given[0].protocol)}://${balancer.dns_name}:${data.aws_lb_listener.given[0].port}/"],
    [for url in aws_lambda_function_url.public : url.function_url],
    [for api in aws_apigatewayv2_api.public : "${api.api_endpoint}/"],
    [for stage in aws_api_gateway_stage.public : "${stage.invoke_url}/"],
  ))
}

output "address" {
  description = "Where the function is reached. Behind a load balancer with a certificate, point your own domain at this name."
  value       = local.address
}

output "curl" {
  description = "The first request. With a certificate, which is for your own domain and not for this name: hence --insecure."
  value       = startswith(local.address, "https://") && local.alb ? "curl --insecure ${local.address}" : "curl ${local.address}"
}

output "log_group" {
  description = "Read it with: aws logs tail NAME --follow"
  value       = aws_cloudwatch_log_group.function.name
}

output "version" {
  description = "The version that answers. To go back to it later: terraform apply -var live_version=NUMBER"
  value       = aws_lambda_alias.live.function_version
}
