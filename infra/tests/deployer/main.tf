# The deployer as the test applies it to the lab: with everything that is optional and that the lab
# can keep.

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

variable "task_role_arns" {
  description = "Others are refused."
  type        = list(string)
  default     = ["arn:aws:iam::111111111111:role/shop-*"]
}

variable "administrators" {
  description = "Others are refused."
  type        = list(string)
  default     = ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/platform-*"]
}

variable "prefix" {
  description = "Starts the names of everything."
  type        = string
  default     = "towpath"
}

variable "target_accounts" {
  description = "Numbers are refused, once their leading zero is lost."
  type        = set(string)
  default     = ["222222222222", "333333333333"]
}

variable "key" {
  description = "Which of the keys everything is kept with: `own` or `other`."
  type        = string
  default     = "own"
}

provider "aws" {
  region = "eu-central-1"
}

variable "seal_keys_version" {
  description = "Others are refused."
  type        = number
  default     = 1
}

module "deployer" {
  source = "../../deployer"

  packages                 = var.packages
  prefix                   = var.prefix
  seal_keys_version        = var.seal_keys_version
  architecture             = "x86_64"
  deletion_protection      = false
  log_retention_days       = 30
  request_emails           = ["team@example.com"]
  reply_publishers         = ["arn:aws:iam::111111111111:role/on-call"]
  target_accounts          = var.target_accounts
  registries               = ["222222222222/eu-west-1", "222222222222/eusc-de-east-1", "111111111111/us-east-1"]
  bus_statements           = [local.others]
  task_role_arns           = var.task_role_arns
  administrators           = var.administrators
  alarm_actions            = ["arn:aws:sns:eu-central-1:111111111111:alarms"]
  slack                    = { team_id = "T01234567", app_id = "A01234567" }
  alarm_thresholds         = { oldest-open-release = 90000 }
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  kms_key_arn              = aws_kms_key.this[var.key].arn
  environment              = { advance = { TOWPATH_LOG = "debug" } }
}

locals {
  # What somebody else was granted on the bus before.
  others = {
    Sid       = "others"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::444444444444:root" }
    Action    = "events:PutEvents"
    Resource  = "arn:aws:events:eu-central-1:111111111111:event-bus/default"
    Condition = { StringEquals = { "events:source" = "com.example" } }
  }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

# Keys whose policy admits what the module's README asks for.
resource "aws_kms_key" "this" {
  for_each = toset(["own", "other"])

  description             = "Everything of the deployer that is kept"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.eu-central-1.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/lambda/towpath-*" } }
      },
      {
        # Without aws:SourceAccount, which EventBridge does not send.
        Sid       = "Services"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "sns.amazonaws.com", "lambda.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
      {
        Sid       = "Hooks"
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"] }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          # An account with stages in several regions has a role for each, with the region in its name.
          ArnLike = {
            "aws:PrincipalArn" = flatten([for account in ["222222222222", "333333333333"] : [
              for role in ["lifecycle-hook", "lifecycle-hook-*"] : "arn:aws:iam::${account}:role/towpath-${role}"
            ]])
          }
          StringEquals = { "kms:ViaService" = "dynamodb.eu-central-1.amazonaws.com" }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  for_each = aws_kms_key.this

  name          = "alias/${each.key}"
  target_key_id = each.value.key_id
}

output "deployer" {
  description = "Everything the module says."
  value       = module.deployer
}
