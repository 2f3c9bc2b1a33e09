//! Performing what the core asked for: one file per kind of action, but for what the engine of the
//! rollout does. Nothing is decided here.

mod checks;
mod notify;
mod notify_release;
mod plan;
mod register;
mod scaling;

pub(crate) use notify::sent_before;
pub(crate) use notify_release::notify_next;
pub use plan::{Preview, PreviewError, preview};

use std::time::Duration;

use futures_util::future::join_all;
use towpath_core::release::{Action, ActionKind, Event, Release, Task, Tried, WhyRefused};

use crate::backoff::pauses;
use crate::engine;
use crate::ports::{CallError, Ports};

/// What came of one task.
#[derive(Debug, Default)]
pub(crate) struct Performed {
    /// What happened.
    pub events: Vec<Event>,
    /// What failed in a way that trying again later may mend.
    pub error: Option<CallError>,
    /// What was intended and AWS has certainly not carried out.
    pub not_done: Option<ActionKind>,
}

impl From<Vec<Event>> for Performed {
    fn from(events: Vec<Event>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }
}

/// Performs tasks that do not depend on each other, at once.
pub(crate) async fn perform<P: Ports>(
    ports: &P,
    release: &Release,
    tasks: Vec<Task>,
) -> Vec<Performed> {
    join_all(
        tasks
            .into_iter()
            .map(|task| perform_one(ports, release, task)),
    )
    .await
}

async fn perform_one<P: Ports>(ports: &P, release: &Release, mut task: Task) -> Performed {
    let kind = task.action.kind();
    let mut pauses = pauses(PAUSE, MORE_TRIES);
    loop {
        let outcome = match perform_action(ports, release, &task).await {
            Ok(performed) => performed,
            Err(error)
                if may_be_repeated(kind, &error)
                    && let Some(pause) = pauses.next() =>
            {
                if let (Tried::Never, CallError::Unknown { .. }) = (task.tried, &error) {
                    task.tried = Tried::Perhaps;
                }
                tokio::time::sleep(pause).await;
                continue;
            }
            Err(CallError::Refused {
                operation,
                code,
                message,
            }) if is_final(kind) && !is_a_look(&task, operation) => Performed {
                events: vec![Event::ActionRefused {
                    action: kind,
                    why: WhyRefused::Call {
                        operation: operation.to_owned(),
                        code,
                        message,
                    },
                }],
                ..Performed::default()
            },
            Err(error) => Performed {
                not_done: is_not_done(&task, &error).then_some(kind),
                error: Some(error),
                ..Performed::default()
            },
        };
        return outcome;
    }
}

/// Whether it is tried again at once: when it was certainly not done, or when doing it begins with
/// looking for what an earlier try has done, as rolling back does, for which people wait.
fn may_be_repeated(kind: ActionKind, error: &CallError) -> bool {
    match error {
        CallError::NotDone { .. } => true,
        CallError::Unknown { .. } => kind == ActionKind::RollBack,
        CallError::Refused { .. } => false,
    }
}

/// Whether nothing has come of it. Of what an earlier run may have done that is not known: the call that
/// was not carried out may be a look for it.
fn is_not_done(task: &Task, error: &CallError) -> bool {
    matches!(error, CallError::NotDone { .. })
        && task.tried == Tried::Never
        && task.action.needs_intent()
        && task.action.kind().is_one_change()
}

/// Whether a refusal settles the matter. Where it does not (looking, telling, waking), trying
/// again later costs nothing, and the rollout's own time limit ends it.
fn is_final(kind: ActionKind) -> bool {
    match kind {
        ActionKind::Plan
        | ActionKind::Register
        | ActionKind::SuspendScaling
        | ActionKind::Start
        | ActionKind::AnswerHook
        | ActionKind::Continue
        | ActionKind::RollBack
        | ActionKind::RestoreScaling => true,
        // A task that cannot be run is a check that failed.
        ActionKind::RunTask
        | ActionKind::RunChecks
        | ActionKind::Observe
        | ActionKind::Supersede
        | ActionKind::NotifyNext
        | ActionKind::Notify => false,
    }
}

