# The role that a stage of this account names. It trusts the deployer's `advance`, and nothing else.

resource "aws_iam_role" "target" {
  count = var.role_arn == null ? 1 : 0

  name                 = "${local.prefix}-target"
  description          = "What Towpath in ${var.deployer.account} may do here"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Advance"
      Effect    = "Allow"
      Principal = { AWS = var.deployer.advance_role_arn }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "target" {
  count = length(aws_iam_role.target)

  name   = "own"
  role   = aws_iam_role.target[count.index].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies.target })
}

locals {
  policies = {
    for name, statements in { target = local.target_statements, hook = local.hook_statements } : name => [
      for statement in statements : {
        for key, value in {
          Sid       = statement.sid
          Effect    = "Allow"
          Action    = statement.actions
          Resource  = statement.resources
          Condition = statement.conditions
        } : key => value if key != "Condition" || length(value) > 0
      }
    ]
  }
}
