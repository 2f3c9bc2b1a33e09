//! How a CodeDeploy deployment stands.

use jiff::SignedDuration;
use towpath_core::names::DeploymentId;
use towpath_core::pipeline::{CodeDeploySettings, HookPoint};
use towpath_core::release::{
    AwsSaid, AwsService, DeploymentFault, DeploymentStatus, DeploymentStep, FaultCause, FaultLeft,
    Observe, Place, ShiftedStep,
};

use super::waits_to_terminate;
use crate::engine::contract::stopped_fault;
use crate::engine::service_state::{is_named, not_shown_yet, serves, unknown};
use crate::engine::stopped_tasks as tasks;
use crate::ports::{CallError, DeploymentInfo, DeploymentProgress, Ports, Wait};

/// How long after the end of a deployment its rollback may appear, which CodeDeploy creates by
/// itself: <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>.
const ROLLBACK_APPEARS: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn observe<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    observe: &Observe,
) -> Result<DeploymentStatus, CallError> {
    let (place, id) = (&observe.place, &observe.deployment);
    let (info, progress) = tokio::join!(ports.deployment(place, id), ports.progress(place, id));
    let Some(info) = info? else {
        return Ok(if observe.fresh {
            not_shown_yet(AwsService::Codedeploy)
        } else {
            unknown(AwsService::Codedeploy, id)
        });
    };
    if matches!(info.status.as_str(), "Failed" | "Stopped") {
        // What CodeDeploy has started itself to roll it back is its own, and is looked at with it.
        if let Some(back) = observe
            .rollback
            .as_ref()
            .filter(|back| info.rolled_back_by.as_ref() != Some(*back))
        {
            return coming_back(ports, settings, place, back, observe.fresh).await;
        }
        // How far the traffic had come decides about what serves.
        return ended(ports, settings, observe, &info, &progress?).await;
    }
    // Until then it is for people.
    let progress = progress.unwrap_or_default();
    match info.status.as_str() {
        "Succeeded" => match observe.rollback.as_ref() {
            // It is over, so another deployment brings the old version back.
            Some(back) => coming_back(ports, settings, place, back, observe.fresh).await,
            None => serves(ports, observe, info.ended_at).await,
        },
        "Ready" => Ok(DeploymentStatus::Ready { pause: None }),
        _ if waits_to_terminate(&progress) => Ok(DeploymentStatus::Shifted {
            at: ShiftedStep::KeepingOldTasks,
        }),
        _ => Ok(DeploymentStatus::InProgress {
            at: step(&info, &progress),
            traffic: progress.green_traffic,
        }),
    }
}

/// How the deployment stands that brings the old version back after another one was over.
async fn coming_back<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    place: &Place,
    back: &DeploymentId,
    fresh: bool,
) -> Result<DeploymentStatus, CallError> {
    let (info, progress) = tokio::join!(ports.deployment(place, back), ports.progress(place, back));
    let progress = progress.unwrap_or_default();
    let by = Some(back.clone());
    let reason = DeploymentFault::from(FaultCause::BroughtBack { by });
    let Some(info) = info? else {
        return Ok(if fresh {
            let by = Some(back.clone());
            DeploymentStatus::RollingBack { reason, by }
        } else {
            unknown(AwsService::Codedeploy, back)
        });
    };
    Ok(match info.status.as_str() {
        "Succeeded" => DeploymentStatus::RolledBack { reason },
        "Failed" | "Stopped" => DeploymentStatus::Failed {
            reason: FaultCause::RollbackFailed {
                deployment: back.clone(),
                because: Box::new(cause(settings, &info, &progress)),
            }
            .into(),
        },
        // Nobody is asked whether the old version may come back.
        "Ready" => {
            ports.continue_deployment(place, back, Wait::Ready).await?;
            DeploymentStatus::RollingBack {
                reason,
                by: Some(back.clone()),
            }
        }
        _ if waits_to_terminate(&progress) => DeploymentStatus::RolledBack { reason },
        _ => DeploymentStatus::RollingBack {
            reason,
            by: Some(back.clone()),
        },
    })
}

