//! The rolling engine: ECS replaces the tasks itself.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
//!
//! What serves is what all tasks run that are wanted, and no other does. ECS may count a deployment
//! as successful before (`earlySuccessCriteria`), and goes on in the background; then it is waited
//! for.
//!
//! What ECS shows may be from before the update, so that a deployment which was just started and is
//! missing says nothing: <https://github.com/kayac/ecspresso/pull/28>. Nor does one that still runs just
//! after the service was updated to what ran before.

mod start;

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId};
use towpath_core::pipeline::EngineKind;
use towpath_core::release::{
    AwsSaid, AwsService, DeploymentFault, DeploymentStatus, DeploymentStep, Event, External,
    FaultCause, FaultLeft, LateCause, Misfit, Observe, OtherStrategy, Place, Remark, RollBack,
    Start, Tried,
};

use super::contract::{
    Engine, Problem, RollbackStart, SetUp, StartedRollback, Wanted, stopped_by_towpath,
};
use super::service_deployment::brings;
use super::service_state::{deleted, not_shown_yet};
use super::update::{Over, Update};
use super::{pause, stopped_tasks};
use crate::ports::{CallError, Ports};
use crate::service::{EcsDeployment, Service};

pub(super) struct Rolling;

/// How many of a service's newest deployments are searched for the one that is rolled back.
const SEARCHED: usize = 10;

impl Engine for Rolling {
    fn unfit(&self, service: &Service<'_>) -> Option<Misfit> {
        match service.strategy() {
            "ROLLING" => None,
            other => Some(Misfit::Strategy(OtherStrategy::of(
                EngineKind::Rolling,
                other,
            ))),
        }
    }

    async fn set_up<P: Ports>(&self, _: &P, wanted: &Wanted<'_>) -> Result<SetUp, Problem> {
        Ok(SetUp {
            remarks: remarks(&Service(wanted.service)),
            ..SetUp::default()
        })
    }

    async fn start<P: Ports>(
        &self,
        ports: &P,
        start: &Start,
        tried: Tried,
    ) -> Result<Vec<Event>, CallError> {
        start::start(ports, start, tried).await
    }

    async fn observe<P: Ports>(
        &self,
        ports: &P,
        observe: &Observe,
    ) -> Result<DeploymentStatus, CallError> {
        self::observe(ports, observe).await
    }

    /// A rolling update has no moment in which it waits.
    async fn let_through<P: Ports>(
        &self,
        _: &P,
        _: &Place,
        _: &DeploymentId,
        _: Option<&PauseId>,
    ) -> Result<(), CallError> {
        Ok(())
    }

    async fn roll_back<P: Ports>(
        &self,
        ports: &P,
        back: &RollBack,
        tried: Tried,
    ) -> Result<RollbackStart, CallError> {
        self::roll_back(ports, back, tried).await
    }

    async fn stopped_tasks<P: Ports>(&self, ports: &P, back: &RollBack) -> Vec<String> {
        stopped_tasks::of_deployment(ports, back).await
    }
}

/// What people should know of how a rolling update of the service ends, or stands still.
fn remarks(service: &Service<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if service.succeeds_early() {
        remarks.push(Remark::SucceedsEarly);
    }
    if service.may_pause() {
        remarks.push(Remark::MayPause);
    }
    remarks
}

/// A rollback is an update to the revision that ran before, unless ECS or an earlier try has begun
/// it, or somebody else has taken the service elsewhere.
async fn roll_back<P: Ports>(
    ports: &P,
    back: &RollBack,
    tried: Tried,
) -> Result<RollbackStart, CallError> {
    let (place, to) = (&back.place, &back.previous);
    let mut waited = None;
    if let Some(service) = ports.describe_service(place).await? {
        let deployments = Service(&service).deployments();
        let begun = Service(&service).primary_of(to);
        let shown = |it: &EcsDeployment<'_>| it.id() == back.deployment.as_str();
        // Where the deployment is not shown, this may be from before its start. An update to what runs
        // already starts nothing.
        if begun.is_some() && deployments.iter().any(shown) {
            return Ok(RollbackStart::Begun(begun.into()));
        }
        let primary = deployments.iter().find(|d| d.is_primary());
        if let (Some(primary), Some(revision)) = (primary, back.revision.as_ref())
            && begun.is_none()
            && primary.revision() != revision.as_str()
        {
            return Ok(RollbackStart::Replaced(replaced(primary)));
        }
        if tried != Tried::Never
            && let Some(begun_before) = begun_before(ports, back).await?
        {
            return Ok(RollbackStart::Begun(Some(begun_before).into()));
        }
        // It explains; the rollback does not wait for it.
        if let Some(revision) = back.revision.as_ref()
            && let Ok(paused) = pause::paused(ports, place, &service, revision).await
        {
            waited = paused.map(|paused| LateCause::Pause { at: paused.at });
        }
    }
    let service = ports.update_service(place, to).await?;
    // Where the answer shows the service as it was, which one it is is seen when it is looked at.
    Ok(RollbackStart::Begun(StartedRollback {
        waited,
        ..Service(&service).primary_of(to).into()
    }))
}

