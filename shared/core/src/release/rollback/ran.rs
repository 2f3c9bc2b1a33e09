//! What a release has run in a service, by its own entries.

use jiff::Timestamp;

use crate::names::StageName;
use crate::release::{DeploymentStatus, Event, Outcome, Release, Revision, ServiceId};

/// The revision that a release stands for in a service, and since when: the one that it served with,
/// or the one that ran `before` it. A rollback stands for none: another release's own entries say
/// what it has brought.
#[must_use]
pub fn ran<'a>(
    release: &'a Release,
    service: &ServiceId,
    before: bool,
) -> Option<(&'a Revision, Timestamp)> {
    if release.rollback().is_some() {
        None
    } else if before {
        ran_before(release, service)
    } else {
        served_with(release, service)
    }
}

/// What a release served with: all of production traffic was on it, or it succeeded. How its
/// rollout ended is another matter.
fn served_with<'a>(release: &'a Release, service: &ServiceId) -> Option<(&'a Revision, Timestamp)> {
    let (mut here, mut registered, mut found) = (false, None, None);
    for entry in release.trusted_entries() {
        if let Event::RolloutStarted { stage, .. } = &entry.event {
            here = is_at(release, stage, service);
            registered = None;
        }
        if let Event::Registered { revision, .. } = &entry.event {
            registered = Some(revision).filter(|_| here);
        }
        if let Event::DeploymentObserved {
            status: DeploymentStatus::Shifted { .. } | DeploymentStatus::Succeeded,
            ..
        } = &entry.event
        {
            found = registered.map(|revision| (revision, entry.at)).or(found);
        }
        if let Event::RolloutEnded {
            stage,
            outcome: Outcome::Succeeded,
            revision: Some(revision),
            ..
        } = &entry.event
            && is_at(release, stage, service)
        {
            found = Some((revision, entry.at));
        }
    }
    found
}

/// What ran in a service when a release took it, as its plan has it.
fn ran_before<'a>(release: &'a Release, service: &ServiceId) -> Option<(&'a Revision, Timestamp)> {
    let mut planned = None;
    for entry in release.trusted_entries() {
        if let Event::Planned { stage, plan } = &entry.event
            && is_at(release, stage, service)
        {
            planned = Some((&plan.previous, entry.at));
        }
        if let Event::RolloutStarted { stage, .. } = &entry.event
            && is_at(release, stage, service)
        {
            return planned;
        }
    }
    None
}

fn is_at(release: &Release, stage: &StageName, service: &ServiceId) -> bool {
    let index = release.stage_position(stage);
    index.and_then(|index| release.service_id(index)).as_ref() == Some(service)
}
