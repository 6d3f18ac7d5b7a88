# What the function may do in AWS: write to its own log group, read its secrets (secrets.tf), and what var.policy says.

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "function" {
  name_prefix        = "${var.name}-"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy" "logs" {
  name   = "logs"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.logs.json
}

resource "aws_iam_role_policy" "own" {
  count = var.policy != null ? 1 : 0

  name   = "own"
  role   = aws_iam_role.function.name
  policy = var.policy
}
