# The one description of the functions, from which the lab is made as well, with its placeholders
# filled in. Everything else in this module follows from it.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition

  described = file("${path.module}/../functions.json")
  prefix    = coalesce(var.prefix, jsondecode(local.described).prefix)

  description = jsondecode(
    replace(replace(replace(replace(local.described,
      "$${account}", local.account),
      "$${region}", local.region),
      "$${prefix}", local.prefix),
    "arn:aws:", "arn:${local.partition}:")
  )

  functions = local.description.functions
  names     = { for name in keys(local.functions) : name => "${local.prefix}-${name}" }

  # What is deployed is one flat map per kind of thing, keyed by the name it has in AWS.
  rules = merge([
    for function, described in local.functions : merge(
      {
        for event in try(described.triggers.events, []) : "${local.names[function]}-${event.name}" => {
          function = function
          pattern  = local.patterns[function][event.name]
          schedule = null
          input    = event.input == null ? null : jsonencode(event.input)
          retries  = event.maximum_retry_attempts
          age      = event.maximum_event_age_seconds
        }
      },
      {
        for schedule in try(described.triggers.schedules, []) : "${local.names[function]}-${schedule.name}" => {
          function = function
          pattern  = null
          schedule = schedule.expression
          input    = schedule.input == null ? null : jsonencode(schedule.input)
          retries  = schedule.maximum_retry_attempts
          age      = schedule.maximum_event_age_seconds
        }
      },
    )
  ]...)

  # Registries beside this account's here.
  registries = [for registry in sort(var.registries) : {
    account = split("/", registry)[0]
    region  = split("/", registry)[1]
  }]

  # Where events of a source may have happened beside here.
  elsewhere = {
    "aws.ecr"        = [for registry in local.registries : { account = [registry.account], region = [registry.region] }]
    "aws.ecs"        = [for account in sort(var.target_accounts) : { account = [account] }]
    "aws.codedeploy" = [for account in sort(var.target_accounts) : { account = [account] }]
  }

  # An event says in which account and region it happened; functions.json takes those of here alone.
  # Alternatives have to be two or more to be any:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
  patterns = {
    for function, described in local.functions : function => {
      for event in try(described.triggers.events, []) : event.name => (
        length(local.elsewhere[event.pattern.source[0]]) == 0 ? jsonencode(event.pattern) : jsonencode(merge(
          { for key, value in event.pattern : key => value if !contains(["account", "region"], key) },
          { "$or" = concat(
            [{ account = event.pattern.account, region = event.pattern.region }],
            local.elsewhere[event.pattern.source[0]],
          ) },
        ))
      )
    }
  }

  subscriptions = merge([
    for function, described in local.functions : {
      for topic in try(described.triggers.topics, []) : "${function}-${topic}" => { function = function, topic = topic }
    }
  ]...)

  streams = { for name, described in local.functions : name => described.triggers.stream if can(described.triggers.stream) }
  urls    = { for name, described in local.functions : name => described.triggers.url if can(described.triggers.url) }
}
