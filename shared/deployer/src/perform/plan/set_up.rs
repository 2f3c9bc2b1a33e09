//! Whether the service is set up for its engine, and for everything that the stage waits for.

use serde_json::Value;
use towpath_core::pipeline::{CodeDeployRollout, Rollout};
use towpath_core::release::Place;

use super::{Problem, Request};
use crate::perform::codedeploy::only_all_at_once;
use crate::perform::service::{Service, unfit_for};
use crate::perform::{native, traffic};
use crate::ports::{DeploymentGroup, Ports};

/// CodeDeploy accepts a deployment to a group that targets another service, and then deploys
/// there; so the group is checked before anything is registered.
pub(super) async fn check_group<P: Ports>(
    ports: &P,
    place: &Place,
    rollout: &Rollout,
) -> Result<Option<DeploymentGroup>, Problem> {
    let Rollout::CodeDeploy(CodeDeployRollout {
        application, group, ..
    }) = rollout
    else {
        return Ok(None);
    };
    let found = ports.deployment_group(place, application.as_str(), group.as_str()).await?.ok_or_else(|| {
        format!("CodeDeploy has no application `{application}` with a deployment group `{group}`; create it, or correct the stage")
    })?;
    if found.platform != "ECS" {
        return Err(format!(
            "the CodeDeploy application `{application}` is for {}, not for ECS",
            found.platform
        )
        .into());
    }
    let (cluster, service) = (
        place.service.cluster.as_str(),
        place.service.service.as_str(),
    );
    if !found
        .targets
        .iter()
        .any(|(c, s)| c == cluster && s == service)
    {
        let targets: Vec<_> = found
            .targets
            .iter()
            .map(|(c, s)| format!("{c}/{s}"))
            .collect();
        return Err(format!(
            "the deployment group `{group}` deploys to {}, not to {cluster}/{service}",
            targets.join(", ")
        )
        .into());
    }
    Ok(Some(found))
}

/// What the service and its group are set up to wait for.
pub(super) struct SetUp {
    pub(super) paced_minutes: u32,
    pub(super) ready_minutes: Option<u32>,
    /// What people should know of it.
    pub(super) remarks: Vec<String>,
    /// The service's revision, where it was read.
    pub(super) revision: Option<Value>,
}

/// Whether the deployment will wait for everything that the stage wants it to wait for. Where it
/// would not, traffic would move unasked, so nothing is started.
pub(super) async fn gates<P: Ports>(
    ports: &P,
    service: &Value,
    request: &Request<'_>,
    group: Option<&DeploymentGroup>,
) -> Result<SetUp, Problem> {
    if let Some(unfit) = unfit_for(service, request.rollout) {
        return Err(unfit.into());
    }
    match request.rollout {
        Rollout::Rolling(_) => Ok(SetUp {
            paced_minutes: 0,
            ready_minutes: None,
            remarks: rolling_remarks(&Service(service)),
            revision: None,
        }),
        Rollout::CodeDeploy(settings) => {
            if let Some(group) = group {
                let of_stage = settings.configuration.as_ref().map(|it| it.as_str());
                let configuration = of_stage.or(group.configuration.as_deref());
                let listeners = group.listeners.iter().map(String::as_str);
                if let Some(unfit) = only_all_at_once(configuration, listeners) {
                    return Err(unfit.into());
                }
            }
            let ready_minutes = group.and_then(|group| group.ready_minutes);
            if request.gates.pause && ready_minutes.is_none() {
                return Err(format!(
                    "people are to be asked before traffic moves, but the deployment group `{}` does not wait: set its `deploymentReadyOption` to `STOP_DEPLOYMENT` with a wait time, or ask `before_rollout`",
                    settings.group
                )
                .into());
            }
            Ok(SetUp {
                paced_minutes: 0,
                ready_minutes,
                remarks: Vec::new(),
                revision: None,
            })
        }
        Rollout::Ecs(settings) => {
            let (traffic, revision) = traffic::of_service(ports, request.place, service).await?;
            let pace = native::check(&Service(service), settings, request.gates, &traffic)?;
            Ok(SetUp {
                paced_minutes: pace.paced_minutes,
                ready_minutes: pace.ready_minutes,
                remarks: traffic::remarks(&traffic, request.gates),
                revision,
            })
        }
    }
}

/// Whether the service takes deployments: one that is being deleted is described for a while.
pub(super) fn check_status(service: &Service<'_>, place: &Place) -> Result<(), Problem> {
    match service.status() {
        "ACTIVE" => Ok(()),
        status => Err(format!(
            "service `{}` in cluster `{}` is {status}: it was deleted, and takes no deployment any more; create it again, or correct the stage",
            place.service.service, place.service.cluster
        )
        .into()),
    }
}

/// What people should know of how a rolling update of the service ends, or stands still.
fn rolling_remarks(service: &Service<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if service.succeeds_early() {
        remarks.push("ECS counts a deployment of the service as successful before all of its tasks are new (`earlySuccessCriteria`); the rollout is over when they are".to_owned());
    }
    if service.may_pause() {
        remarks.push("the service's deployments pause (a PAUSE lifecycle hook) until somebody answers with ContinueServiceDeployment: the rollout waits for that within its `timeout`".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use towpath_core::release::ServiceId;

    use super::*;

    #[test]
    fn a_service_that_is_being_deleted_takes_no_deployment() {
        let place = Place {
            service: ServiceId {
                account: "111111111111".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                cluster: "shop".parse().unwrap(),
                service: "api".parse().unwrap(),
            },
            role: None,
        };
        let checked = |status: Value| {
            let service = json!({ "status": status });
            match check_status(&Service(&service), &place) {
                Ok(()) => None,
                Err(Problem::Misfit(reason)) => Some(reason),
                Err(Problem::Call(error)) => Some(error.to_string()),
            }
        };
        assert_eq!(checked(json!("ACTIVE")), None);
        for status in ["DRAINING", "INACTIVE"] {
            let said = checked(json!(status)).unwrap();
            assert!(
                said.contains(&format!("service `api` in cluster `shop` is {status}"))
                    && said.contains("create it again"),
                "{said}"
            );
        }
    }
}
