# State changes stay in the account they happen in: they are sent on to the deployer's bus, which has
# to admit this account (`target_accounts` of the deployer).

locals {
  bus_arn = "arn:${local.partition}:events:${var.deployer.region}:${var.deployer.account}:event-bus/default"
}

resource "aws_cloudwatch_event_rule" "forward" {
  for_each = local.forwarded

  name          = each.key
  description   = "Tells Towpath in ${var.deployer.account}"
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "forward" {
  for_each = local.forwarded

  rule      = aws_cloudwatch_event_rule.forward[each.key].name
  target_id = "tools"
  arn       = local.bus_arn
  role_arn  = aws_iam_role.forward.arn

  retry_policy {
    maximum_retry_attempts       = each.value.maximum_retry_attempts
    maximum_event_age_in_seconds = each.value.maximum_event_age_seconds
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_iam_role_policy.forward, aws_sqs_queue_policy.dead_letters]
}

resource "aws_iam_role" "forward" {
  name                 = local.role_names["forward"]
  description          = "Sends events on to Towpath in ${var.deployer.account}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Events"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # The ARN names the account, which EventBridge does not name beside.
      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
      Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.prefix}-forward-*" } }
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  name = "own"
  role = aws_iam_role.forward.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Bus"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [local.bus_arn]
    }]
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.hook_name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.prefix}-forward-*" } }
      },
    ]
  })
}
