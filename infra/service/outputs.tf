output "service_name" {
  description = "Name of the ECS service."
  value       = try(aws_ecs_service.codedeploy[0].name, aws_ecs_service.rolling[0].name, var.name)
}

output "stage" {
  description = "Keys of a pipeline's stage that follow from this service: merge them with its name, gates and checks."
  value = merge(
    {
      cluster    = var.cluster
      service    = var.name
      containers = [var.container.name]
      base       = "family"
    },
    # Either shape alone; a conditional would want them to be of one type.
    { for key, rollout in {
      rolling = { rolling = {} }
      codedeploy = {
        codedeploy = {
          application = one(aws_codedeploy_app.this[*].name)
          group       = one(aws_codedeploy_deployment_group.this[*].deployment_group_name)
          hook        = var.codedeploy.hook_function_name
        }
      }
      ecs = { ecs = { hook = var.codedeploy.hook_function_name } }
    } : "engine" => rollout if key == var.engine },
  )
}

output "native" {
  description = "What `aws_ecs_service` takes with the engine `ecs`; null with the others."
  value = local.native ? {
    task_definition_arn          = aws_ecs_task_definition.first.arn
    target_group_arn             = aws_lb_target_group.this["blue"].arn
    alternate_target_group_arn   = aws_lb_target_group.this["green"].arn
    production_listener_rule_arn = aws_lb_listener_rule.native["production"].arn
    test_listener_rule_arn       = aws_lb_listener_rule.native["test"].arn
    infrastructure_role_arn      = aws_iam_role.infrastructure[0].arn
    hook_role_arn                = aws_iam_role.hooks[0].arn
    hook_function_arn            = local.hook_arn
  } : null

  # A service that is made before its roles may do their work gets stuck.
  depends_on = [aws_iam_role_policy_attachment.infrastructure, aws_iam_role_policy.hooks]
}

output "production_url" {
  description = "Where the service is reached."
  value       = "${lower(local.protocol)}://${aws_lb.this.dns_name}:${local.production_port}"
}

output "test_url" {
  description = "Where green is reached before it gets traffic; null when rolling."
  value       = local.blue_green ? "${lower(local.protocol)}://${aws_lb.this.dns_name}:${var.test_port}" : null
}

output "task_role_arns" {
  description = "Roles that `advance` has to be able to pass: for the deployer's or the target account's `task_role_arns`."
  value       = concat([aws_iam_role.execution.arn], var.task_role_arn == null ? [] : [var.task_role_arn])
}

output "task_security_group_id" {
  description = "Security group of the tasks, to be admitted to databases and the like."
  value       = aws_security_group.tasks.id
}

output "log_group_name" {
  description = "Log group for the containers' `awslogs-group`."
  value       = aws_cloudwatch_log_group.this.name
}

output "load_balancer" {
  description = "Name and zone for an alias record."
  value = {
    dns_name = aws_lb.this.dns_name
    zone_id  = aws_lb.this.zone_id
  }
}
