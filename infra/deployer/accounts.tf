# What stages in other accounts need here. `advance` is allowed to assume their roles in roles.tf.

# Their state changes come to this account's default bus. A permission is added to the bus's policy,
# which may hold those of others.
resource "aws_cloudwatch_event_permission" "target" {
  for_each = var.target_accounts

  statement_id = "${local.prefix}-${each.value}"
  principal    = each.value
  action       = "events:PutEvents"
}

locals {
  ledger_actions = flatten([for statement in local.functions["lifecycle-hook"].statements : statement.actions if statement.sid == "Ledger"])
}

# Hooks run in the account of the service and write into the ledger here: their role there names the
# table by its ARN, and the table admits exactly that role.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html
resource "aws_dynamodb_resource_policy" "ledger" {
  count = length(var.target_accounts) > 0 ? 1 : 0

  resource_arn = aws_dynamodb_table.ledger.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Hooks"
      Effect    = "Allow"
      Principal = { AWS = [for account in sort(var.target_accounts) : "arn:${local.partition}:iam::${account}:root"] }
      Action    = local.ledger_actions
      Resource  = aws_dynamodb_table.ledger.arn
      # A condition rather than a principal: a role that is not there yet could not be named.
      Condition = {
        ArnEquals = {
          "aws:PrincipalArn" = [for account in sort(var.target_accounts) : "arn:${local.partition}:iam::${account}:role/${local.prefix}-lifecycle-hook"]
        }
      }
    }]
  })
}
