# A deployer under a prefix of its own, and a service for each engine. All of it is to be destroyed an
# hour later: nothing is protected, nothing is kept, and tasks have public addresses, so that no NAT
# gateway is needed.

provider "aws" {
  region  = var.region
  profile = var.profile

  default_tags {
    tags = { Project = var.prefix }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# The role behind the session that applies this, or the user.
data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

locals {
  name       = "web"
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  runner     = data.aws_iam_session_context.current.issuer_arn
  repository = "${var.prefix}/${local.name}"

  # Ports differ, so that each listener is found on one machine too.
  services = {
    rolling    = { engine = "rolling", production = var.first_port, test = var.first_port + 1 }
    codedeploy = { engine = "codedeploy", production = var.first_port + 2, test = var.first_port + 3 }
    ecs        = { engine = "ecs", production = var.first_port + 4, test = var.first_port + 5 }
  }
}

module "deployer" {
  source = "../../deployer"

  prefix              = var.prefix
  packages            = var.packages
  architecture        = var.architecture
  reserve_concurrency = var.reserve_concurrency
  deletion_protection = false
  log_retention_days  = 1
  administrators      = [local.runner]
  reply_publishers    = [local.runner]
  target_accounts     = var.target == null ? [] : [var.target.account]
  # Each by its name: all of the modules' outputs together would need the deployer themselves.
  task_role_arns = concat(
    module.service["rolling"].task_role_arns,
    module.service["codedeploy"].task_role_arns,
    module.service["ecs"].task_role_arns,
  )
}

module "repository" {
  source = "../../service/pipeline"

  repository    = local.repository
  pull_accounts = var.target == null ? [] : [var.target.account]
}

module "network" {
  source = "./network"
}

resource "aws_ecs_cluster" "this" {
  for_each = local.services

  name = "${var.prefix}-${each.key}"
}

# With the engine `ecs` everything but the service, which the provider describes from another version on.
module "service" {
  source   = "../../service"
  for_each = local.services

  name                      = local.name
  cluster                   = aws_ecs_cluster.this[each.key].name
  engine                    = each.value.engine
  architecture              = var.architecture
  capacity                  = { minimum = 1, maximum = 2 }
  repository_arns           = [module.repository.repository_arn]
  vpc_id                    = module.network.vpc_id
  task_subnet_ids           = module.network.subnet_ids
  load_balancer_subnet_ids  = module.network.subnet_ids
  assign_public_ip          = true
  internal                  = false
  production_port           = each.value.production
  test_port                 = each.value.test
  test_cidrs                = ["0.0.0.0/0"]
  deletion_protection       = false
  log_retention_days        = 1
  container                 = { name = "app", port = 8080 }
  codedeploy                = { hook_function_name = module.deployer.hook_function_name, keep_blue_minutes = 0 }
  trust_names_source        = var.trust_names_source
  infrastructure_policy_arn = var.infrastructure_policy_arn
  container_definitions     = jsonencode([merge(local.container, { logConfiguration = local.logs[each.key] })])
}

locals {
  # This image is pushed before the services are made.
  container = {
    name         = "app"
    image        = "${module.repository.repository_url}:first"
    essential    = true
    portMappings = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
  }

  logs = {
    for key in concat(keys(local.services), ["elsewhere"]) : key => {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = "/ecs/${var.prefix}-${key}/${local.name}"
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "app"
      }
    }
  }
}
