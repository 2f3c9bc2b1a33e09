//! What each action does to the world, and what its caller hears of it.

use super::run::Came;
use super::sample;
use super::telling::told;
use super::world::{Flaw, World};
use crate::names::Fingerprint;
use crate::names::StageName;
use crate::pipeline::{ApprovalPoint, Rollout};
use crate::release::{
    Accepted, Action, ActionKind, Candidate, Event, Incoming, Outcome, Phase, Plan, Release,
    ServiceId, Start, Task, accept,
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
            ActionKind::RunTask
                | ActionKind::RunChecks
                | ActionKind::AnswerHook
                | ActionKind::Observe
                | ActionKind::Supersede
                | ActionKind::WakeCandidate
                | ActionKind::Tell
        );
        match fate {
            Fate::Done => self.effect(release, task),
            Fate::Refused if final_refusal => Came::To(vec![Event::ActionRefused {
                action: kind,
                reason: self.words(),
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
            Action::Start(start) => {
                let Start {
                    place,
                    stage,
                    revision,
                    ..
                } = &**start;
                let at = &place.service;
                let before = &start.before;
                let ours = |revision: &_| {
                    let running = self.aws.service(at).deployments.iter().rev();
                    let mut ours = running
                        .filter(|running| running.by == *release.id())
                        .filter(|running| running.revision == *revision);
                    ours.next().map(|running| running.id.clone())
                };
                let found = look.then_some(revision).and_then(ours);
                let current = self.aws.service(at).current.clone();
                let changed = current != *before && current != *revision;
                if found.is_none() && changed && self.flaw != Some(Flaw::NoBaseline) {
                    return Came::To(vec![Event::BaselineChanged {
                        stage: stage.clone(),
                        found: current.short().to_owned(),
                    }]);
                }
                let by_codedeploy = matches!(start.rollout, Rollout::CodeDeploy(_));
                let idle = self.aws.service(at).running().next().is_none();
                if found.is_none() && !by_codedeploy && idle && current == *revision {
                    return Came::To(vec![Event::RunsAlready {
                        stage: stage.clone(),
                    }]);
                }
                if found.is_none() && by_codedeploy && self.dice.roll(8) == 7 {
                    return Came::To(vec![Event::GroupTaken {
                        stage: stage.clone(),
                        by: "d-OTHER".parse().ok(),
                    }]);
                }
                let waits = waits(release, stage);
                Event::DeploymentStarted {
                    also: None,
                    found: found.is_some(),
                    deployment: found.unwrap_or_else(|| {
                        self.check_start(release, at, revision);
                        self.aws.start(at, release.id(), revision, waits)
                    }),
                }
            }
            Action::LookAtGroup { stage, .. } => {
                let stage = stage.clone();
                match self.dice.roll(2) {
                    0 => Event::GroupFreed { stage },
                    _ => Event::Watched { stage },
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
                outcome,
                hold,
                ..
            } => {
                let insists = *hold || *outcome != Outcome::RolledBack;
                let service = self.aws.service(&place.service);
                service.roll_back(deployment, reason, insists);
                Event::RollbackStarted {
                    deployment: None,
                    also: None,
                    reason: reason.clone(),
                    outcome: *outcome,
                    hold: *hold,
                }
            }
            Action::Continue {
                place,
                deployment,
                pause,
                ..
            } => {
                self.check_let_through(release, &place.service, deployment);
                self.aws.service(&place.service).let_through(deployment);
                Event::TrafficAllowed {
                    deployment: deployment.clone(),
                    pause: pause.clone(),
                }
            }
            Action::RunTask {
                place,
                stage,
                check,
                started_by,
                ..
            } => self.run_task(&place.service, stage, check, started_by, look),
            Action::RunChecks {
                stage,
                at,
                deployment,
                checks,
                decide,
                ..
            } => self.run_checks(stage, *at, deployment.as_ref(), checks, *decide),
            Action::AnswerHook {
                deployment,
                at,
                passed,
                ..
            } => Event::HookAnswered {
                deployment: deployment.clone(),
                at: *at,
                passed: *passed,
            },
            Action::Supersede { older, service } => {
                let fact = Incoming::Superseded {
                    by: Candidate::of(release),
                    service: service.clone(),
                };
                if !self.deliver(older, fact) {
                    return Came::Nothing;
                }
                Event::Overtook {
                    older: older.clone(),
                }
            }
            Action::TellEarlier { earlier, successor } => {
                let service = successor.service.clone();
                if !self.deliver(earlier, Incoming::Succeeded(successor.clone())) {
                    return Came::Nothing;
                }
                Event::ToldEarlier {
                    earlier: earlier.clone(),
                    service,
                }
            }
            Action::WakeCandidate { service } => {
                let row = self.ledger.row(service);
                let waiting = row.waiting.into_iter().chain(row.candidate);
                let next = waiting
                    .map(|candidate| candidate.release)
                    .find(|next| next != release.id());
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
            | Action::Publish { .. } => {
                self.hear(release.id(), &task.action);
                match told(&task.action) {
                    Some(event) => event,
                    None => return Came::Nothing,
                }
            }
        };
        Came::To(vec![event])
    }

    fn read_plan(&mut self, release: &Release, at: &ServiceId) -> Plan {
        // The row first: whoever takes the service on this plan is then sure that nobody else has
        // changed it since the rest was read.
        let row = self.ledger.row(at);
        let vetoed = self.ledger.is_vetoed(&release.image().digest);
        let service = self.aws.service(at);
        let image = release.image();
        let spec = match release.rollback() {
            // What is brought back says exactly what it said.
            Some(rollback) => service.says(&rollback.revision),
            None => None,
        };
        let spec =
            spec.unwrap_or_else(|| Fingerprint::of(format!("{} {}", image.digest, service.edits)));
        Plan {
            current: service.current.clone(),
            base: crate::release::BaseRevision::Revision(service.current.clone()),
            reuse: service.saying(&spec),
            spec,
            scaling: service.scaling.map(sample::scalable),
            veto: vetoed.then(|| "somebody vetoed it".to_owned()),
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
            Phase::Live(live) => live.approval().map(|given| given.id.clone()),
            Phase::Pending | Phase::Ended { .. } => None,
        }
    }
}

/// Whether the deployment waits until its traffic is let through.
fn waits(release: &Release, stage: &StageName) -> bool {
    let stage = release.pipeline().stage(stage);
    let gate = stage.and_then(|stage| stage.approval.as_ref());
    gate.is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic)
}