/// A deployment that failed or was stopped is followed by another one that rolls it back; only
/// that one's end says what serves.
async fn ended<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    observe: &Observe,
    info: &DeploymentInfo,
    progress: &DeploymentProgress,
) -> Result<DeploymentStatus, CallError> {
    let place = &observe.place;
    let failed = tasks::of_task_set(ports, place, progress.green.as_deref()).await;
    let reason = match by_request(info) {
        Some(said) => stopped_fault(observe, said, failed),
        None => DeploymentFault::from(cause(settings, info, progress)).with_tasks(failed),
    };
    let Some(by) = &info.rolled_back_by else {
        let may_appear = info
            .ended_at
            .is_none_or(|ended_at| ports.now().duration_since(ended_at) < ROLLBACK_APPEARS);
        let percent = progress.green_traffic.unwrap_or_default();
        let end = End {
            was_stopped: info.status == "Stopped",
            percent,
            // It is asked for with each deployment, and matters where something is to be rolled back.
            rollback_awaited: may_appear
                && (observe.rolling_back.as_ref().is_some() || percent > 0),
            asked_for: observe.rolling_back.as_ref().is_some(),
        };
        return Ok(end.without_rollback(reason));
    };
    let rollback = ports.deployment(place, by).await?;
    Ok(
        match rollback.as_ref().map(|rollback| rollback.status.as_str()) {
            Some("Succeeded") => DeploymentStatus::RolledBack { reason },
            Some("Failed" | "Stopped") => {
                let has_traffic = progress.green_traffic.is_some_and(|percent| percent > 0);
                let left = has_traffic || is_named(ports, observe).await?;
                let by = Some(by.clone());
                let reason = reason.leaving(FaultLeft::RollbackFailed { by });
                not_rolled_back(left, observe.rollback.as_ref().is_some(), reason)
            }
            Some(_) | None => DeploymentStatus::RollingBack {
                reason,
                by: Some(by.clone()),
            },
        },
    )
}

/// A deployment that CodeDeploy's own rollback, which failed as well, has not rolled back. What is left
/// in place is to be rolled back, unless that was the rollback that Towpath had begun.
fn not_rolled_back(left: bool, begun: bool, reason: DeploymentFault) -> DeploymentStatus {
    match left && !begun {
        true => DeploymentStatus::FailedInPlace { reason },
        false => DeploymentStatus::Failed { reason },
    }
}

/// How a deployment ended that nothing rolls back, as far as is known.
struct End {
    /// Whether somebody stopped it, and it did not fail.
    was_stopped: bool,
    /// The percentage of production traffic on green.
    percent: u8,
    /// Whether a rollback may still appear.
    rollback_awaited: bool,
    /// Whether Towpath has asked for one.
    asked_for: bool,
}

impl End {
    fn without_rollback(&self, reason: DeploymentFault) -> DeploymentStatus {
        match self.percent {
            _ if self.rollback_awaited && self.asked_for => {
                DeploymentStatus::RollingBack { reason, by: None }
            }
            _ if self.rollback_awaited => DeploymentStatus::Halted { reason },
            // Nothing took traffic, so the old version never stopped serving.
            0 if self.was_stopped => DeploymentStatus::Stopped { reason },
            0 => DeploymentStatus::RolledBack { reason },
            percent => DeploymentStatus::FailedInPlace {
                reason: reason.leaving(FaultLeft::Traffic { percent }),
            },
        }
    }
}

/// What CodeDeploy says of the deployment where somebody has asked it to stop it:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html>.
fn by_request(info: &DeploymentInfo) -> Option<AwsSaid> {
    said(info).filter(is_by_request)
}

fn is_by_request(said: &AwsSaid) -> bool {
    said.code.as_deref() == Some("MANUAL_STOP")
}

