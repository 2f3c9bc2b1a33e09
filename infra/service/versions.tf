terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # A service that ECS itself shifts needs 6.4, and is in a root module of its own: see the README.
      version = ">= 5.100, < 6.0"
    }
  }
}
