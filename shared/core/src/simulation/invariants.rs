//! What must hold at every step, whatever happens. What does not is kept as a violation, so that
//! a test can show the whole list.

use std::collections::BTreeSet;

use super::world::World;
use crate::names::{DeploymentId, Fingerprint};
use crate::pipeline::ApprovalPoint;
use crate::release::{
    Action, ActionKind, Decision, DeploymentStatus, Event, Outcome, Principal, Release, Revision,
    ServiceChange, ServiceId, ServiceWrite, Task,
};

impl World {
    /// I2 and I3, before a call is made.
    pub(super) fn check_before(&mut self, release: &Release, task: &Task) {
        if !task.action.needs_intent() {
            return;
        }
        if let Some(service) = service_of(&task.action) {
            let owner = self.ledger.row(service).owner;
            if owner.as_ref() != Some(release.id()) {
                let kind = task.action.kind();
                let id = release.id();
                self.violated(format!("I2: {id} is to {kind} at {service} of {owner:?}"));
            }
        }
        let intended = release
            .entries()
            .iter()
            .any(|entry| matches!(&entry.event, Event::Intended { actions, .. } if actions.contains(&task.action)));
        if !intended {
            self.violated(format!("I2: not intended: {:?}", task.action));
        }
        if task.action.kind() == ActionKind::Start && !task.again {
            let start = (release.id().clone(), release.stage_index());
            // What was refused because the group was taken has certainly not begun.
            let was_refused = release.live().is_some_and(|live| live.group.is_some());
            if !self.started.insert(start) && !was_refused {
                self.violated(format!("I3: {} starts anew: {task:?}", release.id()));
            }
        }
    }

    /// I1, I3, I4 and I5, when a deployment is about to begin.
    pub(super) fn check_start(&mut self, release: &Release, at: &ServiceId, revision: &Revision) {
        let id = release.id();
        let running = self.aws.service(at).running();
        let ours = running.filter(|running| running.by == *id).count();
        if ours > 0 {
            self.violated(format!("I3: {id} has a deployment at {at} already"));
        }
        let took = self.takes.iter().filter(|(service, ..)| service == at);
        let newest = took.map(|(_, _, arrived_at)| *arrived_at).max();
        let is_rollback = release.rollback().is_some();
        if !is_rollback && newest.is_some_and(|newest| newest > release.image().arrived_at) {
            self.violated(format!("I5: {id} overtakes {newest:?} at {at}"));
        }
        let service = self.aws.service(at);
        // What somebody has put there counts as what runs only where Towpath left nothing itself.
        let explained = release.live().is_some_and(|live| {
            let plan = &live.plan;
            let left = plan.service.baseline.as_ref();
            plan.current == service.current && left.is_none_or(|left| *left == plan.current)
        });
        let says = service.says(revision);
        if !explained && !is_rollback {
            self.violated(format!("I9: {id} overwrites what somebody put at {at}"));
        }
        let gate = release
            .current()
            .and_then(|(stage, _)| stage.approval.as_ref());
        if gate.is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic) {
            return;
        }
        let stored = self.ledger.load(id);
        if let Some(problem) = says.map_or_else(
            || Some("the revision does not exist".to_owned()),
            |says| not_granted(&stored, &says),
        ) {
            self.violated(format!("I1, I4: {id} starts at {at}, but {problem}"));
        }
    }

    /// I1 and I4, when a deployment's traffic is about to be let through.
    pub(super) fn check_let_through(
        &mut self,
        release: &Release,
        at: &ServiceId,
        deployment: &DeploymentId,
    ) {
        let id = release.id();
        let service = self.aws.service(at);
        let running = service.deployments.iter().find(|it| it.id == *deployment);
        let says = running.and_then(|it| service.says(&it.revision));
        let stored = self.ledger.load(id);
        if let Some(problem) = says.map_or_else(
            || Some("there is no such deployment".to_owned()),
            |says| not_granted(&stored, &says),
        ) {
            self.violated(format!("I1, I4: traffic of {id} at {at}, but {problem}"));
        }
    }

    /// What a release has become step by step is what its entries make.
    pub(super) fn check_folds(&mut self) {
        for id in self.ledger.ids() {
            let release = self.ledger.load(&id);
            match Release::fold(id, release.entries().to_vec()) {
                Ok(folded) if folded == release => {}
                folded => self.violated(format!("the fold differs: {folded:?} and {release:?}")),
            }
        }
    }

    /// I5, I8 and the outcome's truth, when something was written.
    pub(super) fn check_written(
        &mut self,
        before: &Release,
        after: &Release,
        events: &[Event],
        change: Option<&ServiceChange>,
    ) {
        if let Some(ServiceChange {
            service,
            release,
            arrived_at,
            digest,
            write: ServiceWrite::Take { .. },
            ..
        }) = change
        {
            self.takes
                .push((service.clone(), release.clone(), *arrived_at));
            if self.ledger.is_vetoed(digest) {
                self.violated(format!("I4: {release} takes {service}, and is vetoed"));
            }
        }
        let held = before.live().is_some_and(|live| {
            let back = live.rolling_back.as_ref();
            back.is_some_and(|back| back.hold)
        });
        if let Some(ServiceChange {
            service,
            write: ServiceWrite::Free { hold: None, .. },
            ..
        }) = change
            && held
        {
            self.violated(format!("{service} was rolled back, and nothing holds it"));
        }
        if before.conclusion().is_some() && after.conclusion() != before.conclusion() {
            self.violated(format!("{} ended twice", after.id()));
        }
        for event in events {
            let Event::RolloutEnded {
                stage,
                outcome,
                reason,
                revision,
            } = event
            else {
                continue;
            };
            let at = before.stage_position(stage);
            let Some(at) = at.and_then(|index| before.service_id(index)) else {
                continue;
            };
            let owned = matches!(
                change,
                Some(ServiceChange {
                    write: ServiceWrite::Free { .. },
                    ..
                })
            );
            let by_hand = reason.contains("register-scalable-target");
            let service = self.aws.service(&at);
            if owned && by_hand {
                service.wanted = service.scaling;
            }
            let (scaling, wanted) = (service.scaling, service.wanted);
            // Who puts something there by hand in that moment is found out next time.
            let serves = Some(&service.current) == revision.as_ref() || service.foreign.is_some();
            let left = saw_failure_in_place(before) && service.stands_on_a_failure_of(before.id());
            if owned && scaling != wanted {
                self.violated(format!("I8: {at} is left with {scaling:?}, not {wanted:?}"));
            }
            let held = matches!(
                change,
                Some(ServiceChange {
                    write: ServiceWrite::Free { hold: Some(_), .. },
                    ..
                })
            );
            if owned && left && !held {
                self.violated(format!("{} is left in place at {at}: {reason}", after.id()));
            }
            if *outcome == Outcome::Succeeded && !serves {
                self.violated(format!("{} does not serve at {at}: {reason}", after.id()));
            }
        }
    }
}

