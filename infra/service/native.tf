# What a blue/green deployment by ECS itself needs around the service. The service is not here: its
# deployment strategy is known to the provider from version 6.4 on, and this module stays below 6.
# The README shows how it is written in a root module of its own.

# ECS moves rules, not listeners: each listener has one rule for everything.
resource "aws_lb_listener_rule" "native" {
  for_each = local.native ? { production = aws_lb_listener.production.arn, test = aws_lb_listener.test[0].arn } : {}

  listener_arn = each.value
  priority     = 1

  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.this["blue"].arn
        weight = 1
      }

      target_group {
        arn    = aws_lb_target_group.this["green"].arn
        weight = 0
      }
    }
  }

  lifecycle {
    ignore_changes = [action]
  }
}

# AWS's own examples of these roles show no condition, and no document says that ECS names the source:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html
locals {
  ecs_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { Service = "ecs.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
      {
        for key, value in {
          Condition = {
            StringEquals = { "aws:SourceAccount" = local.account }
            ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
          }
        } : key => value if var.trust_names_source
      },
    )]
  })
}

# Shifts traffic. By default with AWS's own policy, as AWS adds to it what its deployments learn to do:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
resource "aws_iam_role" "infrastructure" {
  count = local.native ? 1 : 0

  name                 = local.role_names["infrastructure"]
  description          = "Shifts traffic of ${var.name} in ${var.cluster}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.ecs_trust
}

resource "aws_iam_role_policy_attachment" "infrastructure" {
  count = local.native ? 1 : 0

  role       = aws_iam_role.infrastructure[0].name
  policy_arn = coalesce(var.infrastructure_policy_arn, "arn:${local.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers")
}

# Calls the hook function.
resource "aws_iam_role" "hooks" {
  count = local.native ? 1 : 0

  name                 = local.role_names["hooks"]
  description          = "Has green of ${var.name} in ${var.cluster} checked"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.ecs_trust
}

resource "aws_iam_role_policy" "hooks" {
  count = local.native ? 1 : 0

  name = "own"
  role = aws_iam_role.hooks[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Checks"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [local.hook_arn]
    }]
  })
}
