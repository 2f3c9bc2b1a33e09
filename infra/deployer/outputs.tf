output "function_arns" {
  description = "ARN of each function, by its name in functions.json."
  value       = { for name, function in aws_lambda_function.this : name => function.arn }
}

output "role_arns" {
  description = "ARN of each function's role. A target account's role trusts that of `advance`."
  value       = { for name, role in aws_iam_role.function : name => role.arn }
}

output "hook_function_name" {
  description = "What a pipeline names as `hook` of its CodeDeploy stages."
  value       = aws_lambda_function.this["lifecycle-hook"].function_name
}

output "slack_request_url" {
  description = "Interactivity request URL of the Slack app."
  value       = try("${trimsuffix(aws_lambda_function_url.this["approval"].function_url, "/")}${local.urls["approval"].path}", null)
}

output "answers_slack" {
  description = "Whether `slack` names a workspace and an app, so that people may decide there: for the input of that name of `service/pipeline`."
  value       = var.slack != null
}

output "secret_parameters" {
  description = "SSM parameters to be written after the first apply, by what they hold."
  value       = { for name, parameter in aws_ssm_parameter.secret : name => parameter.name if !startswith(name, "seal-") }
}

output "operator_parameters" {
  description = "ARNs of the SSM parameters that people have to be allowed to read who roll back with the command line or veto what is on its way: see docs/security.md."
  value       = [aws_ssm_parameter.secret["seal-operator"].arn]
}

output "pipelines_path" {
  description = "SSM path below which pipelines are kept."
  value       = "/${local.prefix}/pipelines"
}

output "table_arn" {
  description = "ARN of the ledger."
  value       = aws_dynamodb_table.ledger.arn
}

output "topic_arns" {
  description = "ARNs of the topics: `requests` to read, `replies` to decide."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}

output "dead_letter_queue_urls" {
  description = "URL of each function's dead-letter queue. `approval` has none, as what is sent to it may hold a token that decides, nor has `sweeper`, whose next run does what one left."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.url }
}

output "target" {
  description = "What the module `target-account` needs to know of this deployer."
  value = {
    prefix           = local.prefix
    account          = local.account
    region           = local.region
    advance_role_arn = aws_iam_role.function["advance"].arn
    table_arn        = aws_dynamodb_table.ledger.arn
    kms_key_arn      = var.kms_key_arn
  }
}
