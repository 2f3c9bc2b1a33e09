variable "prefix" {
  description = "Starts the name of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,13}$", var.prefix))
    error_message = "A prefix is 1 to 14 characters of a-z, 0-9 and -, beginning with a letter."
  }
}

variable "region" {
  description = "Where everything is."
  type        = string
}

variable "profile" {
  description = "Profile of the AWS configuration to use; by default the environment's credentials."
  type        = string
  default     = null
}

variable "packages" {
  description = "Folder that `make package` wrote."
  type        = string
}

variable "architecture" {
  description = "Instruction set of the packages and of the image: `arm64` or `x86_64`."
  type        = string
}

variable "reserve_concurrency" {
  description = "Whether the account has enough concurrency left to reserve some."
  type        = bool
}

variable "first_port" {
  description = "The first of eight ports of listeners."
  type        = number
  default     = 8080
}

variable "trust_names_source" {
  description = "Whether the roles that ECS assumes to shift traffic and to call hooks ask for the source's account and ARN."
  type        = bool
  default     = false
}

variable "infrastructure_policy_arn" {
  description = "Policy with which ECS shifts traffic; by default AWS's own."
  type        = string
  default     = null
}

variable "target" {
  description = "Another account, in which one more stage is: its id, the profile of the AWS configuration that leads there, and the external id."
  type = object({
    account     = string
    profile     = string
    external_id = string
  })
  default = null
}
