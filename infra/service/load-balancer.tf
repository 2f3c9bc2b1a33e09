# A load balancer with a production listener and, for blue/green, a test listener and two target
# groups that change places with every deployment.

locals {
  protocol        = var.certificate_arn == null ? "HTTP" : "HTTPS"
  production_port = coalesce(var.production_port, var.certificate_arn == null ? 80 : 443)
}

resource "aws_lb" "this" {
  # A load balancer's name may not begin so:
  # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
  name = (
    startswith(var.name, "internal-")
    ? "int-${trimprefix(var.name, "internal-")}-${substr(sha256("${var.cluster}/${var.name}"), 0, 6)}"
    : "${var.name}-${substr(sha256(var.cluster), 0, 6)}"
  )
  internal                   = var.internal
  load_balancer_type         = "application"
  subnets                    = var.load_balancer_subnet_ids
  security_groups            = [aws_security_group.load_balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = var.access_logs_bucket == null ? [] : [var.access_logs_bucket]
    content {
      bucket  = access_logs.value
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = toset(local.blue_green ? ["blue", "green"] : ["blue"])

  name                 = "${var.name}-${substr(sha256(var.cluster), 0, 6)}-${substr(each.key, 0, 1)}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.container.port
  deregistration_delay = 30

  health_check {
    path                = var.health_check_path
    matcher             = "200-399"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "production" {
  load_balancer_arn = aws_lb.this.arn
  port              = local.production_port
  protocol          = local.protocol
  certificate_arn   = var.certificate_arn
  ssl_policy        = var.certificate_arn == null ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["blue"].arn
  }

  lifecycle {
    # CodeDeploy moves the listener from one target group to the other.
    ignore_changes = [default_action]
  }
}

resource "aws_lb_listener" "test" {
  count = local.blue_green ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = var.test_port
  protocol          = local.protocol
  certificate_arn   = var.certificate_arn
  ssl_policy        = var.certificate_arn == null ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["blue"].arn
  }

  lifecycle {
    ignore_changes = [default_action]
  }
}

resource "aws_security_group" "load_balancer" {
  name        = local.long_names["load-balancer"]
  description = "Load balancer of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "production" {
  for_each = toset(var.production_cidrs)

  security_group_id = aws_security_group.load_balancer.id
  description       = "Production"
  ip_protocol       = "tcp"
  from_port         = local.production_port
  to_port           = local.production_port
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_ingress_rule" "test" {
  for_each = toset(local.blue_green ? var.test_cidrs : [])

  security_group_id = aws_security_group.load_balancer.id
  description       = "Checks of green"
  ip_protocol       = "tcp"
  from_port         = var.test_port
  to_port           = var.test_port
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Tasks"
  ip_protocol                  = "tcp"
  from_port                    = var.container.port
  to_port                      = var.container.port
  referenced_security_group_id = aws_security_group.tasks.id
}

resource "aws_security_group" "tasks" {
  name        = local.long_names["tasks"]
  description = "Tasks of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "Load balancer"
  ip_protocol                  = "tcp"
  from_port                    = var.container.port
  to_port                      = var.container.port
  referenced_security_group_id = aws_security_group.load_balancer.id
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  security_group_id = aws_security_group.tasks.id
  description       = "Images, AWS, and what the service itself calls"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
