//! Changes of deployments and of checks' tasks, as EventBridge delivers them from
//! [CodeDeploy](https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html)
//! and [ECS](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html).
//!
//! They come late, twice and out of order, and do not say whether a deployment is a rollback, so
//! that a report is only a hint to look at its deployment.

use serde_json::Value;

use super::ReadError;
use super::envelope::Envelope;
use crate::message::one_line;
use crate::names::{DeploymentId, Fingerprint};
use crate::release::{Reporter, Sender};

/// Longest state in bytes; the longest that is known has 40.
const MAX_STATE_LEN: usize = 64;

/// AWS says that something about a deployment, or about the one-off task of a check, has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentReport {
    /// The deployment. `None` in a service's own errors (`ECS Service Action`), which do not name
    /// one: they are about whatever is being deployed to the service. A task is named by its ARN.
    pub deployment: Option<DeploymentId>,
    /// What was reported, in the sender's words: `SUCCESS`, `SERVICE_DEPLOYMENT_FAILED`,
    /// `HOOK_AWAITING_ACTION`, `STOPPED`. Not a list that is closed.
    pub state: String,
    /// Who reported it, and from where.
    pub from: Reporter,
}

/// Reads `CodeDeploy Deployment State-change Notification`, `ECS Deployment State Change`,
/// `ECS Hook State Change`, of `ECS Service Action` the errors, and of `ECS Task State Change` what
/// ends a task.
///
/// # Errors
/// [`ReadError::Ignored`] for other events, [`ReadError::Malformed`] for what is no event.
pub fn read(event: &Value) -> Result<DeploymentReport, ReadError> {
    let envelope = Envelope::read(event)?;
    match (envelope.source, envelope.detail_type) {
        ("aws.codedeploy", "CodeDeploy Deployment State-change Notification") => {
            let deployment = envelope.detail.name("deploymentId")?;
            report(&envelope, Sender::CodeDeploy, Some(deployment), "state")
        }
        ("aws.ecs", "ECS Deployment State Change") => {
            let deployment = envelope.detail.name("deploymentId")?;
            report(&envelope, Sender::Ecs, Some(deployment), "eventName")
        }
        ("aws.ecs", "ECS Hook State Change") => {
            let deployment = envelope.detail.name("serviceDeploymentArn")?;
            let hook = Fingerprint::of(envelope.detail.text("hookId")?);
            let report = report(&envelope, Sender::Ecs, Some(deployment), "eventName")?;
            // A deployment in steps waits at each of them, and each wait is news.
            Ok(DeploymentReport {
                state: format!("{}-{}", report.state, &hook.as_str()[..8]),
                ..report
            })
        }
        ("aws.ecs", "ECS Service Action") => match envelope.detail.text("eventType")? {
            "ERROR" => report(&envelope, Sender::Ecs, None, "eventName"),
            other => Err(ReadError::ignored(format!(
                "a service reported {} ({}), which is no error",
                one_line(envelope.detail.text("eventName")?, 80),
                one_line(other, 80)
            ))),
        },
        ("aws.ecs", "ECS Task State Change") => task(&envelope),
        (_, _) => Err(envelope.unexpected_source("no change of a deployment")),
    }
}

/// The end of a task, in an event that says how the task stands each time something about it
/// changes:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>.
fn task(envelope: &Envelope<'_>) -> Result<DeploymentReport, ReadError> {
    let task = envelope.detail.name("taskArn")?;
    let report = report(envelope, Sender::Task, Some(task), "lastStatus")?;
    if report.state == "STOPPED" {
        Ok(report)
    } else {
        Err(ReadError::ignored(format!(
            "a task reported {}, and only its end matters",
            report.state
        )))
    }
}

fn report(
    envelope: &Envelope<'_>,
    sender: Sender,
    deployment: Option<DeploymentId>,
    key: &str,
) -> Result<DeploymentReport, ReadError> {
    Ok(DeploymentReport {
        deployment,
        state: state(envelope, key)?,
        from: Reporter {
            account: envelope.account.clone(),
            region: envelope.region.clone(),
            sender,
        },
    })
}

fn state(envelope: &Envelope<'_>, key: &str) -> Result<String, ReadError> {
    let state = envelope.detail.text(key)?;
    let fits = state.len() <= MAX_STATE_LEN
        && state
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        Ok(state.to_owned())
    } else {
        Err(envelope.detail.broken(key, &"not the name of a state"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::incoming::fixtures::fixture;

    #[test]
    fn codedeploy_reports_a_deployment() {
        let report = read(&fixture("codedeploy-deployment-state-change-success")).unwrap();
        assert_eq!(
            report,
            DeploymentReport {
                deployment: Some("d-123456789".parse().unwrap()),
                state: "SUCCESS".into(),
                from: Reporter {
                    account: "123456789012".parse().unwrap(),
                    region: "us-east-1".parse().unwrap(),
                    sender: Sender::CodeDeploy,
                },
            }
        );
    }

    #[test]
    fn a_state_that_nobody_knows_yet_is_reported_all_the_same() {
        let mut event = fixture("codedeploy-deployment-state-change-ready");
        event["detail"]["state"] = json!("BAKING");
        assert_eq!(read(&event).unwrap().state, "BAKING");
    }

    #[test]
    fn an_error_of_a_service_names_no_deployment() {
        let report = read(&fixture(
            "ecs-service-action-service-task-placement-failure-1",
        ))
        .unwrap();
        assert_eq!(report.deployment, None);
        assert_eq!(report.state, "SERVICE_TASK_PLACEMENT_FAILURE");
    }

    #[test]
    fn a_task_is_reported_by_its_arn_when_it_has_stopped() {
        let mut event = fixture("ecs-task-state-change");
        assert_eq!(
            read(&event).unwrap_err(),
            ReadError::ignored("a task reported RUNNING, and only its end matters")
        );
        event["detail"]["lastStatus"] = json!("STOPPED");
        let report = read(&event).unwrap();
        let task = "arn:aws:ecs:us-west-2:111122223333:task/FargateCluster/c13b4cb40f1f4fe4a2971f76ae5a47ad";
        assert_eq!(report.deployment, Some(task.parse().unwrap()));
        assert_eq!(report.state, "STOPPED");
    }
}
