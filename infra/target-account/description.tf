# What functions.json says about the deployer, as far as it concerns an account that stages live in.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  prefix    = var.deployer.prefix

  # Seen from here, and seen from the tools account.
  described = { for place, at in {
    here  = { account = local.account, region = local.region }
    tools = { account = var.deployer.account, region = var.deployer.region }
    } : place => jsondecode(
    replace(replace(replace(replace(file("${path.module}/../functions.json"),
      "$${account}", at.account),
      "$${region}", at.region),
      "$${prefix}", local.prefix),
    "arn:aws:", "arn:${local.partition}:")
  ) }

  # Which version the package is, as `make package` writes it beside it.
  package_record  = fileexists("${var.packages}/packages.json") ? jsondecode(file("${var.packages}/packages.json")) : null
  package_version = local.package_record == null ? "" : "${local.package_record.version} (${local.package_record.commit})"

  hook      = local.described.here.functions["lifecycle-hook"]
  hook_name = "${local.prefix}-lifecycle-hook"

  # IAM's names are those of all regions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  role_names = { for role in ["lifecycle-hook", "forward"] : role => join("-", compact([
    local.prefix, role, var.role_arn == null ? "" : local.region
  ])) }

  # The ledger is in the tools account; everything else that the hook touches is here.
  hook_statements = concat(
    [for statement in local.hook.statements : statement if !startswith(statement.sid, "Ledger")],
    [for statement in local.described.tools.functions["lifecycle-hook"].statements : statement if startswith(statement.sid, "Ledger")],
  )

  # What `advance` does to services, without what it does at home.
  target_statements = [
    for statement in local.described.here.functions["advance"].statements : merge(statement, {
      resources = contains(statement.actions, "iam:PassRole") ? var.task_role_arns : statement.resources
    }) if !startswith(statement.sid, "Ledger") && !contains(["Secrets", "Seals", "Requests", "OtherAccounts", "Images"], statement.sid)
  ]

  forwarded = merge([
    for function in var.forward : {
      for event in local.described.here.functions[function].triggers.events : "${local.prefix}-forward-${event.name}" => event
    }
  ]...)
}
