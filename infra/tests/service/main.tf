# A service in two stages, one per engine, as the test applies it to the lab: in an account of its own,
# so that nothing of it meets the other tests.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}

# Given to every root module of the tests.
variable "packages" {
  description = "Folder with one zip per function."
  type        = string
}

provider "aws" {
  region = "eu-central-1"
}

resource "aws_vpc" "this" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.20.${count.index}.0/24"
  availability_zone = ["eu-central-1a", "eu-central-1b"][count.index]
}

resource "aws_ecs_cluster" "this" {
  for_each = toset(["shop-test", "shop", local.long])

  name = each.value
}

variable "account" {
  description = "Of a stage. A number is refused."
  type        = any
  default     = null
}

variable "name" {
  description = "One that is too long for a target group is refused."
  type        = string
  default     = "api"
}

variable "cluster" {
  description = "An ARN is refused."
  type        = string
  default     = null
}

variable "notify" {
  description = "Without the channel the pipeline is refused: its people decide on Slack."
  type        = map(string)
  default     = { slack = "C0123456789" }
}

variable "answers_slack" {
  description = "Without it the pipeline is refused: its people decide on Slack."
  type        = bool
  default     = true
}

module "pipeline" {
  source = "../../service/pipeline"

  repository    = "shop/api"
  keep_tagged   = 1000
  pull_accounts = ["222222222222"]
  answers_slack = var.answers_slack

  pipeline = {
    pipeline = "shop-api"
    notify   = var.notify
    stages = [
      merge(module.rolling.stage, { name = "test" }, { for key, value in { account = var.account } : key => value if value != null }),
      merge(module.codedeploy.stage, { name = "production", approval = { slack = ["U0123456789"] } }),
    ]
  }
}

module "rolling" {
  source = "../../service"

  name                     = var.name
  engine                   = "rolling"
  cluster                  = coalesce(var.cluster, aws_ecs_cluster.this["shop-test"].name)
  repository_arns          = ["arn:aws:ecr:eu-central-1:333333333333:repository/shop/api"]
  vpc_id                   = aws_vpc.this.id
  task_subnet_ids          = aws_subnet.this[*].id
  load_balancer_subnet_ids = aws_subnet.this[*].id
  container                = { name = "app", port = 8080 }
  container_definitions    = local.containers
  production_port          = 8081
  deletion_protection      = false
}

module "codedeploy" {
  source = "../../service"

  name                     = "api"
  cluster                  = aws_ecs_cluster.this["shop"].name
  repository_arns          = ["arn:aws:ecr:eu-central-1:333333333333:repository/shop/api"]
  vpc_id                   = aws_vpc.this.id
  task_subnet_ids          = aws_subnet.this[*].id
  load_balancer_subnet_ids = aws_subnet.this[*].id
  container                = { name = "app", port = 8080 }
  container_definitions    = local.containers
  production_port          = 8082
  test_port                = 9002
  test_cidrs               = ["10.20.0.0/16"]
  deletion_protection      = false
  codedeploy               = { ready_wait_minutes = 60 }
}

# Everything but the service.
module "native" {
  source = "../../service"

  name                     = "api"
  engine                   = "ecs"
  cluster                  = aws_ecs_cluster.this[local.long].name
  repository_arns          = ["arn:aws:ecr:eu-central-1:333333333333:repository/shop/api"]
  vpc_id                   = aws_vpc.this.id
  task_subnet_ids          = aws_subnet.this[*].id
  load_balancer_subnet_ids = aws_subnet.this[*].id
  container                = { name = "app", port = 8080 }
  container_definitions    = local.containers
  production_port          = 8083
  test_port                = 9003
  deletion_protection      = false

  # The lab has none of AWS's own policies.
  infrastructure_policy_arn = aws_iam_policy.shift.arn
}

# The same in another region of the account: what has no region has to be named apart.
provider "aws" {
  alias  = "elsewhere"
  region = "eu-west-1"
}

resource "aws_vpc" "elsewhere" {
  provider = aws.elsewhere

  cidr_block = "10.21.0.0/16"
}

resource "aws_subnet" "elsewhere" {
  provider = aws.elsewhere
  count    = 2

  vpc_id            = aws_vpc.elsewhere.id
  cidr_block        = "10.21.${count.index}.0/24"
  availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
}

resource "aws_ecs_cluster" "elsewhere" {
  provider = aws.elsewhere
  for_each = toset(["shop", local.long])

  name = each.value
}

module "elsewhere" {
  source    = "../../service"
  for_each  = { codedeploy = "shop", ecs = local.long }
  providers = { aws = aws.elsewhere }

  name                      = "api"
  engine                    = each.key
  cluster                   = aws_ecs_cluster.elsewhere[each.value].name
  repository_arns           = ["arn:aws:ecr:eu-central-1:333333333333:repository/shop/api"]
  vpc_id                    = aws_vpc.elsewhere.id
  task_subnet_ids           = aws_subnet.elsewhere[*].id
  load_balancer_subnet_ids  = aws_subnet.elsewhere[*].id
  container                 = { name = "app", port = 8080 }
  container_definitions     = local.containers
  production_port           = { codedeploy = 8084, ecs = 8085 }[each.key]
  test_port                 = { codedeploy = 9004, ecs = 9005 }[each.key]
  deletion_protection       = false
  infrastructure_policy_arn = aws_iam_policy.shift.arn
}

resource "aws_iam_policy" "shift" {
  name = "shift-traffic"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:ModifyRule"]
      Resource = ["*"]
    }]
  })
}

locals {
  # Longer than IAM would take it as the beginning of each role's name.
  long = "shop-native-of-the-platform-team-in-central-europe"

  containers = jsonencode([{
    name         = "app"
    image        = "333333333333.dkr.ecr.eu-central-1.amazonaws.com/shop/api:first"
    essential    = true
    portMappings = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
    environment  = [{ name = "GREETING", value = "hello" }]
  }])
}

output "services" {
  description = "Everything the modules say."
  value       = { pipeline = module.pipeline, rolling = module.rolling, codedeploy = module.codedeploy, native = module.native }
}
