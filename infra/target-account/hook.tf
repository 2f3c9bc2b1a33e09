# CodeDeploy calls functions of its own account only, so the hook function is here as well. It reaches
# the ledger by the table's ARN: the table's policy in the tools account admits this role.

resource "aws_lambda_function" "hook" {
  function_name    = local.hook_name
  description      = local.hook.description
  role             = aws_iam_role.hook.arn
  filename         = "${var.packages}/lifecycle-hook.zip"
  source_code_hash = filebase64sha256("${var.packages}/lifecycle-hook.zip")
  package_type     = "Zip"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = local.hook.memory_mb
  timeout          = local.hook.timeout_seconds
  kms_key_arn      = var.kms_key_arn

  environment {
    variables = {
      for name, value in merge(
        # The function writes no entries, and has no key to seal them with.
        { for name, value in local.described.tools.environment : name => value if name != "TOWPATH_SEALS_PATH" },
        local.described.tools.functions["lifecycle-hook"].environment,
        { TOWPATH_TABLE = var.deployer.table_arn, TOWPATH_VERSION = local.package_version },
        var.environment,
      ) : name => value if value != ""
    }
  }

  dynamic "vpc_config" {
    for_each = var.hook_network == null ? [] : [var.hook_network]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = local.package_record == null || try(local.package_record.architecture, "") == var.architecture
      error_message = "The packages in ${var.packages} are built for ${try(local.package_record.architecture, "another architecture")}, not for ${var.architecture}: run `make package ARCHITECTURE=${var.architecture}`, or set `architecture`."
    }
  }

  depends_on = [aws_cloudwatch_log_group.hook, aws_iam_role_policy.hook, aws_iam_role_policy.lambda]
}

resource "aws_lambda_function_event_invoke_config" "hook" {
  function_name                = aws_lambda_function.hook.function_name
  maximum_retry_attempts       = local.hook.async.maximum_retry_attempts
  maximum_event_age_in_seconds = local.hook.async.maximum_event_age_seconds

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "hook" {
  name              = "/aws/lambda/${local.hook_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "hook" {
  name                 = local.role_names["lifecycle-hook"]
  description          = local.hook.description
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

resource "aws_iam_role_policy" "hook" {
  name   = "own"
  role   = aws_iam_role.hook.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies.hook })
}

resource "aws_iam_role_policy" "lambda" {
  name = "lambda"
  role = aws_iam_role.hook.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.hook.arn}:*"]
        },
        {
          Sid      = "DeadLetters"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [aws_sqs_queue.dead_letters.arn]
        },
      ],
      var.hook_network == null ? [] : [
        {
          Sid      = "Network"
          Effect   = "Allow"
          Action   = local.network_actions
          Resource = ["*"]
        },
      ],
      var.kms_key_arn == null ? [] : [
        {
          Sid      = "Key"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
          Resource = [var.kms_key_arn]
        },
      ],
      # DynamoDB uses a table's key in the name of whoever reads and writes:
      # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
      var.deployer.kms_key_arn == null ? [] : [
        {
          Sid       = "LedgerKey"
          Effect    = "Allow"
          Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
          Resource  = [var.deployer.kms_key_arn]
          Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.deployer.region}.amazonaws.com" } }
        },
      ],
    )
  })
}

locals {
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${local.hook_name}-dead-letters"
  alarm_description   = "A hook could not be handled, or an event not forwarded to the deployer."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.hook_name}-errors"
  alarm_description   = "More than one invocation of the hook has failed within a quarter of an hour; what a retry does not mend becomes a dead letter."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.hook.function_name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  period              = 900
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
