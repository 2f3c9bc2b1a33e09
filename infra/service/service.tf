# The service. Terraform owns everything about it but what Towpath changes: which image runs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  rolling    = var.engine == "rolling"
  codedeploy = var.engine == "codedeploy"
  native     = var.engine == "ecs"
  blue_green = !local.rolling

  hook_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.codedeploy.hook_function_name}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.cluster}/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecs_task_definition" "first" {
  family                   = local.long_names["family"]
  container_definitions    = var.container_definitions
  cpu                      = var.cpu
  memory                   = var.memory
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = var.task_role_arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = { arm64 = "ARM64", x86_64 = "X86_64" }[var.architecture]
  }

  # An edit makes a new revision. The old one may be what runs, or where a rollback goes: it stays registered.
  skip_destroy = true
}

# Two resources, as what to ignore cannot depend on a variable.
resource "aws_ecs_service" "rolling" {
  count = local.rolling ? 1 : 0

  name                               = var.name
  cluster                            = var.cluster
  task_definition                    = aws_ecs_task_definition.first.arn
  desired_count                      = var.capacity.minimum
  launch_type                        = "FARGATE"
  health_check_grace_period_seconds  = var.health_check_grace_seconds
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_controller {
    type = "ECS"
  }

  # Without it ECS neither gives up a deployment whose tasks die nor says so.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = var.assign_public_ip
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this["blue"].arn
    container_name   = var.container.name
    container_port   = var.container.port
  }

  lifecycle {
    # Towpath's, and auto scaling's.
    ignore_changes = [task_definition, desired_count]
  }

  # ECS refuses a target group that no listener uses.
  depends_on = [aws_lb_listener.production]
}

resource "aws_ecs_service" "codedeploy" {
  count = local.codedeploy ? 1 : 0

  name                              = var.name
  cluster                           = var.cluster
  task_definition                   = aws_ecs_task_definition.first.arn
  desired_count                     = var.capacity.minimum
  launch_type                       = "FARGATE"
  health_check_grace_period_seconds = var.health_check_grace_seconds
  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"

  deployment_controller {
    type = "CODE_DEPLOY"
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = var.assign_public_ip
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this["blue"].arn
    container_name   = var.container.name
    container_port   = var.container.port
  }

  lifecycle {
    # Towpath's, CodeDeploy's (the target groups change places), and auto scaling's.
    ignore_changes = [task_definition, load_balancer, desired_count]
  }

  depends_on = [aws_lb_listener.production, aws_lb_listener.test]
}

# With `ecs` the service is elsewhere, and so is this: a target has to be there before it can scale.
resource "aws_appautoscaling_target" "this" {
  count = local.native ? 0 : 1

  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster}/${var.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.capacity.minimum
  max_capacity       = var.capacity.maximum

  lifecycle {
    # Towpath suspends scaling for the time of a deployment.
    ignore_changes = [suspended_state]
  }

  depends_on = [aws_ecs_service.rolling, aws_ecs_service.codedeploy]
}

resource "aws_appautoscaling_policy" "cpu" {
  count = local.native ? 0 : 1

  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = var.capacity.cpu_percent

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
