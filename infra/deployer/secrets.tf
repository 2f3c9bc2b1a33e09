# Secrets are made with a random value that nobody knows and are written by people afterwards; the
# link key can stay as it is. A known placeholder would be a key for whoever reads this file. The
# values are write-only: neither the random one nor the real one is ever in the state.

ephemeral "aws_secretsmanager_random_password" "secret" {
  password_length     = 48
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "secret" {
  for_each = local.description.parameters

  name        = each.value
  description = "Towpath: ${each.key}. Written by hand; Terraform never changes it."
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value_wo    = ephemeral.aws_secretsmanager_random_password.secret.random_password

  # Written when the parameter is made, and never again as long as this does not change.
  value_wo_version = 1
}
