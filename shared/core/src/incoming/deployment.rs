//! Changes of deployments and of checks' tasks, as EventBridge delivers them from
//! [CodeDeploy](https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html)
//! and [ECS](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html).
//!
//! They come late, twice and out of order, and do not say whether a deployment is a rollback, so
//! that a report is only a hint to look at its deployment.

use serde_json::Value;

use super::ReadError;
use super::arn::{EcsArn, EcsResource};
use super::envelope::Envelope;
use crate::message::one_line;
use crate::names::{
    AccountId, ClusterName, CodeDeployName, DeploymentId, Fingerprint, Region, ServiceName,
};

/// Longest state in bytes; the longest that is known has 40.
const LONGEST_STATE: usize = 64;

/// AWS says that something about a deployment, or about the one-off task of a check, has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentReport {
    /// The account that it happened in, which may be another than the deployer's.
    pub account: AccountId,
    /// The region that it happened in.
    pub region: Region,
    /// What is being deployed to.
    pub about: About,
    /// The deployment. `None` in a service's own errors (`ECS Service Action`), which do not name
    /// one: they are about whatever is being deployed to the service. A task is named by its ARN.
    pub deployment: Option<DeploymentId>,
    /// What was reported, in the sender's words: `SUCCESS`, `SERVICE_DEPLOYMENT_FAILED`,
    /// `HOOK_AWAITING_ACTION`, `STOPPED`. Not a list that is closed.
    pub state: String,
}

/// What a deployment is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A deployment group of CodeDeploy.
    CodeDeployGroup {
        /// The application.
        application: CodeDeployName,
        /// The group.
        group: CodeDeployName,
    },
    /// A service of ECS.
    EcsService {
        /// Its cluster, where the event tells: the old ARNs of services do not.
        cluster: Option<ClusterName>,
        /// The service.
        service: ServiceName,
    },
    /// A task of ECS that belongs to no service.
    EcsTask {
        /// Its cluster.
        cluster: ClusterName,
    },
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
            code_deploy(envelope)
        }
        ("aws.ecs", "ECS Deployment State Change") => {
            let deployment = envelope.detail.name("deploymentId")?;
            ecs(envelope, Some(deployment))
        }
        ("aws.ecs", "ECS Hook State Change") => {
            let deployment = envelope.detail.name("serviceDeploymentArn")?;
            let hook = Fingerprint::of(envelope.detail.text("hookId")?);
            let report = ecs(envelope, Some(deployment))?;
            // A deployment in steps waits at each of them, and each wait is news.
            Ok(DeploymentReport {
                state: format!("{}-{}", report.state, &hook.as_str()[..8]),
                ..report
            })
        }
        ("aws.ecs", "ECS Service Action") => match envelope.detail.text("eventType")? {
            "ERROR" => ecs(envelope, None),
            other => Err(ReadError::ignored(format!(
                "a service reported {} ({}), which is no error",
                one_line(envelope.detail.text("eventName")?, 80),
                one_line(other, 80)
            ))),
        },
        ("aws.ecs", "ECS Task State Change") => task(envelope),
        (_, _) => Err(envelope.foreign("no change of a deployment")),
    }
}

/// The end of a task, in an event that says how the task stands each time something about it
/// changes:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html>.
fn task(envelope: Envelope<'_>) -> Result<DeploymentReport, ReadError> {
    let detail = &envelope.detail;
    let state = state(&envelope, "lastStatus")?;
    if state != "STOPPED" {
        return Err(ReadError::ignored(format!(
            "a task reported {state}, and only its end matters"
        )));
    }
    let arn = EcsArn::read(detail.text("taskArn")?)?;
    if arn.account != envelope.account || arn.region != envelope.region {
        return Err(detail.broken("taskArn", &"in another account or region"));
    }
    let cluster = match EcsArn::read(detail.text("clusterArn")?)?.resource {
        EcsResource::Cluster(cluster) => cluster,
        EcsResource::Service(..)
        | EcsResource::ServiceDeployment(..)
        | EcsResource::ServiceRevision(..)
        | EcsResource::Task => {
            return Err(detail.broken("clusterArn", &"not the ARN of a cluster"));
        }
    };
    Ok(DeploymentReport {
        about: About::EcsTask { cluster },
        deployment: Some(detail.name("taskArn")?),
        state,
        account: envelope.account,
        region: envelope.region,
    })
}

fn code_deploy(envelope: Envelope<'_>) -> Result<DeploymentReport, ReadError> {
    let detail = &envelope.detail;
    Ok(DeploymentReport {
        about: About::CodeDeployGroup {
            application: detail.name("application")?,
            group: detail.name("deploymentGroup")?,
        },
        deployment: Some(detail.name("deploymentId")?),
        state: state(&envelope, "state")?,
        account: envelope.account,
        region: envelope.region,
    })
}

fn ecs(
    envelope: Envelope<'_>,
    deployment: Option<DeploymentId>,
) -> Result<DeploymentReport, ReadError> {
    Ok(DeploymentReport {
        about: service(&envelope)?,
        deployment,
        state: state(&envelope, "eventName")?,
        account: envelope.account,
        region: envelope.region,
    })
}

fn state(envelope: &Envelope<'_>, key: &str) -> Result<String, ReadError> {
    let state = envelope.detail.text(key)?;
    let fits = state.len() <= LONGEST_STATE
        && state
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        Ok(state.to_owned())
    } else {
        Err(envelope.detail.broken(key, &"not the name of a state"))
    }
}

