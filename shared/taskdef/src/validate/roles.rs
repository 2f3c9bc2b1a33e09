//! Rules for what cannot be had without an execution role: what ECS reads or pulls for the task.

use super::place::{Placed, containers, is_set};
use super::task::is_fargate;
use super::{Finding, Rule, Rules};
use crate::document::TaskDefinition;
use crate::image::ImageRef;

/// What needs the role wherever the task runs, each with how the documentation or ECS says so.
const EVERYWHERE: [(&str, &str); 4] = [
    // https://github.com/hashicorp/terraform-provider-aws/issues/6503
    ("secrets", "secrets, which ECS reads"),
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    (
        "logConfiguration/secretOptions",
        "secrets of its log driver, which ECS reads",
    ),
    // https://github.com/sil-org/ecs-deploy/issues/188
    (
        "repositoryCredentials",
        "credentials of its registry, which ECS reads",
    ),
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
    ("environmentFiles", "files of variables, which ECS reads"),
];

const REMEDY: &str = "set executionRoleArn to a role that may";

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    // An empty one is told already.
    if definition.execution_role().is_some() {
        return;
    }
    let is_fargate = is_fargate(definition, rules);
    for container in containers(definition) {
        for (field, what) in EVERYWHERE {
            if container.get(field).is_some_and(is_set) {
                findings.push(container.error(
                    Rule::ExecutionRole,
                    field,
                    format!("it has {what} with the task's execution role, but there is none"),
                    format!("{REMEDY} read them"),
                ));
            }
        }
        if is_fargate {
            findings.extend(check_logs(&container));
            findings.extend(check_image(&container));
        }
    }
}

/// <https://github.com/virtual-kubelet/virtual-kubelet/issues/193>
fn check_logs(container: &Placed<'_>) -> Option<Finding> {
    (container.text("logConfiguration/logDriver") == Some("awslogs")).then(|| {
        container.error(
            Rule::ExecutionRole,
            "logConfiguration",
            "on Fargate the log driver awslogs writes with the task's execution role, but there is none",
            format!("{REMEDY} write to the log group, as AmazonECSTaskExecutionRolePolicy allows"),
        )
    })
}

/// ECS [refused](https://github.com/nathanpeck/aws-cloudformation-fargate/issues/1) it when this was
/// seen last; that it still does is not documented, so it is a warning.
fn check_image(container: &Placed<'_>) -> Option<Finding> {
    let image: ImageRef = container.text("image")?.parse().ok()?;
    image.registry().as_ecr()?;
    Some(container.warning(
        Rule::ImageExecutionRole,
        "image",
        "on Fargate an image of ECR is pulled with the task's execution role, but there is none",
        format!("{REMEDY} pull it, as AmazonECSTaskExecutionRolePolicy allows"),
    ))
}
