output "repository_url" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.this.repository_url
}

output "repository_arn" {
  description = "ARN of the repository, for the service module's `repository_arns`."
  value       = aws_ecr_repository.this.arn
}

output "parameter_name" {
  description = "SSM parameter that holds the pipeline; null without one."
  value       = one(aws_ssm_parameter.pipeline[*].name)
}
