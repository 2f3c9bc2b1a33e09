# No attribute is a time to live: the ledger is the audit trail, and a release whose first entries
# expired could be neither read nor verified. It grows by a few KB per release.
resource "aws_dynamodb_table" "ledger" {
  name                        = local.description.table.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = toset(concat(["pk", "sk"], local.description.table.indexes[*].partition, local.description.table.indexes[*].sort))
    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = { for index in local.description.table.indexes : index.name => index }
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.partition
      range_key       = global_secondary_index.value.sort
      projection_type = "ALL"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  # Without a key of one's own this is DynamoDB's (an AWS owned key), and not the account's
  # `aws/dynamodb`: a table under an AWS managed key lets no other account in, whatever its policy says.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

resource "aws_lambda_event_source_mapping" "ledger" {
  for_each = local.streams

  event_source_arn = aws_dynamodb_table.ledger.stream_arn
  function_name    = aws_lambda_function.this[each.key].arn

  # From the beginning: what was appended before the mapping worked must not be missed.
  starting_position = "TRIM_HORIZON"

  batch_size                     = each.value.batch_size
  parallelization_factor         = each.value.parallelization_factor
  maximum_retry_attempts         = each.value.maximum_retry_attempts
  maximum_record_age_in_seconds  = each.value.maximum_record_age_seconds
  bisect_batch_on_function_error = each.value.bisect_on_error
  function_response_types        = ["ReportBatchItemFailures"]

  filter_criteria {
    dynamic "filter" {
      for_each = each.value.filters
      content {
        pattern = jsonencode(filter.value)
      }
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.dead_letters[each.key].arn
    }
  }
}
