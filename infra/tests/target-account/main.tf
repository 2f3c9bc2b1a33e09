# An account that stages live in, as the test applies it to the lab: the deployer is in another one.

terraform {
  required_version = ">= 1.11"

  backend "local" {}

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

# An access key of twelve digits is the root of that account in the lab.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "222222222222"
  secret_key                  = "lab"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
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