/// Whether the release has seen that its deployment failed and was left in place.
fn saw_failure_in_place(release: &Release) -> bool {
    let deployment = release.live().and_then(|live| live.deployment.as_ref());
    deployment.is_some_and(|it| matches!(it.status, DeploymentStatus::FailedInPlace { .. }))
}

/// Why the release may not be started with a definition that says this, if so: judged from the
/// entries alone, by other means than the core's own.
fn not_granted(release: &Release, says: &Fingerprint) -> Option<String> {
    let (stage, _) = release.current()?;
    let gate = stage.approval.as_ref()?;
    let mut asked = None;
    let mut approved = BTreeSet::new();
    for entry in release.entries() {
        if let Event::ApprovalRequested {
            stage: at,
            approval,
            digest,
            spec,
            ..
        } = &entry.event
            && *at == stage.name
        {
            approved.clear();
            asked = Some((approval, digest, spec));
        }
        if let Event::ApprovalVoided { .. } = &entry.event {
            asked = None;
        }
        if let Event::Voted {
            approval,
            by,
            decision,
            ..
        } = &entry.event
            && asked.is_some_and(|(id, ..)| id == approval)
        {
            match decision {
                Decision::Reject => return Some(format!("{by} has rejected it")),
                Decision::Approve => approved.insert(by),
            };
        }
    }
    let Some((_, digest, spec)) = asked else {
        return Some("nobody was asked".into());
    };
    let eligible = |by: &&Principal| match by {
        Principal::Slack(user) => gate.slack.contains(user),
        Principal::TokenHolder => gate.sns,
        Principal::Aws(_) | Principal::Deployer => false,
    };
    let enough = approved.into_iter().filter(eligible).count() >= usize::from(gate.required);
    let same = *digest == release.image().digest && spec == says;
    match (enough, same) {
        (true, true) => None,
        (false, _) => Some("too few have approved it".into()),
        (true, false) => Some("something else was approved".into()),
    }
}

fn service_of(action: &Action) -> Option<&ServiceId> {
    match action {
        Action::Start(start) => Some(&start.place.service),
        Action::Plan { place, .. }
        | Action::Register { place, .. }
        | Action::SuspendScaling { place, .. }
        | Action::RunTask { place, .. }
        | Action::RunChecks { place, .. }
        | Action::AnswerHook { place, .. }
        | Action::Continue { place, .. }
        | Action::Observe { place, .. }
        | Action::LookAtGroup { place, .. }
        | Action::RollBack { place, .. }
        | Action::RestoreScaling { place, .. } => Some(&place.service),
        Action::Supersede { service, .. } | Action::WakeCandidate { service } => Some(service),
        Action::TellEarlier { .. }
        | Action::PostCard { .. }
        | Action::UpdateCard { .. }
        | Action::Reply { .. }
        | Action::Publish { .. } => None,
    }
}
