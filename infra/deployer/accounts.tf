# What stages and registries in other accounts need here. `advance` is allowed to assume their roles in
# roles.tf.

locals {
  # Which accounts may send on the events of which function, and to nothing else.
  senders = {
    for name, sender in {
      stages = { accounts = var.target_accounts, function = "deployment-event" }
      registries = {
        accounts = toset([for registry in local.registries : registry.account if registry.account != local.account])
        function = "image-push"
      }
    } : name => sender if length(sender.accounts) > 0
  }
}

# Their events come to this account's default bus. A bus has one policy, which is written here whole,
# since permissions of single accounts (`PutPermission`) know no condition about events.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html
resource "aws_cloudwatch_event_bus_policy" "this" {
  count = length(local.senders) > 0 ? 1 : 0

  event_bus_name = "default"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        for name, sender in local.senders : {
          Sid       = "${local.prefix}-${name}"
          Effect    = "Allow"
          Principal = { AWS = [for account in sort(sender.accounts) : "arn:${local.partition}:iam::${account}:root"] }
          Action    = "events:PutEvents"
          Resource  = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"
          Condition = {
            # A rule's target, and no call of PutEvents.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
            Bool                        = { "events:eventBusInvocation" = "true" }
            Null                        = { "events:source" = "false" }
            "ForAllValues:StringEquals" = { "events:source" = sort(distinct(flatten(local.functions[sender.function].triggers.events[*].pattern.source))) }
            StringEquals                = { "events:detail-type" = sort(distinct(flatten(local.functions[sender.function].triggers.events[*].pattern["detail-type"]))) }
          }
        }
      ],
      var.bus_statements,
    )
  })
}

# Hooks run in the account of the service and write into the ledger here: their role there names the
# table by its ARN, and the table admits roles with the hooks' names alone, for what the function does at
# home. Which items that are follows from the account of whoever calls (`aws:PrincipalAccount`).
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html
resource "aws_dynamodb_resource_policy" "ledger" {
  count = length(var.target_accounts) > 0 ? 1 : 0

  resource_arn = aws_dynamodb_table.ledger.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in local.functions["lifecycle-hook"].statements : {
        Sid       = statement.sid
        Effect    = "Allow"
        Principal = { AWS = [for account in sort(var.target_accounts) : "arn:${local.partition}:iam::${account}:root"] }
        Action    = statement.actions
        Resource  = aws_dynamodb_table.ledger.arn
        # A condition rather than a principal: a role that is not there yet could not be named. An account
        # with stages in several regions has a role for each, with the region in its name.
        Condition = merge(statement.conditions, {
          ArnLike = {
            "aws:PrincipalArn" = flatten([for account in sort(var.target_accounts) : [
              for role in ["lifecycle-hook", "lifecycle-hook-*"] : "arn:${local.partition}:iam::${account}:role/${local.prefix}-${role}"
            ]])
          }
        })
      } if startswith(statement.sid, "Ledger")
    ]
  })
}
