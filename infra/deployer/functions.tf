locals {
  # Which version the packages are, as `make package` writes it beside them: `towpath doctor` compares
  # it with its own.
  package_record  = fileexists("${var.packages}/packages.json") ? jsondecode(file("${var.packages}/packages.json")) : null
  package_version = local.package_record == null ? "" : "${local.package_record.version} (${local.package_record.commit})"

  environment = {
    for name, described in local.functions : name => merge(
      local.description.environment,
      described.environment,
      { TOWPATH_VERSION = local.package_version },
      name == "approval" && var.slack != null ? {
        TOWPATH_SLACK_TEAM_ID = var.slack.team_id
        TOWPATH_SLACK_APP_ID  = var.slack.app_id
      } : {},
      lookup(var.environment, name, {}),
    )
  }
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name    = local.names[each.key]
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  filename         = "${var.packages}/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.packages}/${each.key}.zip")
  package_type     = "Zip"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = each.value.memory_mb
  timeout          = each.value.timeout_seconds
  kms_key_arn      = var.kms_key_arn

  # -1 reserves nothing.
  reserved_concurrent_executions = var.reserve_concurrency && each.value.reserved_concurrency != null ? each.value.reserved_concurrency : -1

  environment {
    # An empty value is as good as none to the functions, and Lambda's API differs about keeping it.
    variables = { for name, value in local.environment[each.key] : name => value if value != "" }
  }

  dynamic "vpc_config" {
    for_each = each.key == "lifecycle-hook" && var.hook_network != null ? [var.hook_network] : []
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

  # A function that runs before it may write its log makes the group itself, without retention.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.own, aws_iam_role_policy.lambda]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.functions

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = each.value.async.maximum_retry_attempts
  maximum_event_age_in_seconds = each.value.async.maximum_event_age_seconds

  dynamic "destination_config" {
    for_each = each.value.dead_letters ? [aws_sqs_queue.dead_letters[each.key].arn] : []
    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