/// The deployment by which an earlier try has begun to bring back what ran before, though ECS may have
/// gone back from it: it is newer than the newest that brings what is rolled back. It is not begun a
/// second time.
async fn begun_before<P: Ports>(
    ports: &P,
    back: &RollBack,
) -> Result<Option<DeploymentId>, CallError> {
    let (place, to) = (&back.place, &back.previous);
    let Some(ours) = back.revision.as_ref().filter(|ours| *ours != to) else {
        return Ok(None);
    };
    let recent = ports.recent_service_deployments(place).await?;
    for brief in recent.iter().take(SEARCHED) {
        if brings(ports, place, brief).await?.as_ref() == Some(ours) {
            let update = Update {
                place,
                revision: to,
                before: vec![brief.id.clone()],
                since: brief.created_at,
                previous: None,
            };
            return update.among(ports, &recent, Over::Counts).await;
        }
    }
    Ok(None)
}

fn replaced(primary: &EcsDeployment<'_>) -> DeploymentStatus {
    DeploymentStatus::Replaced {
        by: External::Deployment {
            deployment: primary.id().parse().ok(),
            revision: primary.revision().parse().ok(),
        },
    }
}

async fn observe<P: Ports>(ports: &P, observe: &Observe) -> Result<DeploymentStatus, CallError> {
    let Some(service) = ports.describe_service(&observe.place).await? else {
        return Ok(deleted());
    };
    let deployments = Service(&service).deployments();
    let ours = deployments
        .iter()
        .find(|d| d.id() == observe.deployment.as_str());
    let primary = deployments.iter().find(|d| d.is_primary());
    if let (Some(why), Some(primary)) = (observe.rolling_back.as_ref(), primary)
        && is_from_before(observe, primary)
    {
        return Ok(DeploymentStatus::RollingBack {
            reason: stopped_by_towpath(why),
            by: observe.rollback.as_ref().cloned(),
        });
    }
    match (ours, primary) {
        (Some(ours), _) if ours.is_primary() => under_way(ports, observe, &service, ours).await,
        // A deployment to the same revision (a forced one, say) carries ours on.
        (_, Some(primary)) if primary.revision() == observe.revision.as_str() => {
            under_way(ports, observe, &service, primary).await
        }
        // An answer from before the update shows what ran before, and nothing else.
        (None, primary)
            if observe.fresh
                && observe.rolling_back.as_ref().is_none()
                && primary.is_none_or(|it| it.revision() == observe.previous.as_str()) =>
        {
            Ok(not_shown_yet(AwsService::Ecs))
        }
        (_, Some(primary)) if primary.revision() == observe.previous.as_str() => {
            let reason = why(ports, observe, ours, Some(primary)).await;
            let place = &observe.place;
            if let Some(paused) = pause::paused(ports, place, &service, &observe.previous).await? {
                pause::go_on(ports, place, &paused).await?;
            }
            Ok(match primary.rollout_state() {
                "COMPLETED" if missing(&service, primary).is_none() => {
                    DeploymentStatus::RolledBack { reason }
                }
                "FAILED" => DeploymentStatus::Failed {
                    reason: reason.leaving(FaultLeft::RollbackFailed { by: None }),
                },
                _ => DeploymentStatus::RollingBack {
                    reason,
                    by: primary.id().parse().ok(),
                },
            })
        }
        (_, Some(primary)) => Ok(replaced(primary)),
        (_, None) => Ok(DeploymentStatus::Failed {
            reason: FaultCause::NoPrimary.into(),
        }),
    }
}

/// Whether the service is shown as it was before it was updated to what ran before: that was just now, and
/// what is being rolled back is still its primary deployment.
fn is_from_before(observe: &Observe, primary: &EcsDeployment<'_>) -> bool {
    observe.fresh
        && observe.revision != observe.previous
        && primary.revision() == observe.revision.as_str()
}

async fn under_way<P: Ports>(
    ports: &P,
    observe: &Observe,
    service: &Value,
    deployment: &EcsDeployment<'_>,
) -> Result<DeploymentStatus, CallError> {
    let in_progress = |at| DeploymentStatus::InProgress { at, traffic: None };
    let tasks = deployment.counts();
    Ok(match deployment.rollout_state() {
        "COMPLETED" => match missing(service, deployment) {
            None => DeploymentStatus::Succeeded,
            Some(missing) => in_progress(missing),
        },
        // Without `rollback` in its circuit breaker or its alarms, ECS leaves it at that.
        "FAILED" => DeploymentStatus::FailedInPlace {
            reason: why(ports, observe, Some(deployment), None).await,
        },
        _ => {
            let place = &observe.place;
            let paused = pause::paused(ports, place, service, &observe.revision).await?;
            match paused {
                Some(paused) if observe.skip_pauses => {
                    pause::go_on(ports, place, &paused).await?;
                    in_progress(DeploymentStep::Tasks(tasks))
                }
                Some(paused) => in_progress(DeploymentStep::Paused {
                    at: paused.at,
                    tasks: Some(tasks),
                }),
                None => in_progress(DeploymentStep::Tasks(tasks)),
            }
        }
    })
}

