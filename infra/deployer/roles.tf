# One role per function. Its policy "own" is what functions.json grants it, nothing else; its policy
# "lambda" is what the Lambda service does in its name, which follows from the triggers.

locals {
  # A resource in every account becomes one in each target account; a statement about none is left
  # out. What may be done with the repositories here may be done with those of the registries that
  # are told. Of roles only those that are named may be passed.
  statements = {
    for name, described in local.functions : name => [
      for statement in [
        for statement in described.statements : merge(statement, {
          resources = flatten([
            for resource in statement.resources :
            strcontains(resource, ":iam::*:") ? [for account in var.target_accounts : replace(resource, ":iam::*:", ":iam::${account}:")] :
            startswith(resource, "arn:${local.partition}:ecr:") ? concat([resource], [
              for registry in local.registries : "arn:${local.partition}:ecr:${registry.region}:${registry.account}:repository/*"
            ]) :
            contains(statement.actions, "iam:PassRole") ? var.task_role_arns :
            [resource]
          ])
        })
        ] : {
        for key, value in {
          Sid       = statement.sid
          Effect    = "Allow"
          Action    = statement.actions
          Resource  = statement.resources
          Condition = statement.conditions
        } : key => value if key != "Condition" || length(value) > 0
      } if length(statement.resources) > 0
    ]
  }

  lambda_statements = {
    for name in keys(local.functions) : name => concat(
      [
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.function[name].arn}:*"]
        },
      ],
      local.functions[name].dead_letters ? [
        {
          Sid      = "DeadLetters"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [aws_sqs_queue.dead_letters[name].arn]
        },
      ] : [],
      contains(keys(local.streams), name) ? [
        {
          Sid      = "Stream"
          Effect   = "Allow"
          Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
          Resource = ["${aws_dynamodb_table.ledger.arn}/stream/*"]
        },
        # Knows no narrower resource:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
        {
          Sid      = "Streams"
          Effect   = "Allow"
          Action   = ["dynamodb:ListStreams"]
          Resource = ["*"]
        },
      ] : [],
      # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
      name == "lifecycle-hook" && var.hook_network != null ? [
        {
          Sid    = "Network"
          Effect = "Allow"
          Action = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
          ]
          Resource = ["*"]
        },
      ] : [],
      var.kms_key_arn == null ? [] : [
        {
          Sid      = "Key"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
          Resource = [var.kms_key_arn]
        },
      ],
    )
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = local.names[each.key]
  description          = each.value.description
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "own" {
  for_each = local.functions

  name   = "own"
  role   = aws_iam_role.function[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  lifecycle {
    # The policies of a role take 10240 characters together, and "lambda", which the plan does not know yet,
    # needs some 1200 of them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })) <= 8900
      error_message = "The policy of ${each.key} grows too long for IAM: write fewer ARNs with wildcards, such as arn:aws:iam::111111111111:role/shop-*, in `task_role_arns`, or name fewer `target_accounts` and `registries`."
    }
  }
}

resource "aws_iam_role_policy" "lambda" {
  for_each = local.functions

  name   = "lambda"
  role   = aws_iam_role.function[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.lambda_statements[each.key] })
}
