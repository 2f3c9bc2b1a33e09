variable "deployer" {
  description = "The deployer in the tools account: its output `target`."
  type = object({
    prefix           = string
    account          = string
    region           = string
    advance_role_arn = string
    table_arn        = string
    kms_key_arn      = optional(string)
  })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.deployer.account))
    error_message = "An account's id has 12 digits, in quotes: a number loses its leading zeros, so that 012345678901 has to be \"012345678901\"."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.deployer.prefix))
    error_message = "The deployer's prefix is 1 to 24 characters of a-z, 0-9 and -, beginning with a letter: the names of roles, which begin with it, have 64 at most."
  }

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", var.deployer.advance_role_arn))
    error_message = "The role that may assume this account's is named exactly."
  }
}

variable "external_id" {
  description = "What a stage names as `external_id`, so that nobody can make the deployer act here for them: 16 or more characters that are not guessed."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@:/_-]{16,256}$", var.external_id))
    error_message = "An external id has 16 to 256 letters, digits and + = , . @ : / _ -."
  }
}

variable "role_arn" {
  description = "Where this module is applied to another region of the account already: the role that it has made there, its output `role.arn`, which stages of this region name as well. IAM's roles have no region: those that this region needs beside it then have the region in their names."
  type        = string
  default     = null

  validation {
    condition     = var.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/${var.deployer.prefix}-target$", var.role_arn))
    error_message = "Give the output `role.arn` of this module in the other region."
  }
}

variable "packages" {
  description = "Folder with `lifecycle-hook.zip`, as `make package` writes it."
  type        = string
}

variable "architecture" {
  description = "Instruction set that the package is built for: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is \"arm64\" or \"x86_64\"."
  }
}

variable "task_role_arns" {
  description = "Task and execution roles of this account that the deployer may pass to ECS: outputs `task_role_arns` of the service modules."
  type        = list(string)

  validation {
    condition     = length(var.task_role_arns) > 0 && alltrue([for arn in var.task_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "Give ARNs of IAM roles."
  }
}

variable "forward" {
  description = "Functions of the deployer whose events come from this account: `deployment-event`, and `image-push` where this account has a registry that the deployer is told of (its `registries`)."
  type        = set(string)
  default     = ["deployment-event"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.forward, ["deployment-event", "image-push"])) == 0
    error_message = "Events of \"deployment-event\" and \"image-push\" can be forwarded."
  }
}

variable "hook_network" {
  description = "Subnets and security groups for the hook function, where test listeners are reachable from within the VPC only."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "environment" {
  description = "More environment variables of the hook function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
}

variable "alarm_actions" {
  description = "ARNs that alarms notify."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "A key of your own for queue, logs and environment variables. By default AWS's keys."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role made here."
  type        = string
  default     = null
}
