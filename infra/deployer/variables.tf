variable "packages" {
  description = "Folder with one `<function>.zip` per function, as `make package` writes it."
  type        = string

  validation {
    condition     = length(var.packages) > 0
    error_message = "Name the folder that `make package` wrote, such as \"../../target/packages\"."
  }
}

variable "architecture" {
  description = "Instruction set that the packages are built for: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is \"arm64\" or \"x86_64\"."
  }
}

variable "prefix" {
  description = "Starts the name of everything, so that two deployers fit into one account, also in different regions. By default that of `functions.json`."
  type        = string
  default     = null

  validation {
    condition     = var.prefix == null || can(regex("^[a-z][a-z0-9-]{0,23}$", var.prefix))
    error_message = "A prefix is 1 to 24 characters of a-z, 0-9 and -, beginning with a letter: the names of functions and roles, which begin with it, have 64 at most."
  }

  # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
  validation {
    condition     = var.prefix == null || !can(regex("^(aws|ssm)", var.prefix))
    error_message = "A prefix does not begin with aws or ssm: names of parameters, which begin with it, may not."
  }
}

variable "environment" {
  description = "More environment variables, by function, such as `{ lifecycle-hook = { TOWPATH_LOG = \"debug\" } }`."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : contains(keys(local.description.functions), name)])
    error_message = "The keys are names of functions, as in functions.json."
  }
}

variable "slack" {
  description = "Ids of the Slack workspace (T…) and app (A…) whose buttons are answered. Needed where a pipeline asks people on Slack: without them everything that is signed with the signing secret is answered, and `towpath doctor` refuses it."
  type = object({
    team_id = string
    app_id  = string
  })
  default = null

  validation {
    condition = var.slack == null || (
      can(regex("^T[A-Z0-9]{8,}$", var.slack.team_id)) && can(regex("^A[A-Z0-9]{8,}$", var.slack.app_id))
    )
    error_message = "A workspace's id begins with T, an app's with A: docs/install.md says where they are."
  }
}

variable "request_emails" {
  description = "Addresses that get requests for approval and outcomes by e-mail. Each has to confirm its subscription."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.request_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Give e-mail addresses."
  }
}

variable "reply_publishers" {
  description = "ARNs of the roles and users of this account that may publish decisions to the reply topic (`*` and `?` are wildcards). Nobody else may, whatever their policies say."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.reply_publishers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "Give ARNs of IAM roles or users."
  }
}

variable "target_accounts" {
  description = "Other accounts that stages live in: their role `<prefix>-target` may be assumed, their deployments' events are taken, their hook function reaches the ledger. With none, `advance` may assume no role at all."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.target_accounts : can(regex("^[0-9]{12}$", id))])
    error_message = "An account's id has 12 digits, in quotes: a number loses its leading zeros, so that 012345678901 has to be \"012345678901\"."
  }
}

variable "seal_keys_version" {
  description = "Raised by one, it gives every kind of writer a new key for its seals. The key before counts as well, and none before that. Lowering it brings no earlier key back: any other number than the last makes new keys, and so uses up one of the two that count. With `kms_key_arn`, write new keys by hand instead: see docs/operations.md."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.seal_keys_version >= 1 && floor(var.seal_keys_version) == var.seal_keys_version
    error_message = "The version is a whole number from 1 on."
  }
}

variable "registries" {
  description = "ECR registries beside that of this account and region, as \"account/region\", such as `[\"222222222222/eu-west-1\"]`: their pushes are taken and their images looked up, for pipelines that name them as `registry`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for registry in var.registries : can(regex("^[0-9]{12}/[a-z]{2,4}(-[a-z]+)+-[0-9]+$", registry))])
    error_message = "A registry is an account of 12 digits and a region, such as \"222222222222/eu-west-1\"."
  }
}

variable "bus_statements" {
  description = "More statements for the policy of the default event bus, which this module writes whole where there are `target_accounts` or `registries` of other accounts: what others have granted there goes on only if it is repeated here."
  type        = any
  default     = []
  nullable    = false
}

variable "task_role_arns" {
  description = "Task and execution roles of this account that `advance` may pass to ECS tasks: outputs `task_role_arns` of the service modules. Wildcards are allowed, but not for every role: whoever may push an image would have the rights of any."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.task_role_arns) > 0 && alltrue([for arn in var.task_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "Give ARNs of IAM roles."
  }

  validation {
    condition     = alltrue([for arn in var.task_role_arns : can(regex("[^*?/]", element(split(":role/", arn), length(split(":role/", arn)) - 1)))])
    error_message = "Name the roles of tasks: with role/* an image could run with any role that ECS tasks may assume."
  }
}

variable "administrators" {
  description = "ARNs of the roles and users of this account that administer the deployer, among them the one that applies this module (`*` and `?` are wildcards; of a role, not of its sessions). Nobody else may subscribe to the topics or change who may, whatever their policies say: a request that goes out by SNS carries the tokens that decide it."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for arn in var.administrators : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:((role|user)/.+|root)$", arn))])
    error_message = "Give ARNs of IAM roles or users, or of the account's root."
  }
}

variable "hook_network" {
  description = "Subnets and security groups for `lifecycle-hook`, where test listeners are reachable from within the VPC only. The subnets need a way to DynamoDB and CodeDeploy."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "reserve_concurrency" {
  description = "Whether functions get the reserved concurrency that functions.json names, 16 in all. Lambda wants 100 left unreserved, so turn it off where the account's limit is below 116, such as the 10 of a new account."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "deletion_protection" {
  description = "Whether the ledger's table refuses to be deleted."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_actions" {
  description = "ARNs that alarms notify, usually an SNS topic that pages somebody; also told when an alarm ends."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:", arn))])
    error_message = "Give ARNs."
  }
}

variable "alarm_thresholds" {
  description = "Thresholds of alarms, by the alarm's name in functions.json, in the unit of its metric. `oldest-open-release` is in seconds, and has to be more than twice the longest `timeout` of any stage."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.alarm_thresholds), local.description.alarms[*].name)) == 0
    error_message = "The keys are names of alarms, as in functions.json."
  }
}

variable "kms_key_arn" {
  description = "A key of your own for the table, queues, topics, secrets, logs and environment variables. Its policy has to admit the services listed in the README. By default AWS's keys: DynamoDB's own for the table, since one of the account would keep `target_accounts` from it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "Give the ARN of a KMS key (not of an alias)."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role made here."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "Give the ARN of an IAM policy."
  }
}
