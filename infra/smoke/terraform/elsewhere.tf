# One more stage in another account, if one is given.

provider "aws" {
  alias   = "elsewhere"
  region  = var.region
  profile = var.target == null ? var.profile : var.target.profile

  default_tags {
    tags = { Project = var.prefix }
  }
}

module "target" {
  source    = "../../target-account"
  count     = var.target == null ? 0 : 1
  providers = { aws = aws.elsewhere }

  packages           = var.packages
  architecture       = var.architecture
  deployer           = module.deployer.target
  external_id        = var.target.external_id
  log_retention_days = 1
  task_role_arns     = module.service_elsewhere[0].task_role_arns
}

module "network_elsewhere" {
  source    = "./network"
  count     = var.target == null ? 0 : 1
  providers = { aws = aws.elsewhere }
}

resource "aws_ecs_cluster" "elsewhere" {
  provider = aws.elsewhere
  count    = var.target == null ? 0 : 1

  name = "${var.prefix}-elsewhere"
}

module "service_elsewhere" {
  source    = "../../service"
  count     = var.target == null ? 0 : 1
  providers = { aws = aws.elsewhere }

  name                     = local.name
  cluster                  = aws_ecs_cluster.elsewhere[0].name
  engine                   = "codedeploy"
  architecture             = var.architecture
  capacity                 = { minimum = 1, maximum = 2 }
  repository_arns          = [module.repository.repository_arn]
  vpc_id                   = module.network_elsewhere[0].vpc_id
  task_subnet_ids          = module.network_elsewhere[0].subnet_ids
  load_balancer_subnet_ids = module.network_elsewhere[0].subnet_ids
  assign_public_ip         = true
  internal                 = false
  production_port          = var.first_port + 6
  test_port                = var.first_port + 7
  test_cidrs               = ["0.0.0.0/0"]
  deletion_protection      = false
  log_retention_days       = 1
  container                = { name = "app", port = 8080 }
  codedeploy               = { hook_function_name = module.target[0].hook_function_name, keep_blue_minutes = 0 }
  container_definitions    = jsonencode([merge(local.container, { logConfiguration = local.logs["elsewhere"] })])
}
