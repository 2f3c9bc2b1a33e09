terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # What is here needs nothing newer. A service that ECS itself shifts is beside this module, and
      # needs 6.4: see the README.
      version = ">= 5.100"
    }
  }
}
