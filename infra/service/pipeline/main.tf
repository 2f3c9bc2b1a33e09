# What a service has once, however many stages it passes: its repository, and its pipeline.

resource "aws_ecr_repository" "this" {
  name = var.repository

  # A tag that can move is not what was approved.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == null ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn
  }
}

# A lifecycle policy knows neither what runs nor what is rolled back to: a service that has not been
# released for a year runs the oldest image of all, and ECS pulls it anew for every task. Counting or
# aging tagged images would sooner or later take it away. So by default only untagged images go;
# parts of a tagged multi-platform image are untagged and stay, as ECR keeps what an index refers to.
resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = concat(
      [
        {
          rulePriority = 1
          description  = "Expire what no tag names"
          selection = {
            tagStatus   = "untagged"
            countType   = "sinceImagePushed"
            countUnit   = "days"
            countNumber = var.untagged_days
          }
          action = { type = "expire" }
        },
      ],
      [
        for keep in var.keep_tagged == null ? [] : [var.keep_tagged] : {
          rulePriority = 2
          description  = "Expire the oldest of very many"
          selection = {
            tagStatus      = "tagged"
            tagPatternList = ["*"]
            countType      = "imageCountMoreThan"
            countNumber    = keep
          }
          action = { type = "expire" }
        }
      ],
    )
  })
}

resource "aws_ecr_repository_policy" "pull" {
  count = length(var.pull_accounts) > 0 ? 1 : 0

  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Stages"
      Effect    = "Allow"
      Principal = { AWS = [for account in sort(var.pull_accounts) : "arn:${data.aws_partition.current.partition}:iam::${account}:root"] }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

data "aws_partition" "current" {}

locals {
  stored = var.pipeline == null ? null : jsonencode(merge(var.pipeline, { repository = var.repository }))
  # At most two more than there are: Terraform counts characters, SSM bytes.
  stored_bytes = local.stored == null ? 0 : length(base64encode(local.stored)) / 4 * 3
  decided_on_slack = anytrue(concat(
    [length(try(var.pipeline.operators, [])) > 0],
    [for stage in try(var.pipeline.stages, []) : length(try(stage.approval.slack, [])) > 0],
  ))
}

resource "aws_ssm_parameter" "pipeline" {
  count = var.pipeline == null ? 0 : 1

  name        = "${var.pipelines_path}/${var.repository}/${var.pipeline.pipeline}"
  description = "Towpath: pipeline ${var.pipeline.pipeline}"
  type        = "String"
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
  tier  = local.stored_bytes > 4096 ? "Advanced" : "Standard"
  value = local.stored

  lifecycle {
    precondition {
      condition     = local.stored_bytes <= 8192
      error_message = "A pipeline has at most 8 KB as JSON, its `repository` included: that is what a parameter holds."
    }
    precondition {
      condition     = try(var.pipeline.notify.slack, null) != null || !local.decided_on_slack
      error_message = "People on Slack may decide, but are never asked there: name the channel under the pipeline's notify.slack."
    }
    precondition {
      condition     = try(var.pipeline.notify.sns, false) == true || !anytrue([for stage in var.pipeline.stages : try(stage.approval.sns, false)])
      error_message = "A reply by SNS may decide, but the request is never published: set the pipeline's notify.sns = true."
    }
    precondition {
      condition     = var.answers_slack != false || !local.decided_on_slack
      error_message = "People decide on Slack, and the deployer knows no workspace and app there: set its `slack`."
    }
  }
}
