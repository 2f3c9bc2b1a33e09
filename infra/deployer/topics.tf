resource "aws_sns_topic" "this" {
  for_each = local.description.topics

  name              = each.value
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

# Whoever may publish to the reply topic may decide, given a request's token: this policy is that
# boundary, so it also denies those whose own policies would allow them.
resource "aws_sns_topic_policy" "this" {
  for_each = local.description.topics

  arn = aws_sns_topic.this[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NobodyElse"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { ArnNotLike = { "aws:PrincipalArn" = local.publishers[each.key] } }
      },
      {
        Sid       = "Publishers"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { ArnLike = { "aws:PrincipalArn" = local.publishers[each.key] } }
      },
    ]
  })
}

locals {
  publishers = {
    for topic in keys(local.description.topics) : topic => topic == "replies" ? (
      # A condition needs a value: this one is nobody.
      length(var.reply_publishers) > 0 ? sort(var.reply_publishers) : ["arn:${local.partition}:iam::${local.account}:role/${local.prefix}-nobody"]
    ) : [aws_iam_role.function["advance"].arn]
  }
}

resource "aws_sns_topic_subscription" "function" {
  for_each = local.subscriptions

  topic_arn      = aws_sns_topic.this[each.value.topic].arn
  protocol       = "lambda"
  endpoint       = aws_lambda_function.this[each.value.function].arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.value.function].arn })

  depends_on = [aws_lambda_permission.topic, aws_sqs_queue_policy.dead_letters]
}

resource "aws_lambda_permission" "topic" {
  for_each = local.subscriptions

  statement_id   = "topic-${each.value.topic}"
  function_name  = aws_lambda_function.this[each.value.function].function_name
  action         = "lambda:InvokeFunction"
  principal      = "sns.amazonaws.com"
  source_arn     = aws_sns_topic.this[each.value.topic].arn
  source_account = local.account
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.request_emails

  topic_arn = aws_sns_topic.this["requests"].arn
  protocol  = "email"
  endpoint  = each.value
}
