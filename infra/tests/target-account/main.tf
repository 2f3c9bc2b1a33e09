# An account that stages live in, as the test applies it to the lab: the deployer is in another one.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

variable "packages" {
  description = "Folder with one zip per function."
  type        = string
}

provider "aws" {
  region = "eu-central-1"
}

module "target" {
  source = "../../target-account"

  packages       = var.packages
  architecture   = "x86_64"
  external_id    = "an-id-that-nobody-guesses"
  task_role_arns = ["arn:aws:iam::222222222222:role/shop-*"]
  forward        = ["deployment-event", "image-push"]

  deployer = {
    prefix           = "towpath"
    account          = "111111111111"
    region           = "eu-central-1"
    advance_role_arn = "arn:aws:iam::111111111111:role/towpath-advance"
    table_arn        = "arn:aws:dynamodb:eu-central-1:111111111111:table/towpath-ledger"
  }
}

output "target" {
  description = "Everything the module says."
  value       = module.target
}
