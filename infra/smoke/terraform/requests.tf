# Who is asked for approval: a queue that listens to the requests, in place of somebody who reads e-mail.

resource "aws_sqs_queue" "requests" {
  # The second one's policy asks for the source's account beside its ARN. Whether SNS sends that is
  # documented nowhere: what arrives there says so.
  for_each = {
    requests = { ArnEquals = { "aws:SourceArn" = module.deployer.topic_arns["requests"] } }
    probe = {
      ArnEquals    = { "aws:SourceArn" = module.deployer.topic_arns["requests"] }
      StringEquals = { "aws:SourceAccount" = local.account }
    }
  }

  name                    = "${var.prefix}-smoke-${each.key}"
  sqs_managed_sse_enabled = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Topic"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account}:${var.prefix}-smoke-${each.key}"
      Condition = each.value
    }]
  })
}

resource "aws_sns_topic_subscription" "requests" {
  for_each = aws_sqs_queue.requests

  topic_arn            = module.deployer.topic_arns["requests"]
  protocol             = "sqs"
  endpoint             = each.value.arn
  raw_message_delivery = true
}
