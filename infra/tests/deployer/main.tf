# The deployer as the test applies it to the lab: with everything that is optional and that the lab
# can keep.

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

module "deployer" {
  source = "../../deployer"

  packages                 = var.packages
  architecture             = "x86_64"
  deletion_protection      = false
  log_retention_days       = 30
  request_emails           = ["team@example.com"]
  reply_publishers         = ["arn:aws:iam::111111111111:role/on-call"]
  target_accounts          = ["222222222222", "333333333333"]
  task_role_arns           = ["arn:aws:iam::111111111111:role/shop-*"]
  alarm_actions            = ["arn:aws:sns:eu-central-1:111111111111:alarms"]
  slack                    = { team_id = "T01234567", app_id = "A01234567" }
  alarm_thresholds         = { oldest-open-release = 90000 }
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  environment              = { advance = { TOWPATH_LOG = "debug" } }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

output "deployer" {
  description = "Everything the module says."
  value       = module.deployer
}
