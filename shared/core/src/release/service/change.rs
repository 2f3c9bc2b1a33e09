//! What an append changes in the row of the service at which its release stands.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Arrival, GoodRelease, ServiceChange, ServiceWrite};
use crate::release::rollout::{
    ActiveRollout, Closing, DeploymentStatus, NotStarted, Phase, Progress,
};
use crate::release::{Event, Outcome, Release, Revision};

/// What appending `events` to `release` does to the row of the service at which it stands.
#[must_use]
pub fn service_change(
    release: &Release,
    events: &[Event],
    now: Timestamp,
) -> Option<ServiceChange> {
    // A fact from outside is true whoever owns the service now, and those who write it down have no
    // business with services.
    let decides = events.iter().any(|event| !event.traits().from_outside);
    let mut write = release
        .active_rollout()
        .filter(|_| decides)
        .map(|live| ServiceWrite::Fence { epoch: live.epoch });
    let mut stage = release.stage_index();
    let mut hold = release.active_rollout().and_then(|live| live.held.clone());
    let mut epoch = epoch_seen(release);
    let in_order = release.pipeline().arrivals.is_in_order();
    for (index, event) in events.iter().enumerate() {
        match event {
            // Rollbacks are not ordered by push time.
            Event::Planned { plan, .. } if release.rollback().is_some() => {
                epoch = plan.service.epoch;
            }
            // Where it has to wait, it is written down who is woken next.
            Event::Blocked { stage: name, .. } if release.rollback().is_some() => {
                if let Some(index) = release.stage_position(name) {
                    stage = index;
                    write = Some(ServiceWrite::Enqueue);
                }
            }
            Event::Planned { stage: name, plan } => {
                epoch = plan.service.epoch;
                // Who knows of a newer release does not arrive: the row would refuse it, and the
                // plan by which it learns that it is superseded with it.
                let newer =
                    plan.service.candidate.as_ref().is_some_and(|candidate| {
                        candidate.is_newer_than(release.image().arrived_at)
                    });
                // A plan that was read before the release ended, or went on, is no arrival.
                let here = release.conclusion().is_none()
                    && release.active_rollout().is_none()
                    && release
                        .current()
                        .is_some_and(|(stage, _)| stage.name == *name);
                if let Some(index) = release.stage_position(name)
                    && here
                    && !newer
                {
                    stage = index;
                    write = Some(if in_order {
                        ServiceWrite::Enqueue
                    } else {
                        ServiceWrite::Arrive
                    });
                }
            }
            Event::RolloutStarted { epoch, .. } => {
                let epoch = *epoch;
                write = Some(match release.rollback() {
                    None => ServiceWrite::Take { epoch },
                    Some(_) => ServiceWrite::TakeForRollback { epoch },
                });
            }
            Event::Held { reason, .. } => {
                hold = Some(reason.clone());
                if release.active_rollout().is_none() {
                    let arrives =
                        matches!(write, Some(ServiceWrite::Arrive | ServiceWrite::Enqueue));
                    let arrival = arrives.then_some(if in_order {
                        Arrival::InOrder
                    } else {
                        Arrival::Candidate
                    });
                    write = Some(ServiceWrite::Hold {
                        epoch,
                        reason: reason.clone(),
                        arrival,
                    });
                }
            }
            Event::RolloutEnded {
                stage: name,
                outcome,
                revision,
                ..
            } => match with_what_was_seen(release, &events[..index], now).active_rollout() {
                Some(live) if release.active_rollout().is_some() => {
                    let good = match (outcome, revision) {
                        (Outcome::Succeeded, Some(revision)) => {
                            let good = good_release(release, revision, now);
                            let earlier = history(release, live, &good);
                            Some((good, earlier))
                        }
                        (_, _) => None,
                    };
                    write = Some(ServiceWrite::LetGo {
                        epoch: live.epoch,
                        good,
                        baseline: baseline(live, *outcome),
                        hold: hold.clone(),
                    });
                }
                Some(_) | None if in_order || release.rollback().is_some() => {
                    if let Some(index) = release.stage_position(name) {
                        stage = index;
                        write = Some(ServiceWrite::Leave);
                    }
                }
                Some(_) | None => {}
            },
            Event::Opened { .. }
            | Event::DeploymentReported { .. }
            | Event::Voted { .. }
            | Event::ReplyRefused { .. }
            | Event::Checked { .. }
            | Event::Superseded { .. }
            | Event::Overtook { .. }
            | Event::Replaced { .. }
            | Event::BroughtBack { .. }
            | Event::PredecessorNotified { .. }
            | Event::NextNotified { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalVoided { .. }
            | Event::Blocked { .. }
            | Event::Intended { .. }
            | Event::OutcomeUnknown { .. }
            | Event::NotPerformed { .. }
            | Event::NotSeen { .. }
            | Event::Registered { .. }
            | Event::ScalingSuspended { .. }
            | Event::ScalingLeft { .. }
            | Event::DeploymentStarted { .. }
            | Event::DeploymentObserved { .. }
            | Event::RollbackStarted { .. }
            | Event::ActionRefused { .. }
            | Event::ScalingRestored { .. }
            | Event::Ended { .. }
            | Event::NotificationIntended { .. }
            | Event::CardShown { .. }
            | Event::Notified { .. }
            | Event::RollbackRequested { .. }
            | Event::Vetoed { .. }
            | Event::HookCalled { .. }
            | Event::HookAnswered { .. }
            | Event::TaskStarted { .. }
            | Event::Watched { .. }
            | Event::BaselineChanged { .. }
            | Event::RunsAlready { .. }
            | Event::GroupTaken { .. }
            | Event::GroupFreed { .. }
            | Event::TrafficAllowed { .. } => {}
        }
    }
    Some(ServiceChange {
        service: release.service_id(stage)?,
        release: release.id().clone(),
        tag: release.image().tag.clone(),
        arrived_at: match release.rollback() {
            None => release.image().arrived_at,
            Some(_) => Timestamp::UNIX_EPOCH,
        },
        digest: release.image().digest,
        write: write?,
    })
}

/// The release with what is written just before it ends, as what was seen last of a deployment.
fn with_what_was_seen<'a>(
    release: &'a Release,
    events: &[Event],
    now: Timestamp,
) -> Cow<'a, Release> {
    let mut release = Cow::Borrowed(release);
    for event in events {
        release.to_mut().apply(event, now);
    }
    release
}

