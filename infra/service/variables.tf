variable "name" {
  description = "Name of the ECS service, and of what is made for it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}$", var.name))
    error_message = "A name is 1 to 23 characters of a-z, 0-9 and -, beginning with a letter (target groups allow no more)."
  }
}

variable "cluster" {
  description = "Name of the ECS cluster."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.cluster))
    error_message = "Give the cluster's name, not its ARN: 1 to 255 letters, digits, - and _."
  }
}

variable "engine" {
  description = "How the service is rolled out: `rolling` (ECS replaces tasks), `codedeploy` (blue/green by CodeDeploy) or `ecs` (blue/green by ECS itself: everything but the service, see the README). CodeDeploy's cannot be changed later: ECS fixes it when the service is created."
  type        = string
  default     = "codedeploy"

  validation {
    condition     = contains(["rolling", "codedeploy", "ecs"], var.engine)
    error_message = "The engine is \"rolling\", \"codedeploy\" or \"ecs\"."
  }
}

variable "container_definitions" {
  description = "Container definitions of the first revision, as JSON (`jsonencode`). Later revisions are made by Towpath from the latest one, so edits made here take effect with the next release of a stage with `base: family`."
  type        = string

  validation {
    condition     = can(jsondecode(var.container_definitions)[0].image)
    error_message = "Give a JSON list of container definitions."
  }
}

variable "container" {
  description = "The container and port that the load balancer sends requests to."
  type = object({
    name = string
    port = number
  })
}

variable "cpu" {
  description = "CPU units of a task (1024 are one vCPU)."
  type        = number
  default     = 256
}

variable "memory" {
  description = "Memory of a task, in MiB."
  type        = number
  default     = 512
}

variable "architecture" {
  description = "Instruction set of the tasks: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is \"arm64\" or \"x86_64\"."
  }
}

variable "task_role_arn" {
  description = "Role that the containers have."
  type        = string
  default     = null
}

variable "repository_arns" {
  description = "ECR repositories that the tasks pull from."
  type        = list(string)

  validation {
    condition     = length(var.repository_arns) > 0 && alltrue([for arn in var.repository_arns : can(regex("^arn:aws[a-z-]*:ecr:", arn))])
    error_message = "Give ARNs of ECR repositories."
  }
}

variable "secret_arns" {
  description = "SSM parameters and Secrets Manager secrets that containers name in `secrets`."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "task_subnet_ids" {
  description = "Subnets of the tasks, in two zones or more."
  type        = list(string)
}

variable "load_balancer_subnet_ids" {
  description = "Subnets of the load balancer, in two zones or more."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Whether tasks get public addresses; needed to pull images in a subnet with neither NAT nor VPC endpoints."
  type        = bool
  default     = false
}

variable "internal" {
  description = "Whether the load balancer is reachable from within the VPC only."
  type        = bool
  default     = true
}

variable "certificate_arn" {
  description = "Certificate of both listeners, which then speak HTTPS. Without it they speak HTTP."
  type        = string
  default     = null
}

variable "production_port" {
  description = "Port of the production listener; by default 443 with a certificate and 80 without."
  type        = number
  default     = null
}

variable "test_port" {
  description = "Port of the test listener, at which green is checked before it gets traffic."
  type        = number
  default     = 9000
}

variable "production_cidrs" {
  description = "Addresses that may reach the production listener."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "test_cidrs" {
  description = "Addresses that may reach the test listener: those the `lifecycle-hook` function calls from."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "health_check_path" {
  description = "Path that the load balancer asks tasks for; 200 to 399 are healthy."
  type        = string
  default     = "/health"

  validation {
    condition     = startswith(var.health_check_path, "/")
    error_message = "A path begins with /."
  }
}

variable "health_check_grace_seconds" {
  description = "Seconds for which a starting task may be unhealthy."
  type        = number
  default     = 30
}

variable "access_logs_bucket" {
  description = "S3 bucket of the load balancer's access logs, which has to admit them. Without it there are none."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  default     = true
}

variable "capacity" {
  description = "Number of tasks: the least, the most, and the average CPU usage in percent that auto scaling aims at."
  type = object({
    minimum     = optional(number, 2)
    maximum     = optional(number, 6)
    cpu_percent = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.capacity.minimum >= 0 && var.capacity.minimum <= var.capacity.maximum
    error_message = "The minimum is at most the maximum."
  }
}

variable "codedeploy" {
  description = "Settings of CodeDeploy: the hook function (of ECS's own blue/green deployments as well), the deployment configuration where a pipeline names none, for how long blue is kept, for how long a deployment may wait for its approval before traffic (0: it does not wait), and alarms that roll it back."
  type = object({
    hook_function_name = optional(string, "towpath-lifecycle-hook")
    configuration      = optional(string, "CodeDeployDefault.ECSAllAtOnce")
    keep_blue_minutes  = optional(number, 5)
    ready_wait_minutes = optional(number, 0)
    alarms             = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.codedeploy.keep_blue_minutes >= 0 && var.codedeploy.keep_blue_minutes <= 2880
    error_message = "Blue is kept for at most 2880 minutes."
  }

  validation {
    condition     = var.codedeploy.ready_wait_minutes >= 0 && var.codedeploy.ready_wait_minutes <= 7200
    error_message = "CodeDeploy waits for at most 7200 minutes (120 hours) with ECS."
  }
}

variable "infrastructure_policy_arn" {
  description = "Policy of the role with which ECS itself shifts traffic, with the engine `ecs`. By default AWS's `AmazonECSInfrastructureRolePolicyForLoadBalancers`."
  type        = string
  default     = null

  validation {
    condition     = var.infrastructure_policy_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.infrastructure_policy_arn))
    error_message = "Give the ARN of an IAM policy."
  }
}

variable "log_retention_days" {
  description = "Days for which the containers' logs are kept."
  type        = number
  default     = 365
}

variable "kms_key_arn" {
  description = "A key of your own for the logs. By default AWS's."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role made here."
  type        = string
  default     = null
}

variable "trust_names_source" {
  description = "Whether the roles that ECS assumes to shift traffic and to call hooks are trusted for this account's services only. AWS's documentation shows no such condition, so that it is off until somebody has seen it work: a deployment that ECS cannot shift fails."
  type        = bool
  default     = false
  nullable    = false
}
