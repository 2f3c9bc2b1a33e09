locals {
  alarms = merge([
    for alarm in local.description.alarms : {
      for function in alarm.functions != ["*"] ? alarm.functions : [
        for name, described in local.functions : name if alarm.of != "dead-letters" || described.dead_letters
      ] :
      "${local.names[function]}-${alarm.name}" => merge(alarm, { function = function })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = each.key
  alarm_description = "${each.value.description} See docs/operations.md of Towpath, \"When an alarm fires\"."
  # A metric of the deployer's own has a namespace of its own, and the dimensions of a function's.
  namespace   = try(each.value.namespace, { function = "AWS/Lambda", dead-letters = "AWS/SQS", topic = "AWS/SNS" }[each.value.of])
  metric_name = each.value.metric
  dimensions = {
    function     = { FunctionName = local.names[each.value.function] }
    dead-letters = { QueueName = try(aws_sqs_queue.dead_letters[each.value.function].name, "") }
    topic        = { TopicName = try(aws_sns_topic.this[each.value.topic].name, "") }
  }[each.value.of]
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = lookup(var.alarm_thresholds, each.value.name, each.value.threshold)
  period              = each.value.period_seconds
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
