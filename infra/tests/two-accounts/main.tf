# The deployer in one account and a stage in another, as they are by default: with no key of their own.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}

variable "packages" {
  description = "Folder with one zip per function."
  type        = string
}

provider "aws" {
  alias      = "tools"
  region     = "eu-central-1"
  access_key = "555555555555"
  secret_key = "lab"
}

provider "aws" {
  alias      = "target"
  region     = "eu-central-1"
  access_key = "666666666666"
  secret_key = "lab"
}

module "deployer" {
  source    = "../../deployer"
  providers = { aws = aws.tools }

  packages            = var.packages
  architecture        = "x86_64"
  deletion_protection = false
  target_accounts     = ["666666666666", "777777777777"]
  task_role_arns      = ["arn:aws:iam::555555555555:role/shop-*"]
  administrators      = ["arn:aws:iam::555555555555:root"]
}

module "target" {
  source    = "../../target-account"
  providers = { aws = aws.target }

  packages       = var.packages
  architecture   = "x86_64"
  deployer       = module.deployer.target
  external_id    = "an-id-that-nobody-guesses"
  task_role_arns = ["arn:aws:iam::666666666666:role/shop-*"]
}
