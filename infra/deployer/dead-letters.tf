# One queue per function takes whatever it could not handle, wherever that was given up: by
# EventBridge, by Lambda's own queue of asynchronous events, by the stream. `approval` has none: what
# is sent to it may hold a token that decides. Nor has `sweeper`: its next tick does what one left.

locals {
  keeping = { for name, described in local.functions : name => described if described.dead_letters }
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.keeping

  name                      = "${local.names[each.key]}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
}

locals {
  # Services that send in their own name; Lambda uses the function's role.
  dead_letter_senders = {
    for name in keys(local.keeping) : name => concat(
      [for rule, described in local.rules : { service = "events", arn = aws_cloudwatch_event_rule.this[rule].arn } if described.function == name],
      [for described in values(local.subscriptions) : { service = "sns", arn = aws_sns_topic.this[described.topic].arn } if described.function == name],
    )
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each = local.keeping

  queue_url = aws_sqs_queue.dead_letters[each.key].url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "OnlyEncrypted"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = aws_sqs_queue.dead_letters[each.key].arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [
        for service in distinct(local.dead_letter_senders[each.key][*].service) : {
          Sid       = service
          Effect    = "Allow"
          Principal = { Service = "${service}.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = aws_sqs_queue.dead_letters[each.key].arn
          # Each ARN names the account. EventBridge does not name it beside; whether SNS does is not documented.
          # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
          Condition = { ArnEquals = { "aws:SourceArn" = [for sender in local.dead_letter_senders[each.key] : sender.arn if sender.service == service] } }
        }
      ],
    )
  })
}
