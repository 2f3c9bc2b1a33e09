locals {
  # Roles have no region, clusters do: the names of roles end in it. IAM takes names of 64 characters, and
  # a cluster's alone may have 255. One that is too long keeps its beginning, and a fingerprint tells it
  # apart from others that begin so.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  role_names = { for kind in ["execution", "codedeploy", "infrastructure", "hooks"] : kind => (
    length("${var.cluster}-${var.name}-${kind}-${local.region}") <= 64
    ? "${var.cluster}-${var.name}-${kind}-${local.region}"
    : "${substr(var.cluster, 0, 54 - length("${var.name}${kind}${local.region}"))}-${substr(sha256(var.cluster), 0, 6)}-${var.name}-${kind}-${local.region}"
  ) }

  # Families and security groups take 255 characters, of which a group's may not begin with "sg-".
  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
  long_names = { for kind, affixes in {
    family        = ["", ""]
    load-balancer = ["ecs-", "-load-balancer"]
    tasks         = ["ecs-", "-tasks"]
    } : kind => (
    length("${affixes[0]}${var.cluster}-${var.name}${affixes[1]}") <= 255
    ? "${affixes[0]}${var.cluster}-${var.name}${affixes[1]}"
    : "${affixes[0]}${substr(var.cluster, 0, 247 - length("${join("", affixes)}${var.name}"))}-${substr(sha256(var.cluster), 0, 6)}-${var.name}${affixes[1]}"
  ) }
}

resource "aws_iam_role" "execution" {
  name                 = local.role_names["execution"]
  description          = "Starts the tasks of ${var.name} in ${var.cluster}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "own"
  role = aws_iam_role.execution.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Registry"
          Effect   = "Allow"
          Action   = ["ecr:GetAuthorizationToken"]
          Resource = ["*"]
        },
        {
          Sid      = "Images"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = var.repository_arns
        },
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
        },
      ],
      length(var.secret_arns) == 0 ? [] : [
        {
          Sid      = "Secrets"
          Effect   = "Allow"
          Action   = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
          Resource = var.secret_arns
        },
      ],
    )
  })
}

# What CodeDeploy does in a deployment. AWS's managed policy AWSCodeDeployRoleForECS would let it call
# functions named CodeDeployHook_* only, and pass any role.
resource "aws_iam_role" "codedeploy" {
  count = local.codedeploy ? 1 : 0

  name                 = local.role_names["codedeploy"]
  description          = "Deploys ${var.name} in ${var.cluster}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "codedeploy" {
  count = local.codedeploy ? 1 : 0

  name = "own"
  role = aws_iam_role.codedeploy[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "TaskSets"
        Effect = "Allow"
        Action = ["ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"]
        Resource = [
          "arn:${local.partition}:ecs:${local.region}:${local.account}:service/${var.cluster}/${var.name}",
          "arn:${local.partition}:ecs:${local.region}:${local.account}:task-set/${var.cluster}/${var.name}/*",
        ]
      },
      # Descriptions know no narrower resource.
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms",
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeTargetGroups",
        ]
        Resource = ["*"]
      },
      {
        Sid    = "Traffic"
        Effect = "Allow"
        Action = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]
        Resource = concat(
          [aws_lb_listener.production.arn],
          aws_lb_listener.test[*].arn,
          [for arn in concat([aws_lb_listener.production.arn], aws_lb_listener.test[*].arn) : "${replace(arn, ":listener/", ":listener-rule/")}/*"],
        )
      },
      {
        Sid      = "Checks"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [local.hook_arn]
      },
      {
        Sid       = "PassTaskRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = concat([aws_iam_role.execution.arn], var.task_role_arn == null ? [] : [var.task_role_arn])
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  })
}
