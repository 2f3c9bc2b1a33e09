//! Rules of EventBridge: there, enabled, and with the right function as their target.

use serde_json::{Value, json};
use towpath_taskdef::json;

use super::finding::{Check, Finding};
use super::places::Pattern;
use crate::deployer::description::{Rule, Takes};
use crate::deployer::reads::{Reads, Spot, items, text};

/// Looks at one rule.
pub(crate) async fn check<R: Reads>(reads: &R, rule: &Rule) -> Vec<Finding> {
    let check = Check {
        name: "rule",
        about: &rule.name,
    };
    let input = json!({ "Name": rule.name });
    let read = reads.read(&Spot::Home, "events:DescribeRule", input);
    let found = match read.await {
        Ok(found) => found,
        Err(error) if error.code() == Some("ResourceNotFoundException") => {
            return vec![check.error(
                "the rule is not there, so its events reach nobody",
                "apply the deployer's Terraform module again; --prefix and --region name where it is",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    if text(&found, "State") == "DISABLED" {
        return vec![check.error(
            "the rule is disabled, so its events reach nobody",
            format!("aws events enable-rule --name {}", rule.name),
        )];
    }
    let input = json!({ "Rule": rule.name });
    let read = reads.read(&Spot::Home, "events:ListTargetsByRule", input);
    let targets = match read.await {
        Ok(targets) => targets,
        Err(error) => return vec![check.unknown(&error)],
    };
    let is_right = |target: &Value| {
        let arn = text(target, "Arn");
        arn == rule.target || arn.starts_with(&format!("{}:", rule.target))
    };
    if !items(&targets, "Targets").iter().any(is_right) {
        return vec![check.error(
            format!("the rule does not call {}", rule.target),
            "apply the deployer's Terraform module again",
        )];
    }
    vec![match differs(rule, &found) {
        Some(difference) => check.warning(
            difference,
            "apply the Terraform module of this command's version, or use the command of the \
             deployer's version",
        ),
        None => check.ok("enabled, and calls its function"),
    }]
}

/// How the rule differs from the description, which another version's may.
fn differs(rule: &Rule, found: &Value) -> Option<String> {
    match &rule.takes {
        Takes::Pattern(pattern) => {
            let installed = json::parse(text(found, "EventPattern").as_bytes());
            let described = Pattern::of(pattern);
            let same = installed.is_ok_and(|found| Pattern::of(&found).is_described(&described));
            (!same).then(|| "the rule takes other events than this version describes".to_owned())
        }
        Takes::Schedule(expression) => {
            let installed = text(found, "ScheduleExpression");
            (installed != expression).then(|| {
                format!("the rule runs at `{installed}`, this version describes `{expression}`")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;

    const TARGET: &str = "arn:aws:lambda:eu-west-1:111111111111:function:towpath-sweeper";

    fn rule() -> Rule {
        Rule {
            name: "towpath-sweeper-releases".into(),
            target: TARGET.into(),
            takes: Takes::Schedule("rate(1 minute)".into()),
        }
    }

    fn installed(state: &str, schedule: &str, target: &str) -> Replies {
        let rule = json!({ "State": state, "ScheduleExpression": schedule });
        let targets = json!({ "Targets": [{ "Id": "1", "Arn": target }] });
        Replies::default()
            .say("events:DescribeRule", rule)
            .say("events:ListTargetsByRule", targets)
    }

    #[tokio::test]
    async fn a_rule_has_to_be_there_enabled_and_aimed_right() {
        for (answers, expected) in [
            (
                installed("ENABLED", "rate(1 minute)", TARGET),
                "ok: enabled, and calls its function",
            ),
            (
                installed("DISABLED", "rate(1 minute)", TARGET),
                "error: the rule is disabled, so its events reach nobody",
            ),
            (
                installed(
                    "ENABLED",
                    "rate(1 minute)",
                    "arn:aws:lambda:x:1:function:other",
                ),
                "error: the rule does not call arn:aws:lambda:eu-west-1:111111111111:function:towpath-sweeper",
            ),
            (
                installed("ENABLED", "rate(9 minutes)", TARGET),
                "warning: the rule runs at `rate(9 minutes)`, this version describes `rate(1 minute)`",
            ),
            (
                Replies::default().refuse("events:DescribeRule", "ResourceNotFoundException"),
                "error: the rule is not there, so its events reach nobody",
            ),
            (
                Replies::default().refuse("events:DescribeRule", "AccessDeniedException"),
                "unknown: events:DescribeRule: AccessDeniedException: refused",
            ),
        ] {
            assert_eq!(report(&check(&answers, &rule()).await), [expected]);
        }
    }

    #[tokio::test]
    async fn a_pattern_is_compared_as_json() {
        let pattern = json!({ "source": ["aws.ecr"], "detail": { "result": ["SUCCESS"] } });
        let rule = Rule {
            takes: Takes::Pattern(pattern),
            ..rule()
        };
        let text = r#"{"detail":{"result":["SUCCESS"]}, "source":["aws.ecr"]}"#;
        let answers = installed("ENABLED", "", TARGET).first(
            "events:DescribeRule",
            json!({"State": "ENABLED", "EventPattern": text}),
        );
        let found = check(&answers, &rule).await;
        assert_eq!(report(&found), ["ok: enabled, and calls its function"]);
    }
}
