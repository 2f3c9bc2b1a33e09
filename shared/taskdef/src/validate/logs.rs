//! Rules for log drivers and their options.
//!
//! From [the API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html).

use serde_json::Value;

use super::fields::is_spelling;
use super::place::{Placed, containers, quoted};
use super::task::{is_fargate, requires};
use super::{Finding, Rule, Rules};
use crate::document::TaskDefinition;

const ON_FARGATE: &[&str] = &["awslogs", "splunk", "awsfirelens"];
const ON_MANAGED_INSTANCES: &[&str] = &["awslogs", "splunk", "awsfirelens", "json-file"];

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    let containers = containers(definition);
    let is_fargate = is_fargate(definition, rules);
    for container in &containers {
        let Some(driver) = container.text("logConfiguration/logDriver") else {
            continue;
        };
        if is_fargate {
            findings.extend(check_driver(container, driver, ON_FARGATE, "Fargate"));
        } else if requires(definition, "MANAGED_INSTANCES") {
            let offered = ON_MANAGED_INSTANCES;
            findings.extend(check_driver(
                container,
                driver,
                offered,
                "managed instances",
            ));
        }
        match driver {
            "awslogs" => check_awslogs(container, is_fargate, findings),
            "splunk" => check_splunk(container, findings),
            _ => {}
        }
    }
    check_firelens(&containers, is_fargate, findings);
}

fn check_driver(
    container: &Placed<'_>,
    driver: &str,
    offered: &[&str],
    on: &str,
) -> Option<Finding> {
    // One that is none of ECS's is told already.
    let is_known = ["json-file", "syslog", "journald", "gelf", "fluentd"].contains(&driver);
    (is_known && !offered.contains(&driver)).then(|| {
        container.error(
            Rule::LogDriver,
            "logConfiguration/logDriver",
            format!("log driver {driver:?} is not supported on {on}"),
            format!("use {}", offered.join(" or ")),
        )
    })
}

/// What the driver needs ([group and region](https://github.com/klothoplatform/klotho/issues/892),
/// [prefix](https://github.com/aws/aws-cdk/issues/1422)), and what it may be told to create
/// ([group](https://github.com/terraform-linters/tflint-ruleset-aws/issues/348)).
fn check_awslogs(container: &Placed<'_>, is_fargate: bool, findings: &mut Vec<Finding>) {
    for (option, is_needed, help) in [
        ("awslogs-group", true, "set it to the log group's name"),
        ("awslogs-region", true, "set it to the log group's region"),
        (
            "awslogs-stream-prefix",
            is_fargate,
            "set it to what the log streams' names are to start with, such as \"ecs\"",
        ),
    ] {
        if is_needed && !has_option(container, option) {
            let on = if option == "awslogs-stream-prefix" {
                " on Fargate"
            } else {
                ""
            };
            findings.push(container.error(
                Rule::LogOption,
                "logConfiguration/options",
                format!("log driver awslogs needs the option {option:?}{on}"),
                help,
            ));
        }
    }
    let create = "logConfiguration/options/awslogs-create-group";
    if let Some(value) = container.text(create)
        && !value.eq_ignore_ascii_case("true")
    {
        findings.push(container.error(
            Rule::LogOption,
            create,
            format!(
                "option \"awslogs-create-group\" is {}, of which ECS takes \"true\" only",
                quoted(value)
            ),
            "leave it out if the group is not to be created",
        ));
    }
}

fn check_splunk(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    let is_secret = |option: &str| {
        let secrets = container.list("logConfiguration/secretOptions");
        secrets
            .iter()
            .any(|secret| secret.get("name").and_then(Value::as_str) == Some(option))
    };
    for option in ["splunk-token", "splunk-url"] {
        if !has_option(container, option) && !is_secret(option) {
            findings.push(container.error(
                Rule::LogOption,
                "logConfiguration/options",
                format!("log driver splunk needs the option {option:?}"),
                "set it in options or secretOptions",
            ));
        }
    }
}

/// Whether an option is there and not empty. Another kind or spelling of it is told already, or is
/// ECS's to tell.
fn has_option(container: &Placed<'_>, option: &str) -> bool {
    let options = match container.get("logConfiguration/options") {
        Some(Value::Object(options)) => options,
        Some(_) => return true,
        None => {
            let log = container.get("logConfiguration").and_then(Value::as_object);
            return log.is_some_and(|log| log.keys().any(|name| is_spelling(name, "options")));
        }
    };
    match options.get(option) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
        None => false,
    }
}

/// FireLens is a driver and a container that routes, and each needs the other
/// ([driver](https://github.com/fabfuel/ecs-deploy/issues/164),
/// [router](https://github.com/aws/amazon-cloudwatch-logs-for-fluent-bit/issues/20)).
fn check_firelens(containers: &[Placed<'_>], is_fargate: bool, findings: &mut Vec<Finding>) {
    let router = containers
        .iter()
        .find(|container| container.get("firelensConfiguration").is_some());
    let sender = containers
        .iter()
        .find(|container| container.text("logConfiguration/logDriver") == Some("awsfirelens"));
    match (router, sender) {
        (None, Some(sender)) => findings.push(sender.error(
            Rule::FirelensMissing,
            "logConfiguration/logDriver",
            "it logs through awsfirelens, but no container has a firelensConfiguration",
            "add the log router's container, or use another log driver",
        )),
        (Some(router), None) => findings.push(router.error(
            Rule::FirelensMissing,
            "firelensConfiguration",
            "it routes logs, but no container has the log driver awsfirelens",
            "set the log driver of a container to awsfirelens, or remove firelensConfiguration",
        )),
        (Some(_), Some(_)) | (None, None) => {}
    }
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html
    let kind = "firelensConfiguration/options/config-file-type";
    for container in containers {
        if is_fargate && container.text(kind) == Some("s3") {
            findings.push(container.error(
                Rule::LogOption,
                kind,
                "on Fargate a log router takes its configuration from a file of its image only",
                "put the configuration into the image and set config-file-type to \"file\"",
            ));
        }
    }
}
