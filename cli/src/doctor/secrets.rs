//! Whether the execution role may read what the task definition names: secrets, parameters and
//! environment files. Their values are never read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::Finding;
use super::simulate::{Asked, Decision, simulate};
use super::stage::StageState;
use crate::deployer::description::partition;
use crate::deployer::reads::{Reads, items, text};

/// Asks IAM for each thing that tasks are given at their start.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("secrets");
    let needed = needed(seen);
    let role = text(&seen.definition, "executionRoleArn");
    if needed.is_empty() {
        return Vec::new();
    }
    if role.is_empty() {
        return vec![check.error(
            format!(
                "{} names secrets, but no execution role that could read them",
                seen.definition_name()
            ),
            "give the task definition an executionRoleArn",
        )];
    }
    let mut findings = Vec::new();
    for (action, resource) in &needed {
        let asked = Asked {
            principal: role,
            action,
            resource,
            context: Value::Null,
        };
        findings.push(match simulate(reads, &seen.at.spot, &asked).await {
            Ok(Decision::Allowed) => match going(reads, seen, action, resource).await {
                Some(problem) => problem,
                None => check.ok(format!("{resource} may be read")),
            },
            Ok(Decision::Denied(why)) => check.error(
                format!(
                    "the execution role may not read {resource} ({why}), so no task would start"
                ),
                format!("allow {action} on it in the policy of {role}"),
            ),
            Ok(Decision::NoPrincipal) => {
                return vec![check.error(
                    format!("there is no execution role {role}, so no task would start"),
                    "create the role, or correct executionRoleArn of the task definition",
                )];
            }
            Err(error) => check.unknown(&error),
        });
    }
    findings
}

/// What is wrong with a secret that may be read: one that is to be deleted is described as before, and
/// answers nobody. <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html>
async fn going<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    action: &str,
    resource: &str,
) -> Option<Finding> {
    if !action.starts_with("secretsmanager:") {
        return None;
    }
    let check = seen.at.check("secrets");
    let operation = "secretsmanager:DescribeSecret";
    let input = serde_json::json!({ "SecretId": resource });
    let read = reads.read(&seen.at.spot, operation, input);
    match read.await {
        Ok(found) if found["DeletedDate"].is_null() => None,
        Ok(_) => Some(check.error(
            format!("{resource} is going to be deleted and cannot be read, so no task would start"),
            "restore it (aws secretsmanager restore-secret), or name another one in the task definition",
        )),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Some(check.error(
            format!("there is no secret {resource}, so no task would start"),
            "create it, or correct the task definition",
        )),
        Err(error) => Some(check.unknown(&error)),
    }
}

/// What is read at a task's start, each with the action that reads it:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html>.
fn needed(seen: &StageState<'_>) -> BTreeSet<(&'static str, String)> {
    let mut needed = BTreeSet::new();
    for container in seen.containers() {
        let secrets = items(container, "secrets").iter();
        let of_logs = items(&container["logConfiguration"], "secretOptions").iter();
        for secret in secrets.chain(of_logs) {
            needed.insert(secret_of(seen, text(secret, "valueFrom")));
        }
        let login = text(&container["repositoryCredentials"], "credentialsParameter");
        if !login.is_empty() {
            needed.insert(secret_of(seen, login));
        }
        for file in items(container, "environmentFiles") {
            needed.insert(("s3:GetObject", text(file, "value").to_owned()));
        }
    }
    needed
}

fn secret_of(seen: &StageState<'_>, value_from: &str) -> (&'static str, String) {
    if value_from.contains(":secretsmanager:") {
        // Behind the name there may be a JSON key, a stage and a version.
        let name: Vec<_> = value_from.split(':').take(7).collect();
        return ("secretsmanager:GetSecretValue", name.join(":"));
    }
    if value_from.starts_with("arn:") {
        return ("ssm:GetParameters", value_from.to_owned());
    }
    let id = &seen.at.place.service;
    let arn = format!(
        "arn:{}:ssm:{}:{}:parameter/{}",
        partition(&id.region),
        id.region,
        id.account,
        value_from.trim_start_matches('/')
    );
    ("ssm:GetParameters", arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;
    use serde_json::json;

    #[test]
    fn everything_that_is_read_at_a_tasks_start_is_found() {
        let mut seen = stage_state();
        seen.definition["containerDefinitions"][0]["secrets"] = json!([
            { "name": "A", "valueFrom": "shop/a" },
            { "name": "B", "valueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:b-x1:key::" },
        ]);
        seen.definition["containerDefinitions"][0]["environmentFiles"] =
            json!([{ "type": "s3", "value": "arn:aws:s3:::shop/app.env" }]);
        let found: Vec<_> = needed(&seen).into_iter().collect();
        let one = |action, resource: &str| (action, resource.to_owned());
        assert_eq!(
            found,
            [
                one("s3:GetObject", "arn:aws:s3:::shop/app.env"),
                one(
                    "secretsmanager:GetSecretValue",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:b-x1"
                ),
                one(
                    "ssm:GetParameters",
                    "arn:aws:ssm:eu-west-1:111111111111:parameter/shop/a"
                ),
            ]
        );
    }

    #[tokio::test]
    async fn a_secret_that_is_going_to_be_deleted_answers_nobody() {
        let mut seen = stage_state();
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:b-x1";
        seen.definition["containerDefinitions"][0]["secrets"] =
            json!([{ "name": "B", "valueFrom": arn }]);
        let allowed = Replies::default().say(
            "iam:SimulatePrincipalPolicy",
            json!({ "EvaluationResults": [{ "EvalDecision": "allowed" }] }),
        );
        let said = |answer: Value| allowed.clone().say("secretsmanager:DescribeSecret", answer);
        let fine = check(&said(json!({ "Name": "b" })), &seen).await;
        assert_eq!(report(&fine), [format!("ok: {arn} may be read")]);
        let going = check(&said(json!({ "DeletedDate": 1_700_000_000 })), &seen).await;
        assert_eq!(
            report(&going),
            [format!(
                "error: {arn} is going to be deleted and cannot be read, so no task would start"
            )]
        );
        let gone = allowed.refuse("secretsmanager:DescribeSecret", "ResourceNotFoundException");
        let told = report(&check(&gone, &seen).await);
        assert!(told[0].starts_with("error: there is no secret"), "{told:?}");
    }

    #[tokio::test]
    async fn the_execution_role_has_to_be_there_and_to_be_allowed() {
        let mut seen = stage_state();
        let denied = Replies::default().say(
            "iam:SimulatePrincipalPolicy",
            json!({ "EvaluationResults": [{ "EvalDecision": "implicitDeny" }] }),
        );
        assert_eq!(
            report(&check(&denied, &seen).await),
            [
                "error: the execution role may not read arn:aws:ssm:eu-west-1:111111111111:parameter/database-url (implicitDeny), so no task would start"
            ]
        );
        let gone = Replies::default().refuse("iam:SimulatePrincipalPolicy", "NoSuchEntity");
        assert_eq!(
            report(&check(&gone, &seen).await),
            [
                "error: there is no execution role arn:aws:iam::111111111111:role/execution, so no task would start"
            ]
        );
        seen.definition["executionRoleArn"] = Value::Null;
        assert_eq!(
            report(&check(&gone, &seen).await),
            ["error: api:7 names secrets, but no execution role that could read them"]
        );
    }
}