/// What is missing until a deployment serves that ECS counts as successful already, if anything is.
fn missing(service: &Value, deployment: &EcsDeployment<'_>) -> Option<DeploymentStep> {
    let service = Service(service);
    if !service.succeeds_early() {
        return None;
    }
    let deployments = service.deployments();
    let others = deployments.iter().filter(|it| it.id() != deployment.id());
    let older: u32 = others.map(EcsDeployment::tasks).sum();
    let tasks = deployment.counts();
    let is_over = deployment.is_full() && older == 0;
    (!is_over).then_some(DeploymentStep::CountedEarly { tasks, older })
}

/// Why the deployment failed: what ECS says, and why its tasks stopped.
async fn why<P: Ports>(
    ports: &P,
    observe: &Observe,
    ours: Option<&EcsDeployment<'_>>,
    primary: Option<&EcsDeployment<'_>>,
) -> DeploymentFault {
    let said = ours.or(primary).map_or("", EcsDeployment::rollout_reason);
    let cause = if said.is_empty() {
        FaultCause::NoReason {
            by: AwsService::Ecs,
        }
    } else {
        FaultCause::AwsSaid(AwsSaid::message(said))
    };
    let failed =
        stopped_tasks::started_by(ports, &observe.place, observe.deployment.as_str()).await;
    DeploymentFault::from(cause).with_tasks(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use towpath_core::release::{RollbackReason, ServiceId, TaskCounts};

    use super::*;

    /// Revision 8 is rolled back to 7, and that revision is shown as the service's primary deployment.
    fn shown(primary: u32, fresh: bool) -> bool {
        let revision = |number: u32| {
            format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:{number}")
        };
        let [before, brings] = [7, 8].map(|it| revision(it).parse().unwrap());
        let place = Place {
            service: ServiceId {
                account: "111111111111".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                cluster: "shop".parse().unwrap(),
                service: "api".parse().unwrap(),
            },
            role: None,
        };
        let observe = Observe {
            place,
            engine: serde_json::from_value(json!({ "rolling": {} })).unwrap(),
            deployment: "ecs-svc/2".parse().unwrap(),
            tasks: None,
            revision: brings,
            previous: before,
            rollback: None,
            skip_pauses: false,
            fresh,
            young: fresh,
            shifted: false,
            rolling_back: Some(RollbackReason::LeftInPlace {
                fault: DeploymentFault::said("it failed"),
            }),
        };
        let service = json!({ "deployments": [{ "id": "ecs-svc/2", "status": "PRIMARY",
            "taskDefinition": revision(primary), "rolloutState": "COMPLETED" }] });
        is_from_before(&observe, &Service(&service).deployments()[0])
    }

    #[test]
    fn what_still_serves_just_after_it_was_rolled_back_is_an_answer_from_before() {
        assert!(shown(8, true));
        // Somebody has deployed it once more.
        assert!(!shown(8, false));
        assert!(!shown(7, true));
    }

    #[test]
    fn what_ecs_counts_early_serves_when_all_tasks_are_new() {
        let service = |enable: bool, running: u32, older: Value| {
            json!({
                "deploymentConfiguration": { "earlySuccessCriteria": { "enable": enable,
                    "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED" } },
                "deployments": [
                    { "id": "ecs-svc/2", "status": "PRIMARY", "desiredCount": 2, "runningCount": running },
                    older,
                ],
            })
        };
        let old = json!({ "id": "ecs-svc/1", "status": "ACTIVE", "runningCount": 1 });
        let gone = json!({ "id": "ecs-svc/1", "status": "DRAINING", "runningCount": 0 });
        let missing = |service: Value| missing(&service, &Service(&service).deployments()[0]);
        let tasks = TaskCounts {
            running: 1,
            wanted: 2,
            failed: 0,
        };
        assert_eq!(
            missing(service(true, 1, old.clone())),
            Some(DeploymentStep::CountedEarly { tasks, older: 1 })
        );
        assert!(missing(service(true, 2, old.clone())).is_some());
        assert!(missing(service(true, 1, gone.clone())).is_some());
        assert_eq!(missing(service(true, 2, gone)), None);
        // Without it, ECS has waited for all of that itself.
        assert_eq!(missing(service(false, 1, old)), None);
    }
}