/// The epoch of the service that the release knows of, while it does not own it.
fn epoch_seen(release: &Release) -> u64 {
    match release.current().map(|(_, rollout)| &rollout.phase) {
        Some(Phase::Planned { plan, .. } | Phase::Asking { plan, .. }) => plan.service.epoch,
        Some(Phase::Pending | Phase::Live(_) | Phase::Ended { .. }) | None => 0,
    }
}

/// What is good of what ran before, after a success. Before the first release of a service something
/// else ran, and can be brought back like any other.
fn history(release: &Release, live: &ActiveRollout, good: &GoodRelease) -> Vec<GoodRelease> {
    let row = &live.plan.service;
    let is_first =
        row.last_good.is_none() && row.history.is_empty() && release.rollback().is_none();
    if is_first && live.plan.previous != good.revision {
        return vec![GoodRelease {
            digest: None,
            revision: live.plan.previous.clone(),
            anew: None,
            is_from_before: true,
            ..good.clone()
        }];
    }
    row.history_after(good)
}

/// What a success leaves as good. After a rollback that is the release which was brought back.
fn good_release(release: &Release, revision: &Revision, at: Timestamp) -> GoodRelease {
    // What was brought back may have had to be registered anew; it is known by what it ran with.
    let left = revision;
    let (release_of, revision, before) = match release.rollback() {
        None => (release.id(), revision, false),
        Some(rollback) => (
            &rollback.good_release,
            &rollback.revision,
            rollback.is_from_before,
        ),
    };
    GoodRelease {
        release: release_of.clone(),
        digest: (!before).then_some(release.image().digest),
        revision: revision.clone(),
        anew: (left != revision).then(|| left.clone()),
        at,
        is_from_before: before,
    }
}

/// The revision that a rollout leaves running, if that is known.
fn baseline(live: &ActiveRollout, outcome: Outcome) -> Option<Revision> {
    if outcome == Outcome::Succeeded {
        return live.revision.clone();
    }
    let before = || Some(live.plan.previous.clone());
    let deployment = match &live.progress {
        Progress::Closing(Closing::NotStarted(NotStarted::ExternalRevision(_))) => return None,
        Progress::Preparing { .. }
        | Progress::WaitingForTurn(_)
        | Progress::Closing(Closing::NotStarted(
            NotStarted::RunsAlready | NotStarted::Refused(_),
        )) => return before(),
        Progress::Deploying(deployment)
        | Progress::Baking(deployment)
        | Progress::RollingBack { deployment, .. } => deployment,
        Progress::Closing(Closing::Over { deployment, .. }) => deployment,
    };
    match &deployment.status {
        DeploymentStatus::RolledBack { .. } | DeploymentStatus::Stopped { .. } => before(),
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Replaced { .. } => None,
    }
}
