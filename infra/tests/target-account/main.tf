# An account that stages live in, as the test applies it to the lab: the deployer is in another one.

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

variable "prefix" {
  description = "The deployer's. One that is too long is refused."
  type        = string
  default     = "towpath"
}

variable "tools_account" {
  description = "The deployer's. A number is refused, once its leading zero is lost."
  type        = string
  default     = "111111111111"
}

variable "key" {
  description = "Which of the keys everything is kept with: `own` or `other`."
  type        = string
  default     = "own"
}

provider "aws" {
  region = "eu-central-1"
}

module "target" {
  source = "../../target-account"

  packages                 = var.packages
  architecture             = "x86_64"
  external_id              = "an-id-that-nobody-guesses"
  task_role_arns           = ["arn:aws:iam::222222222222:role/shop-*"]
  forward                  = ["deployment-event", "image-push"]
  kms_key_arn              = aws_kms_key.this[var.key].arn
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  deployer = {
    prefix           = var.prefix
    account          = var.tools_account
    region           = "eu-central-1"
    advance_role_arn = "arn:aws:iam::111111111111:role/towpath-advance"
    table_arn        = "arn:aws:dynamodb:eu-central-1:111111111111:table/towpath-ledger"
    kms_key_arn      = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000001"
  }
}

# Stages of another region of the account.
provider "aws" {
  alias  = "elsewhere"
  region = "eu-west-1"
}

module "elsewhere" {
  source    = "../../target-account"
  providers = { aws = aws.elsewhere }

  packages       = var.packages
  architecture   = "x86_64"
  external_id    = "an-id-that-nobody-guesses"
  task_role_arns = ["arn:aws:iam::222222222222:role/shop-*"]
  role_arn       = module.target.role.arn

  deployer = {
    prefix           = var.prefix
    account          = var.tools_account
    region           = "eu-central-1"
    advance_role_arn = "arn:aws:iam::111111111111:role/towpath-advance"
    table_arn        = "arn:aws:dynamodb:eu-central-1:111111111111:table/towpath-ledger"
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

  description             = "Everything of the hook that is kept"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.eu-central-1.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:222222222222:log-group:/aws/lambda/towpath-*" } }
      },
      {
        Sid       = "DeadLetters"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  for_each = aws_kms_key.this

  name          = "alias/${each.key}"
  target_key_id = each.value.key_id
}

output "target" {
  description = "Everything the module says."
  value       = module.target
}

output "elsewhere" {
  description = "The same of the other region."
  value       = module.elsewhere
}
