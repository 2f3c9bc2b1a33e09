resource "aws_sns_topic" "this" {
  for_each = local.description.topics

  name              = each.value
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

# Whoever may publish to the reply topic may decide, given a request's token, and whoever listens to a
# topic reads tokens: this policy is that boundary, so it also denies those whose own policies would
# allow them.
data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

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
        Sid       = "NobodyElseListens"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sns:AddPermission", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe"]
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { ArnNotLike = { "aws:PrincipalArn" = sort(var.administrators) } }
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

  lifecycle {
    precondition {
      condition = anytrue([
        for arn in var.administrators :
        can(regex("^${replace(replace(replace(replace(arn, ".", "\\."), "+", "\\+"), "*", ".*"), "?", ".")}$", data.aws_iam_session_context.current.issuer_arn))
      ])
      error_message = "${data.aws_iam_session_context.current.issuer_arn}, which applies this, is not among the `administrators`, so that it could not subscribe anything to the topics: add it."
    }
  }
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
  redrive_policy = local.functions[each.value.function].dead_letters ? jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.value.function].arn }) : null

  depends_on = [aws_lambda_permission.topic, aws_sqs_queue_policy.dead_letters, aws_sns_topic_policy.this]
}

# The topic's ARN names its account. No document says that SNS names it again beside, and a condition
# on what is not sent would let no reply through.
resource "aws_lambda_permission" "topic" {
  for_each = local.subscriptions

  statement_id  = "topic-${each.value.topic}"
  function_name = aws_lambda_function.this[each.value.function].function_name
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.this[each.value.topic].arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.request_emails

  topic_arn = aws_sns_topic.this["requests"].arn
  protocol  = "email"
  endpoint  = each.value

  depends_on = [aws_sns_topic_policy.this]
}