/// What CodeDeploy says of the deployment's end, if it does.
fn said(info: &DeploymentInfo) -> Option<AwsSaid> {
    let (code, message) = info.error.as_ref()?;
    Some(AwsSaid {
        code: Some(code.clone()),
        message: message.clone(),
    })
}

/// Why the deployment has ended, with the hook's function where it failed at a hook: CodeDeploy
/// names only the event.
fn cause(
    settings: &CodeDeploySettings,
    info: &DeploymentInfo,
    progress: &DeploymentProgress,
) -> FaultCause {
    let mut lifecycle = progress.lifecycle.iter();
    let failed = lifecycle.find(|(_, status)| status == "Failed");
    match (failed, said(info)) {
        (_, Some(said)) if is_by_request(&said) => FaultCause::StoppedByUser { said },
        (Some((event, _)), said) => FaultCause::EventFailed {
            event: event.clone(),
            hook: HookPoint::of_lifecycle_event(event).and(settings.hook.clone()),
            said,
        },
        (None, Some(said)) => FaultCause::AwsSaid(said),
        (None, None) => FaultCause::NoReason {
            by: AwsService::Codedeploy,
        },
    }
}

/// What the deployment is at.
fn step(info: &DeploymentInfo, progress: &DeploymentProgress) -> DeploymentStep {
    let current = progress
        .lifecycle
        .iter()
        .find(|(_, status)| status == "InProgress")
        .or_else(|| {
            progress
                .lifecycle
                .iter()
                .rev()
                .find(|(_, status)| status == "Succeeded")
        });
    DeploymentStep::named(current.map_or(&info.status, |(event, _)| event))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn it_failed() -> DeploymentFault {
        DeploymentFault::said("it failed")
    }

    fn status(was_stopped: bool, percent: u8, rollback_awaited: bool) -> DeploymentStatus {
        ends(was_stopped, percent, rollback_awaited, true)
    }

    fn ends(
        was_stopped: bool,
        percent: u8,
        rollback_awaited: bool,
        asked_for: bool,
    ) -> DeploymentStatus {
        let end = End {
            was_stopped,
            percent,
            rollback_awaited,
            asked_for,
        };
        end.without_rollback(it_failed())
    }

    #[test]
    fn a_rollback_that_may_still_appear_is_waited_for() {
        for (was_stopped, percent) in [(true, 0), (true, 50), (false, 50)] {
            let awaited = DeploymentStatus::RollingBack {
                reason: it_failed(),
                by: None,
            };
            assert_eq!(status(was_stopped, percent, true), awaited);
        }
        // Whoever stops it by hand may have asked for none.
        let halted = DeploymentStatus::Halted {
            reason: it_failed(),
        };
        assert_eq!(ends(true, 50, true, false), halted);
    }

    #[test]
    fn what_a_failed_rollback_leaves_in_place_is_to_be_rolled_back_unless_it_was_the_rollback_itself()
     {
        let in_place = |left, begun| {
            let status = not_rolled_back(left, begun, it_failed());
            matches!(status, DeploymentStatus::FailedInPlace { .. })
        };
        assert!(in_place(true, false));
        // The old version serves, or what was begun has led nowhere.
        assert!(!in_place(false, false));
        assert!(!in_place(true, true));
    }

    #[test]
    fn the_old_version_serves_where_no_traffic_has_moved() {
        let reason = it_failed();
        assert_eq!(
            status(false, 0, false),
            DeploymentStatus::RolledBack {
                reason: reason.clone()
            }
        );
        assert_eq!(status(true, 0, false), DeploymentStatus::Stopped { reason });
    }

    #[test]
    fn traffic_that_nothing_rolls_back_is_to_be_rolled_back_however_it_ended() {
        for was_stopped in [true, false] {
            let DeploymentStatus::FailedInPlace { reason } = status(was_stopped, 10, false) else {
                panic!("it is to be rolled back");
            };
            assert_eq!(reason.left, Some(FaultLeft::Traffic { percent: 10 }));
        }
    }
}
