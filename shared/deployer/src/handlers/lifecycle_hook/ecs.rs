//! ECS asks at a stage of a native deployment whether to go on.
//!
//! | the call | is answered |
//! |---|---|
//! | is part of a rollback | go on |
//! | is about a deployment that a release has begun as its rollback, even if it has not waited for it | go on |
//! | is about a service that nothing is rolled out to, and whose task definition stays as Towpath left it, or as it serves where that is not known, or which Towpath never touched | go on: infrastructure is not Towpath's |
//! | is about another deployment of somebody else | no |
//! | cannot be told apart yet: what was started is not written down | ask again |
//! | is at a stage without checks, or about a release that is a rollback | go on |
//! | is about a deployment that is to be rolled back, or whose release is not trusted | no |
//! | is at a stage with checks | what they say; ask again while they are undecided |
//! | failed here, and may not when it is asked again: the ledger was not reached, say | ask again |
//! | failed here, and would again | no |
//!
//! ECS takes a function that fails, or an answer that it does not know, for a no and rolls back. So
//! nothing that may pass is answered so: ECS is told to ask again, and its own time limit for the
//! hook ends that.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html>

use std::time::Duration;

use serde_json::{Value, json};
use towpath_core::incoming::hook::EcsHook;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::pipeline::Stage;
use towpath_core::release::{
    ActionKind, ActiveRollout, Event, Place, Release, ServiceRow, Verdict,
};

use super::verify::{Asked, verify};
use super::{is_about, is_at};
use crate::handlers::HandlerError;
use crate::ports::{Checker, Clock, Ecs, Ledger};
use crate::verified::{NotVerified, against_entries};

/// In how many seconds ECS asks again.
const ASK_AGAIN: u32 = 30;

/// Runs the checks of the stage at which ECS asks, and says what ECS is answered.
pub(super) async fn answer<P>(ports: &P, hook: &EcsHook, time_left: &impl Fn() -> Duration) -> Value
where
    P: Ledger + Ecs + Checker + Clock,
{
    let service = &hook.service;
    let verdict = match decide(ports, hook, time_left).await {
        Ok(verdict) => verdict,
        Err(error) if error.is_final() => {
            tracing::error!(%service, %error, "hook refused: what the checks say cannot be known");
            Verdict::Failed
        }
        Err(error) => {
            tracing::warn!(%service, %error, "hook not decided: ECS is told to ask again");
            Verdict::Undecided
        }
    };
    tracing::info!(%service, stage = ?hook.stage, execution = ?hook.execution, ?verdict, "hook answered");
    match verdict {
        Verdict::Passed => json!({ "hookStatus": "SUCCEEDED" }),
        Verdict::Failed => json!({ "hookStatus": "FAILED" }),
        Verdict::Undecided => {
            json!({ "hookStatus": "IN_PROGRESS", "callBackDelay": ASK_AGAIN })
        }
    }
}

