output "dns_name" {
  description = "The load balancer's name; point a CNAME or alias record at it."
  value       = aws_lb.public.dns_name
}

output "curl" {
  description = "The first request. With HTTPS the certificate is for your own domain, not for this name: hence --insecure."
  value       = local.https ? "curl --insecure https://${aws_lb.public.dns_name}/" : "curl http://${aws_lb.public.dns_name}/"
}

output "log_group" {
  description = "Read it with: aws logs tail NAME --follow"
  value       = aws_cloudwatch_log_group.function.name
}
