variable "region" {
  description = "Where everything is."
  type        = string
  default     = "eu-central-1"
}

variable "packages" {
  description = "Folder that `make package` wrote."
  type        = string
  default     = "../../target/packages"
}

variable "architecture" {
  description = "Instruction set of the packages and of the tasks: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"
}

variable "slack" {
  description = "Slack's workspace (T…), app (A…), channel (C…), and the people who approve (U…). Without it requests go out by e-mail and are answered through the reply topic."
  type = object({
    team_id   = string
    app_id    = string
    channel   = string
    approvers = list(string)
  })
  default = null
}

variable "emails" {
  description = "Addresses that get requests and outcomes, where there is no Slack."
  type        = set(string)
  default     = []
}

variable "reply_publishers" {
  description = "Roles and users that may publish decisions to the reply topic, where there is no Slack."
  type        = list(string)
  default     = []
}

variable "administrators" {
  description = "Roles and users that may subscribe to the deployer's topics. By default whoever applies this: name them where several people do."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Whether the ledger and the load balancers refuse to be deleted. Turn it off to try things out."
  type        = bool
  default     = true
}

variable "vpc_cidr" {
  description = "Addresses of the example's VPC, a /16."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 0)) && endswith(var.vpc_cidr, "/16")
    error_message = "A /16 such as 10.40.0.0/16."
  }
}
