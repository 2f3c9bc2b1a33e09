output "push_to" {
  description = "Push images here, tagged with a commit's hash."
  value       = module.pipeline.repository_url
}

output "secret_parameters" {
  description = "Parameters to write Slack's token and signing secret into."
  value       = module.deployer.secret_parameters
}

output "slack_request_url" {
  description = "Interactivity request URL of the Slack app."
  value       = module.deployer.slack_request_url
}
