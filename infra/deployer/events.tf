resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name                = each.key
  description         = local.functions[each.value.function].description
  event_pattern       = each.value.pattern
  schedule_expression = each.value.schedule
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = local.names[each.value.function]
  arn       = aws_lambda_function.this[each.value.function].arn
  input     = each.value.input

  retry_policy {
    maximum_retry_attempts       = each.value.retries
    maximum_event_age_in_seconds = each.value.age
  }

  # Of what comes again within minutes, nothing is kept.
  dynamic "dead_letter_config" {
    for_each = local.functions[each.value.function].dead_letters ? [aws_sqs_queue.dead_letters[each.value.function].arn] : []
    content {
      arn = dead_letter_config.value
    }
  }

  # An event that comes before it may be delivered would be a dead letter.
  depends_on = [aws_lambda_permission.rule, aws_sqs_queue_policy.dead_letters]
}

# Without `source_account`, which would keep EventBridge from invoking any; the rule's ARN names the account.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id  = each.key
  function_name = aws_lambda_function.this[each.value.function].function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}
