terraform {
  required_version = ">= 1.11"

  # Where the state is kept is said at `terraform init`: a folder of the run.
  backend "local" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}