async fn decide<P>(
    ports: &P,
    hook: &EcsHook,
    time_left: &impl Fn() -> Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + Ecs + Checker + Clock,
{
    if hook.is_rollback() {
        return Ok(Verdict::Passed);
    }
    let release = match find(ports, hook).await? {
        Concerns::Release(release) => release,
        Concerns::Idle(row) => return somebody_elses(ports, hook, &row).await,
        Concerns::Nobody => return refuse(hook, "the release is not in the ledger"),
    };
    is_about(&release);
    if is_rollback_deployment(&release, hook) {
        return Ok(Verdict::Passed);
    }
    if release.untrusted().is_some() {
        return refuse(hook, "the release is not trusted");
    }
    let Some((stage, live)) = here(&release, hook) else {
        return refuse(hook, "the release is not being rolled out to the service");
    };
    is_at(&stage.name);
    let deployment = match whose(&release, live, hook.deployment.as_ref()) {
        Whose::Ours(deployment) => deployment,
        Whose::RollbackPolicy => return Ok(Verdict::Passed),
        Whose::OursIfItBrings(deployment, ours) => {
            let brings = ports
                .task_definition_of(&here_of(hook), &hook.target_revision)
                .await?;
            match brings {
                Some(brings) if brings == *ours => deployment,
                Some(_) => return refuse(hook, "the deployment does not bring what was started"),
                None => return Ok(not_visible_yet(hook)),
            }
        }
        Whose::NotYetKnown => return Ok(Verdict::Undecided),
        Whose::Foreign => return refuse(hook, "the deployment was started outside of Towpath"),
    };
    let point = hook.stage.point();
    let Some(point) = point.filter(|point| stage.checks_at(*point).next().is_some()) else {
        return Ok(Verdict::Passed);
    };
    if live.progress.rollback().is_some() {
        return refuse(hook, "the deployment is being rolled back");
    }
    let asked = Asked {
        stage,
        service: &hook.service,
        deployment,
        point,
    };
    verify(ports, &release, &asked, None, time_left).await
}

/// What is not known for certain is answered with no.
fn refuse(hook: &EcsHook, why: &'static str) -> Result<Verdict, HandlerError> {
    tracing::warn!(service = %hook.service, deployment = ?hook.deployment, why, "hook refused");
    Ok(Verdict::Failed)
}

/// Whom a call concerns.
enum Concerns {
    /// The release whose deployment asks; else the one that is being rolled out to the service, for
    /// ECS may ask before it is written down which deployment is that release's.
    Release(Box<Release>),
    /// No release: nothing is being rolled out to the service.
    Idle(Box<ServiceRow>),
    /// A release that cannot be found.
    Nobody,
}

async fn find<P: Ledger>(ports: &P, hook: &EcsHook) -> Result<Concerns, HandlerError> {
    let known = match &hook.deployment {
        Some(deployment) => ports.release_of(deployment).await?,
        None => None,
    };
    let id = match known {
        Some(id) => id,
        None => {
            let row = ports.service(&hook.service).await?;
            match row.owner.clone() {
                Some(owner) => owner,
                None => return Ok(Concerns::Idle(Box::new(row))),
            }
        }
    };
    Ok(match ports.load(&id).await? {
        Some(release) => Concerns::Release(Box::new(release)),
        None => Concerns::Nobody,
    })
}

/// What a deployment is told that is no release's. Infrastructure may be changed under a task
/// definition that stays what it is; what would run something else, past every gate, may not.
async fn somebody_elses<P: Ledger + Ecs>(
    ports: &P,
    hook: &EcsHook,
    row: &ServiceRow,
) -> Result<Verdict, HandlerError> {
    if row.epoch == 0 {
        return Ok(Verdict::Passed);
    }
    if let Some(verdict) = not_verified(ports, hook, row).await? {
        return Ok(verdict);
    }
    let place = here_of(hook);
    let brings = ports
        .task_definition_of(&place, &hook.target_revision)
        .await?;
    let Some(brings) = brings else {
        return Ok(not_visible_yet(hook));
    };
    let refused = match &row.baseline {
        Some(left) => (brings != *left).then_some(
            "nothing is being rolled out to the service, and the deployment brings a task definition that Towpath did not leave there",
        ),
        None => match serves(ports, &place, hook, &brings).await? {
            None => return Ok(not_visible_yet(hook)),
            Some(serves) => (!serves).then_some(
                "nothing is being rolled out to the service, what was left there is not known, and the deployment does not bring the task definition that serves",
            ),
        },
    };
    if let Some(why) = refused {
        return refuse(hook, why);
    }
    tracing::info!(service = %hook.service, deployment = ?hook.deployment, "the deployment changes the service around its task definition");
    Ok(Verdict::Passed)
}

/// What ECS has just made may not be visible to the next call, and the hook is called within seconds:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>. ECS asks again, until
/// its own time for the hook is up.
fn not_visible_yet(hook: &EcsHook) -> Verdict {
    tracing::info!(service = %hook.service, deployment = ?hook.deployment, "ECS does not show yet what the deployment brings");
    Verdict::Undecided
}

/// What is answered where the service's row is not what the entries say: no, or to ask again when it
/// has changed meanwhile.
async fn not_verified<P: Ledger>(
    ports: &P,
    hook: &EcsHook,
    row: &ServiceRow,
) -> Result<Option<Verdict>, HandlerError> {
    let service = &hook.service;
    let mut edited = None;
    // They are read by different calls: what differs is looked at twice.
    for _ in 0..2 {
        match against_entries(ports, service, row, None).await {
            Ok(_) => return Ok(None),
            Err(NotVerified::Load(error)) => return Err(error.into()),
            Err(
                problem @ (NotVerified::Edited { .. }
                | NotVerified::Orders { .. }
                | NotVerified::Distrusted { .. }),
            ) => {
                edited = Some(problem);
            }
        }
        if ports.service(service).await? != *row {
            return Ok(Some(Verdict::Undecided));
        }
    }
    if let Some(problem) = edited {
        tracing::error!(%service, %problem, "a row of the ledger was edited");
    }
    refuse(hook, "the ledger's row of the service was edited").map(Some)
}

/// The service that asks. The function runs in its own account, so it reaches it without a role.
fn here_of(hook: &EcsHook) -> Place {
    Place {
        service: hook.service.clone(),
        role: None,
    }
}

/// Whether that task definition, and no other, ran when the deployment began; nothing while ECS does
/// not show that.
async fn serves<P: Ecs>(
    ports: &P,
    place: &Place,
    hook: &EcsHook,
    brings: &TaskDefinitionArn,
) -> Result<Option<bool>, HandlerError> {
    let Some(deployment) = &hook.deployment else {
        return Ok(Some(false));
    };
    let Some(described) = ports.service_deployment(place, deployment).await? else {
        return Ok(None);
    };
    let sources = described["sourceServiceRevisions"].as_array();
    let sources = sources.map(Vec::as_slice).unwrap_or_default();
    for source in sources {
        let Some(revision) = source["arn"].as_str() else {
            return Ok(Some(false));
        };
        match ports.task_definition_of(place, revision).await? {
            None => return Ok(None),
            Some(ran) if ran != *brings => return Ok(Some(false)),
            Some(_) => {}
        }
    }
    Ok(Some(!sources.is_empty()))
}

/// Whether the release has begun the deployment to bring back what ran before it. A release that
/// has waited for it in vain has ended, and what comes late still brings the old version back. So it
/// is with one that is not trusted, by its entries that are.
fn is_rollback_deployment(release: &Release, hook: &EcsHook) -> bool {
    let Some(asks) = &hook.deployment else {
        return false;
    };
    release.trusted_entries().iter().any(|entry| {
        matches!(&entry.event, Event::RollbackStarted { deployment: Some(back), .. } if back == asks)
    })
}

/// The stage that the release is being rolled out to, if that is the service's.
fn here<'a>(release: &'a Release, hook: &EcsHook) -> Option<(&'a Stage, &'a ActiveRollout)> {
    let live = release.active_rollout()?;
    let (stage, _) = release.current()?;
    let service = release.service_id(release.stage_index())?;
    (service == hook.service).then_some((stage, live))
}

