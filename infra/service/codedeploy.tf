resource "aws_codedeploy_app" "this" {
  count = local.codedeploy ? 1 : 0

  # CodeDeploy takes names of 100 characters:
  # https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
  name = (
    length("${var.cluster}-${var.name}") <= 100
    ? "${var.cluster}-${var.name}"
    : "${substr(var.cluster, 0, 92 - length(var.name))}-${substr(sha256(var.cluster), 0, 6)}-${var.name}"
  )
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_group" "this" {
  count = local.codedeploy ? 1 : 0

  app_name               = aws_codedeploy_app.this[0].name
  deployment_group_name  = var.name
  service_role_arn       = aws_iam_role.codedeploy[0].arn
  deployment_config_name = var.codedeploy.configuration

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  ecs_service {
    cluster_name = var.cluster
    service_name = aws_ecs_service.codedeploy[0].name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [aws_lb_listener.production.arn]
      }

      test_traffic_route {
        listener_arns = [aws_lb_listener.test[0].arn]
      }

      target_group {
        name = aws_lb_target_group.this["blue"].name
      }

      target_group {
        name = aws_lb_target_group.this["green"].name
      }
    }
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout    = var.codedeploy.ready_wait_minutes == 0 ? "CONTINUE_DEPLOYMENT" : "STOP_DEPLOYMENT"
      wait_time_in_minutes = var.codedeploy.ready_wait_minutes
    }

    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = var.codedeploy.keep_blue_minutes
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  dynamic "alarm_configuration" {
    for_each = length(var.codedeploy.alarms) > 0 ? [var.codedeploy.alarms] : []
    content {
      enabled = true
      alarms  = alarm_configuration.value
    }
  }

  depends_on = [aws_iam_role_policy.codedeploy]
}
