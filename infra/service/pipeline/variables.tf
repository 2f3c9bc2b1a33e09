variable "repository" {
  description = "Name of the ECR repository, such as `shop/api`."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.repository))
    error_message = "A repository's name is made of a-z, 0-9 and single . _ - / in between."
  }
}

variable "pipeline" {
  description = "The pipeline, as docs/pipelines.md describes it; its `repository` is filled in. Null where `towpath apply` keeps it instead."
  type        = any
  default     = null

  validation {
    condition     = var.pipeline == null || (can(regex("^[a-z][a-z0-9-]{0,39}$", var.pipeline.pipeline)) && can(length(var.pipeline.stages) > 0))
    error_message = "A pipeline has a name (key `pipeline`) and stages."
  }

  validation {
    condition     = alltrue([for stage in try(var.pipeline.stages, []) : can(regex("^(null|\"[0-9]{12}\")$", jsonencode(try(stage.account, null))))])
    error_message = "The `account` of a stage has 12 digits, in quotes: a number loses its leading zeros, so that 012345678901 has to be \"012345678901\"."
  }
}

variable "answers_slack" {
  description = "The deployer's output `answers_slack`: a pipeline that asks people on Slack is refused where it is false. Null where it is not known."
  type        = bool
  default     = null
}

variable "pipelines_path" {
  description = "SSM path below which the deployer reads pipelines: its output `pipelines_path`."
  type        = string
  default     = "/towpath/pipelines"

  validation {
    condition     = can(regex("^(/[A-Za-z0-9._-]+)+$", var.pipelines_path))
    error_message = "A path begins with / and does not end with it."
  }
}

variable "untagged_days" {
  description = "Days after which untagged images expire."
  type        = number
  default     = 14

  validation {
    condition     = var.untagged_days >= 1
    error_message = "At least a day."
  }
}

variable "keep_tagged" {
  description = "Number of tagged images above which the oldest expire. By default none ever does: see the module's README before setting it."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.keep_tagged, 500) >= 500
    error_message = "Fewer than 500 would sooner or later expire an image that runs."
  }
}

variable "pull_accounts" {
  description = "Other accounts whose tasks pull from the repository."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.pull_accounts : can(regex("^[0-9]{12}$", id))])
    error_message = "An account's id has 12 digits, in quotes: a number loses its leading zeros, so that 012345678901 has to be \"012345678901\"."
  }
}

variable "kms_key_arn" {
  description = "A key of your own for the images. By default AWS's. Cannot be changed later."
  type        = string
  default     = null
}