/// The service that an event is about. Which field tells differs between the kinds of events, and
/// between pages of their documentation: `detail.serviceArn`, else the resources.
fn service(envelope: &Envelope<'_>) -> Result<About, ReadError> {
    let detail = &envelope.detail;
    let mut found = None;
    for text in detail
        .optional_text("serviceArn")?
        .into_iter()
        .chain(envelope.resources.iter().copied())
    {
        let Ok(arn) = EcsArn::read(text) else {
            continue;
        };
        let (cluster, service) = match arn.resource {
            EcsResource::Service(cluster, service) => (cluster, service),
            EcsResource::ServiceDeployment(cluster, service)
            | EcsResource::ServiceRevision(cluster, service) => (Some(cluster), service),
            EcsResource::Cluster(_) | EcsResource::Task => continue,
        };
        if arn.account != envelope.account || arn.region != envelope.region {
            return Err(ReadError::malformed(format!(
                "an event of {} in {} is about `{text}`",
                envelope.account, envelope.region
            )));
        }
        found = Some((cluster, service));
        break;
    }
    let Some((cluster, service)) = found else {
        return Err(ReadError::malformed(
            "neither resources nor detail.serviceArn names a service",
        ));
    };
    let cluster = match (cluster, detail.optional_text("clusterArn")?) {
        (Some(cluster), _) => Some(cluster),
        (None, Some(text)) => match EcsArn::read(text)?.resource {
            EcsResource::Cluster(cluster) => Some(cluster),
            EcsResource::Service(..)
            | EcsResource::ServiceDeployment(..)
            | EcsResource::ServiceRevision(..)
            | EcsResource::Task => {
                return Err(detail.broken("clusterArn", &"not the ARN of a cluster"));
            }
        },
        (None, None) => None,
    };
    Ok(About::EcsService { cluster, service })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::incoming::fixtures::fixture;

    fn about(event: &Value) -> (Option<String>, String) {
        match read(event).unwrap().about {
            About::EcsService { cluster, service } => {
                (cluster.map(|cluster| cluster.to_string()), service.into())
            }
            other @ (About::CodeDeployGroup { .. } | About::EcsTask { .. }) => panic!("{other:?}"),
        }
    }

    fn pair(cluster: Option<&str>, service: &str) -> (Option<String>, String) {
        (cluster.map(str::to_owned), service.to_owned())
    }

    #[test]
    fn codedeploy_reports_a_deployment_of_a_group() {
        let report = read(&fixture("codedeploy-deployment-state-change-success")).unwrap();
        assert_eq!(
            report,
            DeploymentReport {
                account: "123456789012".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                about: About::CodeDeployGroup {
                    application: "myApplication".parse().unwrap(),
                    group: "myDeploymentGroup".parse().unwrap(),
                },
                deployment: Some("d-123456789".parse().unwrap()),
                state: "SUCCESS".into(),
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
    fn a_service_is_told_by_either_form_of_its_arn() {
        let mut event = fixture("ecs-deployment-in-progress-captured-2025");
        assert_eq!(
            about(&event),
            pair(Some("example-cluster"), "example-service")
        );
        let old = "arn:aws:ecs:ap-northeast-1:999999999999:service/example-service";
        event["resources"] = json!([old]);
        assert_eq!(
            about(&event),
            pair(Some("example-cluster"), "example-service")
        );
        event["detail"]
            .as_object_mut()
            .unwrap()
            .remove("clusterArn");
        assert_eq!(about(&event), pair(None, "example-service"));
    }

    #[test]
    fn a_hook_names_its_service_with_and_without_resources() {
        for name in [
            "ecs-hook-state-change-awaiting-action",
            "ecs-hook-state-change-awaiting-action-no-resources",
        ] {
            let mut event = fixture(name);
            assert_eq!(about(&event), pair(Some("my-cluster"), "my-service"));
            event["detail"]
                .as_object_mut()
                .unwrap()
                .remove("serviceArn");
            match event.get("resources") {
                Some(_) => assert_eq!(about(&event), pair(Some("my-cluster"), "my-service")),
                None => assert_eq!(
                    read(&event).unwrap_err().to_string(),
                    "malformed: neither resources nor detail.serviceArn names a service"
                ),
            }
        }
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
    fn an_event_about_another_accounts_service_is_not_believed() {
        let mut event = fixture("ecs-deployment-completed");
        event["account"] = json!("999999999999");
        let error = read(&event).unwrap_err();
        assert_eq!(
            error.to_string(),
            "malformed: an event of 999999999999 in us-west-2 is about \
             `arn:aws:ecs:us-west-2:111122223333:service/default/servicetest`"
        );
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
        assert_eq!(
            report.about,
            About::EcsTask {
                cluster: "FargateCluster".parse().unwrap()
            }
        );
        let task = "arn:aws:ecs:us-west-2:111122223333:task/FargateCluster/c13b4cb40f1f4fe4a2971f76ae5a47ad";
        assert_eq!(report.deployment, Some(task.parse().unwrap()));
        assert_eq!(report.state, "STOPPED");

        event["account"] = json!("999999999999");
        assert!(matches!(read(&event), Err(ReadError::Malformed(_))));
    }
}
