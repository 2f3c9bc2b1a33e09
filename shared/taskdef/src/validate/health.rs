//! Rules for what a health check runs.
//!
//! [The API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html) says that
//! it must start with `CMD` or `CMD-SHELL`; to Docker `NONE` says that there is none. Docker
//! [does not run](https://github.com/moby/moby/blob/v28.0.0/daemon/health.go) any other.

use serde_json::Value;

use super::place::{Placed, containers};
use super::{Finding, Rule};
use crate::document::TaskDefinition;

const FIELD: &str = "healthCheck/command";
const EXAMPLE: &str = "[\"CMD-SHELL\", \"curl -f http://localhost/ || exit 1\"]";

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    for container in containers(definition) {
        findings.extend(check_command(&container));
    }
}

fn check_command(container: &Placed<'_>) -> Option<Finding> {
    let command = container.get(FIELD)?.as_array()?;
    // What is no text is told already.
    let command: Vec<&str> = command.iter().map(Value::as_str).collect::<Option<_>>()?;
    let is_blank = |rest: &[&str]| rest.iter().all(|part| part.trim().is_empty());
    let finding = |message| {
        container.error(
            Rule::HealthCheckCommand,
            FIELD,
            message,
            format!("write it as in {EXAMPLE}, or leave healthCheck out"),
        )
    };
    match command.as_slice() {
        [] => Some(finding("the health check runs nothing")),
        ["NONE", ..] => None,
        ["CMD" | "CMD-SHELL", rest @ ..] => {
            is_blank(rest).then(|| finding("the health check runs nothing"))
        }
        // AWS's own template of its collector has such a one, for Fargate:
        // https://aws-otel.github.io/docs/setup/ecs/cfn-for-ecs-fargate
        [program] if program.starts_with('/') && !program.contains(char::is_whitespace) => {
            Some(container.warning(
                Rule::HealthCheckCommand,
                FIELD,
                "the health check's command does not start with CMD or CMD-SHELL, so Docker does not run it",
                "put \"CMD\" before it if it runs on instances",
            ))
        }
        all if is_blank(all) => Some(finding("the health check runs nothing")),
        [_, ..] => Some(finding(
            "the health check's command does not start with CMD or CMD-SHELL",
        )),
    }
}
