//! What each action does to the world, and what its caller hears of it.

use super::run::Came;
use super::sample;
use super::telling::told;
use super::world::{Flaw, World};
use crate::names::Fingerprint;
use crate::release::{
    Accepted, Action, ActionKind, Event, Incoming, Phase, Plan, Release, ServiceId, Task, accept,
};

/// What befalls one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Refused,
    NotDone,
    AnswerLost,
    DeathBefore,
    DeathAfter,
}

const FATES: [Fate; 6] = [
    Fate::Done,
    Fate::NotDone,
    Fate::AnswerLost,
    Fate::DeathBefore,
    Fate::DeathAfter,
    Fate::Refused,
];

impl World {
    /// Performs a task for a run that knows `release`.
    pub(super) fn perform(&mut self, release: &Release, task: &Task) -> Came {
        self.check_before(release, task);
        let kind = task.action.kind();
        // Three calls in four are done.
        let fate = match self.dice.roll(4) {
            3 => FATES[self.dice.roll(FATES.len())],
            _ => Fate::Done,
        };
        let final_refusal = !matches!(
            kind,
            ActionKind::Observe
                | ActionKind::Supersede
                | ActionKind::WakeCandidate
                | ActionKind::Tell
        );
        match fate {
            Fate::Done => self.effect(release, task),
            Fate::Refused if final_refusal => Came::To(vec![Event::ActionRefused {
                action: kind,
                reason: "as the dice fell".into(),
            }]),
            Fate::Refused | Fate::NotDone => Came::Nothing,
            Fate::AnswerLost => {
                self.effect(release, task);
                Came::Nothing
            }
            Fate::DeathBefore => Came::Death,
            Fate::DeathAfter => {
                self.effect(release, task);
                Came::Death
            }
        }
    }

    fn effect(&mut self, release: &Release, task: &Task) -> Came {
        let look = task.again && self.flaw != Some(Flaw::NoLookForEvidence);
        let event = match &task.action {
            Action::Plan { stage, place, .. } => Event::Planned {
                stage: stage.clone(),
                plan: Box::new(self.read_plan(release, &place.service)),
            },
            Action::Register { place, spec, .. } => {
                let service = self.aws.service(&place.service);
                let found = look.then(|| service.saying(spec)).flatten();
                Event::Registered {
                    found: found.is_some(),
                    revision: found.unwrap_or_else(|| service.register(spec)),
                }
            }
            Action::SuspendScaling { place, state } => {
                self.aws.service(&place.service).scaling = Some(*state);
                Event::ScalingSuspended { state: *state }
            }
            Action::RestoreScaling { place, state } => {
                self.aws.service(&place.service).scaling = Some(*state);
                Event::ScalingRestored { state: *state }
            }
            Action::StartRolling { place, revision }
            | Action::StartCodeDeploy {
                place, revision, ..
            } => {
                let at = &place.service;
                let ours = |revision: &_| {
                    let running = self.aws.service(at).deployments.iter().rev();
                    let mut ours = running
                        .filter(|running| running.by == *release.id())
                        .filter(|running| running.revision == *revision);
                    ours.next().map(|running| running.id.clone())
                };
                let found = look.then_some(revision).and_then(ours);
                Event::DeploymentStarted {
                    found: found.is_some(),
                    deployment: found.unwrap_or_else(|| {
                        self.check_start(release, at, revision);
                        self.aws.start(at, release.id(), revision)
                    }),
                }
            }
            Action::Observe {
                place, deployment, ..
            } => {
                let running = &self.aws.service(&place.service).deployments;
                let Some(running) = running.iter().find(|running| running.id == *deployment) else {
                    return Came::Nothing;
                };
                Event::DeploymentObserved {
                    deployment: deployment.clone(),
                    status: running.status.clone(),
                }
            }
            Action::RollBack {
                place,
                deployment,
                reason,
                ..
            } => {
                self.aws
                    .service(&place.service)
                    .roll_back(deployment, reason);
                Event::RollbackStarted {
                    deployment: None,
                    reason: reason.clone(),
                }
            }
            Action::Supersede { older, service } => {
                let fact = Incoming::Superseded {
                    by: release.id().clone(),
                    pushed_at: release.image().pushed_at,
                    service: service.clone(),
                };
                if !self.deliver(older, fact) {
                    return Came::Nothing;
                }
                Event::Overtook {
                    older: older.clone(),
                }
            }
            Action::WakeCandidate { service } => {
                let waiting = self.ledger.row(service).candidate;
                let next = waiting.map(|candidate| candidate.release);
                if let Some(next) = &next {
                    self.due.insert(next.clone(), self.now);
                }
                Event::Woke {
                    service: service.clone(),
                    next,
                }
            }
            Action::PostCard { .. }
            | Action::UpdateCard { .. }
            | Action::Reply { .. }
            | Action::Publish { .. } => match told(&task.action) {
                Some(event) => event,
                None => return Came::Nothing,
            },
        };
        Came::To(vec![event])
    }

    fn read_plan(&mut self, release: &Release, at: &ServiceId) -> Plan {
        // The row first: whoever takes the service on this plan is then sure that nobody else has
        // changed it since the rest was read.
        let row = self.ledger.row(at);
        let service = self.aws.service(at);
        let image = release.image();
        let spec = Fingerprint::of(format!("{} {}", image.digest, service.edits));
        Plan {
            current: service.current.clone(),
            base: crate::release::BaseRevision::Revision(service.current.clone()),
            reuse: service.saying(&spec),
            spec,
            scaling: service.scaling,
            service: row,
            ..sample::plan()
        }
    }

    /// Delivers a fact from outside: it is accepted and written, or adds nothing. Whether it could
    /// be delivered at all.
    pub(super) fn deliver(&mut self, id: &crate::names::ReleaseId, fact: Incoming) -> bool {
        let release = self.ledger.load(id);
        let Ok(Accepted::Add(events)) = accept(&release, fact.clone(), self.now) else {
            return true;
        };
        let Ok(after) = self.append(&release, &events, self.now) else {
            return false;
        };
        if let Ok(Accepted::Add(again)) = accept(&after, fact.clone(), self.now) {
            self.violated(format!("{fact:?}, delivered twice, added {again:?}"));
        }
        self.due.insert(id.clone(), self.now);
        self.heard.push((id.clone(), fact));
        true
    }

    /// Whether a release is asking people, and under which id.
    pub(super) fn asks(&self, id: &crate::names::ReleaseId) -> Option<crate::names::ApprovalId> {
        let release = self.ledger.load(id);
        let (_, rollout) = release.current()?;
        match &rollout.phase {
            Phase::Asking { approval, .. } => Some(approval.id.clone()),
            Phase::Planned { granted, .. } => granted.as_ref().map(|given| given.id.clone()),
            Phase::Live(live) => live.granted.as_ref().map(|given| given.id.clone()),
            Phase::Pending | Phase::Ended { .. } => None,
        }
    }
}
