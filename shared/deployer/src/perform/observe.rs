//! What is done to a deployment that is under way, by engine: it is looked at, let through and taken
//! back.

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::Rollout;
use towpath_core::release::{DeploymentStatus, DeploymentTarget, Event, Outcome, Place};

use super::service::Service;
use super::{codedeploy, native, rolling, tasks};
use crate::ports::{CallError, Ports, Wait};

/// The deployment that is looked at.
pub(super) struct Observed<'a> {
    pub(super) place: &'a Place,
    pub(super) deployment: &'a DeploymentId,
    /// The id in whose name ECS starts its tasks, where that is known to be another one.
    pub(super) tasks: Option<&'a DeploymentId>,
    /// The revision that it brings.
    pub(super) revision: &'a TaskDefinitionArn,
    /// The revision that ran before.
    pub(super) before: &'a TaskDefinitionArn,
    /// The deployment by which it is being taken back, if we have begun to and it has an id.
    pub(super) back: Option<&'a DeploymentId>,
    /// Whether nobody is asked on its way, wherever it pauses.
    pub(super) unasked: bool,
    /// Whether what is looked at was started so lately that AWS may not show it yet.
    pub(super) fresh: bool,
    /// Why we take it back, if we have begun to.
    pub(super) stopping: Option<&'a str>,
}

impl Observed<'_> {
    /// What AWS says of a deployment that somebody has stopped. Of one that Towpath has stopped it says
    /// so too, since it knows no difference.
    pub(super) fn stopped_by(&self, said: String) -> String {
        match self.stopping {
            Some(why) => format!("Towpath stopped it: {why}"),
            None => said,
        }
    }
}

/// How a rollout is taken back.
pub(super) struct WayBack<'a> {
    pub(super) place: &'a Place,
    /// The deployment to take back.
    pub(super) deployment: &'a DeploymentId,
    /// The id in whose name ECS starts its tasks, where that is known to be another one.
    pub(super) tasks: Option<&'a DeploymentId>,
    /// Whether it is known to be over with the new version in place: there is nothing to stop.
    pub(super) over: bool,
    /// The revision that it brings.
    pub(super) revision: Option<&'a TaskDefinitionArn>,
    /// The revision that ran before.
    pub(super) to: &'a TaskDefinitionArn,
    /// What CodeDeploy is told of the service, if the old version is to come back even from a
    /// deployment that is over.
    pub(super) target: Option<&'a DeploymentTarget>,
    /// The text by which a deployment of its own is found again.
    pub(super) mark: &'a str,
}

/// What came of taking a rollout back.
pub(super) enum TakenBack {
    /// It has begun.
    Begun(Begun),
    /// Somebody else has started something in the meantime, and that is not overwritten.
    Replaced(DeploymentStatus),
}

/// The deployment by which a rollout is taken back.
#[derive(Default)]
pub(super) struct Begun {
    /// Its id, where it has one of its own.
    pub(super) deployment: Option<DeploymentId>,
    /// Another id under which AWS reports about it, where it has two.
    pub(super) also: Option<DeploymentId>,
    /// What the rollout waited for until then, if it did, for people.
    pub(super) waited: Option<String>,
}

impl From<Option<DeploymentId>> for Begun {
    fn from(deployment: Option<DeploymentId>) -> Self {
        Self {
            deployment,
            ..Self::default()
        }
    }
}

pub(super) async fn observe<P: Ports>(
    ports: &P,
    rollout: &Rollout,
    observed: &Observed<'_>,
) -> Result<Vec<Event>, CallError> {
    let status = match rollout {
        Rollout::Rolling(_) => rolling::observe(ports, observed).await?,
        Rollout::CodeDeploy(settings) => codedeploy::observe(ports, settings, observed).await?,
        Rollout::Ecs(_) => native::observe(ports, observed).await?,
    };
    Ok(vec![Event::DeploymentObserved {
        deployment: observed.deployment.clone(),
        status,
    }])
}

pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    rollout: &Rollout,
    back: &WayBack<'_>,
    because: Because<'_>,
) -> Result<Vec<Event>, CallError> {
    let taking = async {
        match rollout {
            Rollout::Rolling(_) => rolling::roll_back(ports, back).await,
            Rollout::CodeDeploy(settings) => codedeploy::roll_back(ports, settings, back).await,
            Rollout::Ecs(_) => native::roll_back(ports, back).await,
        }
    };
    // Side by side: traffic does not wait for an explanation.
    let (taken, mut stuck) = tokio::join!(taking, async {
        if because.stuck {
            tasks::of_deployment(ports, rollout, back).await
        } else {
            Vec::new()
        }
    });
    Ok(vec![match taken? {
        TakenBack::Begun(begun) => {
            stuck.extend(begun.waited.filter(|_| because.stuck));
            Event::RollbackStarted {
                deployment: begun.deployment,
                also: begun.also,
                reason: tasks::explained(because.reason, &stuck),
                outcome: because.outcome,
                hold: because.hold,
            }
        }
        TakenBack::Replaced(status) => Event::DeploymentObserved {
            deployment: back.deployment.clone(),
            status,
        },
    }])
}

/// Why a rollout is taken back, and what follows.
pub(super) struct Because<'a> {
    pub(super) reason: &'a str,
    /// Whether it is because it did not come through in time.
    pub(super) stuck: bool,
    pub(super) outcome: Outcome,
    pub(super) hold: bool,
}

pub(super) async fn let_through<P: Ports>(
    ports: &P,
    place: &Place,
    rollout: &Rollout,
    deployment: &DeploymentId,
    pause: Option<&PauseId>,
) -> Result<Vec<Event>, CallError> {
    match rollout {
        // A rolling update has no moment in which it waits.
        Rollout::Rolling(_) => {}
        Rollout::CodeDeploy(_) => {
            ports
                .continue_deployment(place, deployment, Wait::Ready)
                .await?
        }
        Rollout::Ecs(_) => native::let_through(ports, place, deployment, pause).await?,
    }
    Ok(vec![Event::TrafficAllowed {
        deployment: deployment.clone(),
        pause: pause.cloned(),
    }])
}

/// A deployment that was successful serves, unless somebody has deployed something else since.
pub(super) async fn serves<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<DeploymentStatus, CallError> {
    let Some(service) = ports.describe_service(observed.place).await? else {
        return Ok(deleted());
    };
    let runs = Service(&service).revision();
    let other = runs.filter(|runs| runs != observed.revision);
    Ok(match other {
        None => DeploymentStatus::Succeeded,
        Some(other) => replaced_by(&other),
    })
}

/// Whether the new version is what the service names: what serves, or what its next deployment
/// begins with and its tasks are replaced by.
pub(super) async fn is_named<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<bool, CallError> {
    let service = ports.describe_service(observed.place).await?;
    Ok(service.is_some_and(|it| Service(&it).revision().as_ref() == Some(observed.revision)))
}

/// How a deployment stands that was just started and is not shown: what has been changed may not be
/// visible to the next call, so that this says nothing of it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(super) fn not_shown_yet(service: &str) -> DeploymentStatus {
    DeploymentStatus::InProgress {
        at: format!("{service} does not show it yet"),
        traffic: None,
    }
}

/// How a deployment stands whose service is gone.
pub(super) fn deleted() -> DeploymentStatus {
    DeploymentStatus::Failed {
        reason: "the service was deleted".into(),
    }
}

/// How a deployment stands after another one, which brought that revision.
pub(super) fn replaced_by(revision: &TaskDefinitionArn) -> DeploymentStatus {
    DeploymentStatus::Replaced {
        by: format!("one of {}", revision.short()),
    }
}

/// Whether what runs is what the rollout was planned on; else what is to be written down.
pub(super) async fn check_baseline<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    before: &TaskDefinitionArn,
    revision: &TaskDefinitionArn,
) -> Result<Option<Event>, CallError> {
    let service = ports.describe_service(place).await?;
    Ok(service.and_then(|service| baseline_changed(&service, stage, before, revision)))
}

/// What is to be written down if a service runs neither what the rollout was planned on nor what it
/// brings.
pub(super) fn baseline_changed(
    service: &Value,
    stage: &StageName,
    before: &TaskDefinitionArn,
    revision: &TaskDefinitionArn,
) -> Option<Event> {
    let running = Service(service).revision();
    let foreign = running.filter(|running| running != before && running != revision)?;
    Some(Event::BaselineChanged {
        stage: stage.clone(),
        found: foreign.short().to_owned(),
    })
}
