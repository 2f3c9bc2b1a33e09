output "repository_url" {
  description = "Where images are pushed to."
  value       = module.repository.repository_url
}

output "services" {
  description = "For each stage the keys of a pipeline that follow from its service, and where the service is reached."
  value = merge(
    {
      for key, service in module.service : key => {
        stage          = service.stage
        production_url = service.production_url
        test_url       = service.test_url
      }
    },
    {
      for key in var.target == null ? [] : ["elsewhere"] : key => {
        stage          = merge(module.service_elsewhere[0].stage, { account = var.target.account, role = module.target[0].role })
        production_url = module.service_elsewhere[0].production_url
        test_url       = module.service_elsewhere[0].test_url
      }
    },
  )
}

output "native" {
  description = "What the service of the engine `ecs` takes, which is made by hand."
  value = merge(module.service["ecs"].native, {
    subnet_ids        = module.network.subnet_ids
    security_group_id = module.service["ecs"].task_security_group_id
  })
}

output "replies" {
  description = "ARN of the topic that decisions are published to."
  value       = module.deployer.topic_arns["replies"]
}

output "requests" {
  description = "URLs of the queues that listen to the requests."
  value       = { for key, queue in aws_sqs_queue.requests : key => queue.url }
}

output "dead_letters" {
  description = "URLs of the deployer's dead-letter queues."
  value       = module.deployer.dead_letter_queue_urls
}

output "pipelines_path" {
  description = "SSM path below which pipelines are kept."
  value       = module.deployer.pipelines_path
}