/// Whose a deployment is.
enum Whose<'a> {
    /// The release's own.
    Ours(&'a DeploymentId),
    /// The release's own, if it brings that revision: which one was started is not written down
    /// yet.
    OursIfItBrings(&'a DeploymentId, &'a TaskDefinitionArn),
    /// The one that brings back what ran before the release.
    RollbackPolicy,
    /// It may have been started just now.
    NotYetKnown,
    /// Somebody else's.
    Foreign,
}

fn whose<'a>(
    release: &Release,
    live: &'a ActiveRollout,
    asks: Option<&'a DeploymentId>,
) -> Whose<'a> {
    let deployment = live.deployment();
    let followed = deployment.map(|deployment| &deployment.id);
    let rollback = deployment.and_then(|deployment| deployment.rollback.as_ref());
    match (asks, followed) {
        (Some(asks), Some(followed)) if asks == followed => Whose::Ours(followed),
        (Some(asks), _) if rollback.is_some_and(|rollback| rollback.id == *asks) => {
            Whose::RollbackPolicy
        }
        (Some(_), _) if release.intends(ActionKind::RollBack) => Whose::NotYetKnown,
        (Some(asks), None) if release.intends(ActionKind::Start) => match &live.revision {
            Some(ours) => Whose::OursIfItBrings(asks, ours),
            None => Whose::Foreign,
        },
        (Some(_), _) => Whose::Foreign,
        // Older documentation shows calls that name no deployment.
        (None, Some(_)) if rollback.is_some() => Whose::RollbackPolicy,
        (None, Some(followed)) => Whose::Ours(followed),
        (None, None) => Whose::NotYetKnown,
    }
}
