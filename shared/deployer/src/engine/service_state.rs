//! What a service's description says of a deployment, whichever engine it is.

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::release::{
    AwsService, DeploymentStatus, DeploymentStep, Event, External, FaultCause, Observe, SHOWN,
    ShiftedStep, Start,
};

use crate::ports::{CallError, Ports};
use crate::service::Service;

/// A deployment that was successful serves, unless somebody has deployed something else since.
pub(super) async fn serves<P: Ports>(
    ports: &P,
    observe: &Observe,
    ended_at: Option<Timestamp>,
) -> Result<DeploymentStatus, CallError> {
    let Some(service) = ports.describe_service(&observe.place).await? else {
        return Ok(deleted());
    };
    let runs = Service(&service).revision();
    Ok(succeeded(observe, runs.as_ref(), ended_at, ports.now()))
}

/// How a deployment stands that was successful and ended then, when the service is shown to run that.
fn succeeded(
    observe: &Observe,
    runs: Option<&TaskDefinitionArn>,
    ended_at: Option<Timestamp>,
    now: Timestamp,
) -> DeploymentStatus {
    let told = !towpath_core::planted!(RollbackTakenForSuccess);
    let Some(other) = runs.filter(|runs| *runs != &observe.revision && told) else {
        return DeploymentStatus::Succeeded;
    };
    let lately = ended_at.is_some_and(|ended_at| now.duration_since(ended_at) < SHOWN);
    match (lately && other == &observe.previous, observe.shifted) {
        (false, _) => replaced_by(other),
        (true, false) => not_shown_yet(AwsService::Ecs),
        // What has been seen is not replaced by an older answer.
        (true, true) => DeploymentStatus::Shifted {
            at: ShiftedStep::NotShown {
                by: AwsService::Ecs,
            },
        },
    }
}

/// Whether the new version is what the service names: what serves, or what its next deployment
/// begins with and its tasks are replaced by.
pub(super) async fn is_named<P: Ports>(ports: &P, observe: &Observe) -> Result<bool, CallError> {
    let service = ports.describe_service(&observe.place).await?;
    Ok(service.is_some_and(|it| Service(&it).revision().as_ref() == Some(&observe.revision)))
}

/// How a deployment stands that was just started and is not shown: what has been changed may not be
/// visible to the next call, so that this says nothing of it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(super) fn not_shown_yet(by: AwsService) -> DeploymentStatus {
    DeploymentStatus::InProgress {
        at: DeploymentStep::NotShown { by },
        traffic: None,
    }
}

/// How a deployment stands whose service is gone.
pub(super) fn deleted() -> DeploymentStatus {
    DeploymentStatus::Failed {
        reason: FaultCause::ServiceDeleted.into(),
    }
}

/// How a deployment stands of which a service of AWS's knows nothing.
pub(super) fn unknown(by: AwsService, deployment: &DeploymentId) -> DeploymentStatus {
    let deployment = deployment.clone();
    DeploymentStatus::Failed {
        reason: FaultCause::Unknown { by, deployment }.into(),
    }
}

/// How a deployment stands after another one, which brought that revision.
pub(super) fn replaced_by(revision: &TaskDefinitionArn) -> DeploymentStatus {
    DeploymentStatus::Replaced {
        by: External::deployment_of(revision),
    }
}

/// Whether what runs is what the rollout was planned on; else what is to be written down.
pub(super) async fn check_baseline<P: Ports>(
    ports: &P,
    start: &Start,
) -> Result<Option<Event>, CallError> {
    let service = ports.describe_service(&start.place).await?;
    service.map_or(Ok(None), |service| baseline_changed(&service, start))
}

/// What is to be written down if a service runs neither what the rollout was planned on nor what it
/// brings. One that is shown with what ran before that may be shown as it was.
pub(super) fn baseline_changed(service: &Value, start: &Start) -> Result<Option<Event>, CallError> {
    let running = Service(service).revision();
    let expected = [&start.previous, &start.revision];
    let Some(found) = running.filter(|running| !expected.contains(&running)) else {
        return Ok(None);
    };
    if start.shown_before.as_ref() == Some(&found) {
        return Err(CallError::NotDone {
            operation: "ecs:DescribeServices",
            message: format!(
                "{} is shown with {found}, which ran before {}",
                start.place.service, start.previous
            ),
        });
    }
    let stage = start.stage.clone();
    Ok(Some(Event::BaselineChanged { stage, found }))
}

#[cfg(test)]
mod tests {
    use towpath_core::release::{Place, ServiceId};

    use super::*;

    fn revision(number: u32) -> TaskDefinitionArn {
        format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:{number}")
            .parse()
            .unwrap()
    }

    /// A deployment from revision 7 to 8 that ended at ten, when the service is shown to run that.
    fn shown(runs: Option<u32>, now: &str, shifted: bool) -> DeploymentStatus {
        let place = Place {
            service: ServiceId {
                account: "111111111111".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                cluster: "shop".parse().unwrap(),
                service: "api".parse().unwrap(),
            },
            role: None,
        };
        let deployment: DeploymentId = "d-1".parse().unwrap();
        let (before, brings) = (revision(7), revision(8));
        let observe = Observe {
            place,
            engine: serde_json::from_value(serde_json::json!({ "rolling": {} })).unwrap(),
            deployment,
            tasks: None,
            revision: brings,
            previous: before,
            rollback: None,
            skip_pauses: false,
            fresh: false,
            young: false,
            shifted,
            rolling_back: None,
        };
        let at = |time: &str| format!("2026-11-23T{time}Z").parse::<Timestamp>().unwrap();
        let runs = runs.map(revision);
        succeeded(&observe, runs.as_ref(), Some(at("10:00:00")), at(now))
    }

    #[test]
    fn what_is_shown_as_before_the_end_is_not_replaced() {
        let now = "10:04:59";
        assert_eq!(shown(Some(7), now, false), not_shown_yet(AwsService::Ecs));
        let kept = shown(Some(7), now, true);
        assert!(matches!(kept, DeploymentStatus::Shifted { .. }), "{kept}");
        assert_eq!(shown(Some(8), now, false), DeploymentStatus::Succeeded);
        assert_eq!(shown(None, now, false), DeploymentStatus::Succeeded);
    }

    #[test]
    fn what_runs_for_longer_or_is_neither_old_nor_new_has_replaced_it() {
        for shifted in [false, true] {
            let later = shown(Some(7), "10:05:00", shifted);
            assert_eq!(later, replaced_by(&revision(7)));
            let other = shown(Some(9), "10:00:01", shifted);
            assert_eq!(other, replaced_by(&revision(9)));
        }
    }
}
