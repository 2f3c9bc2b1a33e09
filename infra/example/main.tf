# One service on its way through test, staging and production, in one account: each stage is a cluster
# with the service behind a load balancer of its own. In earnest, the stages' part of this file is in
# the configuration of whoever owns the service, and production in an account of its own
# (`../target-account`).

provider "aws" {
  region = var.region

  default_tags {
    tags = { Project = "towpath-example" }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# The role behind the session that applies this, or the user.
data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

locals {
  name = "api"

  # A stage is its cluster, how it is rolled out, and how much of it there is.
  stages = {
    test       = { cluster = "shop-test", engine = "rolling", minimum = 1 }
    staging    = { cluster = "shop-staging", engine = "codedeploy", minimum = 1 }
    production = { cluster = "shop", engine = "codedeploy", minimum = 2 }
  }

  # Each by its name: all of the modules' outputs together would need the deployer themselves.
  task_role_arns = concat(
    module.service["test"].task_role_arns,
    module.service["staging"].task_role_arns,
    module.service["production"].task_role_arns,
  )
}

module "deployer" {
  source = "../deployer"

  packages            = var.packages
  architecture        = var.architecture
  slack               = var.slack == null ? null : { team_id = var.slack.team_id, app_id = var.slack.app_id }
  request_emails      = var.emails
  reply_publishers    = var.reply_publishers
  task_role_arns      = local.task_role_arns
  administrators      = coalescelist(var.administrators, [data.aws_iam_session_context.current.issuer_arn])
  deletion_protection = var.deletion_protection
  alarm_actions       = [aws_sns_topic.alarms.arn]

  # The load balancers are internal, so the checks are made from inside.
  hook_network = {
    subnet_ids         = aws_subnet.private[*].id
    security_group_ids = [aws_security_group.checks.id]
  }
}

check "somebody_decides" {
  assert {
    condition     = var.slack == null ? length(var.emails) > 0 && length(var.reply_publishers) > 0 : length(try(var.slack.approvers, [])) > 0
    error_message = "Production waits for an approval that nobody can give: set slack with its approvers, or emails, which are asked, and reply_publishers, who may answer."
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "towpath-alarms"
  kms_master_key_id = aws_kms_key.alarms.arn
}

# CloudWatch may not use AWS's own key for SNS, so that alarms would reach nobody:
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
resource "aws_kms_key" "alarms" {
  description             = "Towpath's alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

module "pipeline" {
  source = "../service/pipeline"

  repository     = "shop/api"
  pipelines_path = module.deployer.pipelines_path
  answers_slack  = module.deployer.answers_slack

  pipeline = merge(
    {
      pipeline = "shop-api"
      tags     = "commit"
      notify   = { for key, value in { slack = try(var.slack.channel, null), sns = var.slack == null ? true : null } : key => value if value != null }
      stages = [
        merge(module.service["test"].stage, { name = "test" }),
        merge(module.service["staging"].stage, { name = "staging", checks = local.checks["staging"] }),
        merge(module.service["production"].stage, {
          name     = "production"
          checks   = local.checks["production"]
          approval = { for key, value in { slack = try(var.slack.approvers, null), sns = var.slack == null ? true : null } : key => value if value != null }
        }),
      ]
    },
  )
}

locals {
  # Green has to answer before it gets traffic.
  checks = {
    for name in ["staging", "production"] : name => [{
      name = "health"
      http = { url = "${module.service[name].test_url}/health" }
    }]
  }
}

resource "aws_ecs_cluster" "this" {
  for_each = local.stages

  name = each.value.cluster

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

module "service" {
  source   = "../service"
  for_each = local.stages

  name                     = local.name
  cluster                  = aws_ecs_cluster.this[each.key].name
  engine                   = each.value.engine
  architecture             = var.architecture
  capacity                 = { minimum = each.value.minimum, maximum = 4 }
  repository_arns          = [local.repository_arn]
  vpc_id                   = aws_vpc.this.id
  task_subnet_ids          = aws_subnet.private[*].id
  load_balancer_subnet_ids = aws_subnet.private[*].id
  production_cidrs         = [aws_vpc.this.cidr_block]
  test_cidrs               = [aws_vpc.this.cidr_block]
  deletion_protection      = var.deletion_protection
  container                = { name = "app", port = 8080 }
  codedeploy               = { hook_function_name = module.deployer.hook_function_name }

  # Until the first release this image is not there and the service waits for it.
  container_definitions = jsonencode([{
    name         = "app"
    image        = "${local.registry}/shop/api:none"
    essential    = true
    portMappings = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = "/ecs/${each.value.cluster}/${local.name}"
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "app"
      }
    }
  }])
}

locals {
  # Not taken from the module: the pipeline follows from the services.
  registry       = "${data.aws_caller_identity.current.account_id}.dkr.ecr.${var.region}.amazonaws.com"
  repository_arn = "arn:${data.aws_partition.current.partition}:ecr:${var.region}:${data.aws_caller_identity.current.account_id}:repository/shop/api"
}