/// Whether what AWS refused was a look for what an earlier run may have made: that says nothing of
/// whether it was made.
fn is_a_look(task: &Task, operation: &str) -> bool {
    let makes = task.action.kind().makes_anew();
    task.tried != Tried::Never && makes && !MAKES_ANEW.contains(&operation)
}

/// The calls that make something anew.
const MAKES_ANEW: [&str; 3] = [
    "codedeploy:CreateDeployment",
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
];

async fn perform_action<P: Ports>(
    ports: &P,
    release: &Release,
    task: &Task,
) -> Result<Performed, CallError> {
    let tried = task.tried;
    let events = match &task.action {
        Action::Plan(asked) => {
            let request = plan::Request {
                asked,
                rehearsed: false,
            };
            plan::plan(ports, release, &request).await
        }
        Action::Register {
            place,
            base,
            changes,
            spec,
            release,
            image,
        } => {
            let request = register::Request {
                place,
                base,
                changes,
                spec,
                release,
                image,
            };
            register::register(ports, &request, tried).await
        }
        Action::SuspendScaling { place, state } => scaling::suspend(ports, place, *state).await,
        Action::RestoreScaling { place, state } => scaling::restore(ports, place, *state).await,
        Action::Start(start) => engine::start(ports, start, tried).await,
        Action::PollGroup {
            place,
            stage,
            deployment,
            termination_skipped,
        } => engine::poll_group(ports, place, stage, deployment, *termination_skipped).await,
        Action::RunTask {
            place,
            stage,
            check,
            task,
            revision,
            started_by,
        } => {
            let run = checks::Run {
                place,
                stage,
                check,
                task,
                revision,
                started_by,
            };
            checks::start_task(ports, release, &run, tried).await
        }
        Action::RunChecks {
            place,
            stage,
            at,
            deployment,
            checks,
            decide,
        } => {
            let due = checks::Due {
                place,
                stage,
                at: *at,
                deployment: deployment.as_ref(),
                checks,
                decide: *decide,
            };
            checks::run_checks(ports, &due).await
        }
        Action::AnswerHook {
            place,
            deployment,
            at,
            execution,
            passed,
        } => {
            ports
                .answer_hook(Some(place), deployment, execution, *passed)
                .await?;
            Ok(vec![Event::HookAnswered {
                deployment: deployment.clone(),
                at: *at,
                passed: *passed,
            }])
        }
        Action::Continue {
            place,
            engine,
            deployment,
            pause,
        } => engine::let_through(ports, place, engine, deployment, pause.as_ref()).await,
        Action::Observe(observe) => engine::observe(ports, observe).await,
        Action::RollBack(back) => engine::roll_back(ports, back, tried).await,
        Action::Supersede { older, service } => {
            notify_release::supersede(ports, release, older, service).await
        }
        Action::NotifyNext { service } => {
            notify_release::notify_next(ports, release.id(), service).await
        }
        Action::NotifyPredecessor {
            predecessor,
            successor,
        } => notify_release::notify_predecessor(ports, predecessor, successor).await,
        Action::Notify { to, notification } => {
            return notify::notify(ports, release, to, notification, tried).await;
        }
    }?;
    Ok(events.into())
}

/// The shortest pause before a call is made again that was certainly not carried out.
const PAUSE: Duration = Duration::from_millis(100);

/// How often such a call is made again before the sweeper takes over.
const MORE_TRIES: usize = 3;

#[cfg(test)]
mod tests {
    use towpath_core::names::ServiceName;
    use towpath_core::release::{Place, ScalingState, ServiceId};

    use super::*;

    #[test]
    fn what_an_earlier_run_may_have_done_is_not_known_to_be_undone() {
        let service: ServiceName = "api".parse().unwrap();
        let place = Place {
            service: ServiceId {
                account: "111111111111".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                cluster: "shop".parse().unwrap(),
                service,
            },
            role: None,
        };
        let throttled = CallError::NotDone {
            operation: "ecs:ListServiceDeployments",
            message: "Rate exceeded".into(),
        };
        for (tried, expected) in [
            (Tried::Never, true),
            (Tried::Perhaps, false),
            (Tried::NotSeen, false),
        ] {
            let state = ScalingState::SUSPENDED;
            let action = Action::SuspendScaling {
                place: place.clone(),
                state,
            };
            assert_eq!(is_not_done(&Task { action, tried }, &throttled), expected);
        }
    }
}
