output "role" {
  description = "What a stage of this account names as its `role`."
  value = {
    arn         = coalesce(var.role_arn, one(aws_iam_role.target[*].arn))
    external_id = var.external_id
  }
}

output "hook_function_name" {
  description = "What a stage of this account names as `hook`."
  value       = aws_lambda_function.hook.function_name
}

output "dead_letter_queue_url" {
  description = "Queue of hooks that could not be handled and events that could not be forwarded."
  value       = aws_sqs_queue.dead_letters.url
}
