# Secrets are made with random values that nobody knows, each with its own. Slack's are written by people
# afterwards; the link key and the keys of seals can stay as they are. A known placeholder would be a
# key for whoever reads this file. The values are write-only: neither the random ones nor the real ones
# are ever in the state.

ephemeral "aws_secretsmanager_random_password" "secret" {
  for_each = local.description.parameters

  password_length     = 48
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "secret" {
  for_each = local.description.parameters

  name        = each.value
  description = startswith(each.key, "seal-") ? "Towpath: key with which ${trimprefix(each.key, "seal-")} seals what it writes. Changed by seal_keys_version." : "Towpath: ${each.key}. Written by hand; Terraform never changes it."
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value_wo    = ephemeral.aws_secretsmanager_random_password.secret[each.key].random_password

  # Written when the parameter is made, and never again as long as this does not change.
  value_wo_version = startswith(each.key, "seal-") ? var.seal_keys_version : 1

  # For any other change the provider writes the parameter anew, with the value that it does not have:
  # the secret would be lost. docs/operations.md says how to put it under another key.
  lifecycle {
    ignore_changes = [description, key_id]
  }
}
