//! What is checked when something was written, and at rest.

use jiff::Timestamp;
use towpath_core::release::{
    Decision, DeploymentStatus, Event, Outcome, Place, Reason, Recomputed, Release, ServiceChange,
    ServiceWrite, Subject, verify_row,
};
use towpath_deployer::ports::Append;

use crate::ledger::Appended;
use crate::planted::Flaw;
use crate::simulation::Simulation;

/// How far a clock may be off whose word counts.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

impl Simulation {
    /// I4, I5, I8 and the outcome's truth, when something was written.
    pub(crate) fn check_written(&mut self, append: &Append<'_>, appended: &Appended) {
        self.seen.appends += 1;
        let (before, change) = (append.release, appended.change.as_ref());
        if let Some(ServiceChange {
            service,
            release,
            arrived_at,
            digest,
            write: ServiceWrite::Take { .. },
            ..
        }) = change
        {
            let take = (service.clone(), release.clone(), *arrived_at);
            self.seen.takes.push(take);
            if self.ledger.orders.veto(digest).is_some() {
                self.violated(format!("I4: {release} takes {service}, and is vetoed"));
            }
        }
        let back = before
            .active_rollout()
            .and_then(|live| live.progress.rollback());
        if let Some(ServiceChange {
            service,
            write: ServiceWrite::LetGo { hold: None, .. },
            ..
        }) = change
            && back.is_some_and(|back| back.hold)
        {
            self.violated(format!("{service} was rolled back, and nothing holds it"));
        }
        if before.conclusion().is_some() && appended.release.conclusion() != before.conclusion() {
            self.violated(format!("{} ended twice", before.id()));
        }
        let looked_at = looked_at(before, append.events).unwrap_or(self.now);
        for event in append.events {
            self.check_event(before, event, change, looked_at);
        }
        self.check_waiting(&appended.release);
    }

    fn check_event(
        &mut self,
        before: &Release,
        event: &Event,
        change: Option<&ServiceChange>,
        looked_at: Timestamp,
    ) {
        if let Event::ApprovalRequested { .. } = event {
            let now = self.now;
            self.seen.asked_at.get_or_insert(now);
        }
        if let Event::Voted {
            approval,
            decision: Decision::Approve,
            ..
        } = event
        {
            let expires_at = before.entries().iter().filter_map(|entry| {
                if let Event::ApprovalRequested {
                    approval: asked,
                    expires_at,
                    ..
                } = &entry.event
                    && asked == approval
                {
                    Some(*expires_at)
                } else {
                    None
                }
            });
            let late = expires_at
                .max()
                .is_some_and(|expires_at| self.now > expires_at + SKEW);
            if late {
                let id = before.id();
                self.violated(format!(
                    "I4: {id} is approved after the request has expired"
                ));
            }
        }
        if let Event::RolloutEnded {
            stage,
            outcome,
            reason,
            revision,
        } = event
        {
            let at = before.stage_position(stage);
            let Some(service) = at.and_then(|index| before.service_id(index)) else {
                return;
            };
            let place = Place {
                service: service.clone(),
                role: None,
            };
            let (owned, held) = match change.map(|change| &change.write) {
                Some(ServiceWrite::LetGo { hold, .. }) => (true, hold.is_some()),
                Some(_) | None => (false, false),
            };
            let scaling = self.scaling(&place).map(|target| target.state);
            // It is for people where AWS refuses to put it back, and says so.
            if owned && matches!(reason, Reason::ScalingNotRestored { .. }) {
                self.seen
                    .wanted
                    .extend(scaling.map(|it| (service.clone(), it)));
            }
            let wanted = self.seen.wanted.get(&service).copied();
            if owned && scaling != wanted {
                self.violated(format!(
                    "I8: {service} is left with {scaling:?}, not {wanted:?}: {reason}"
                ));
            }
            let runs = self.runs(&service);
            if owned && !held && saw_failure_in_place(before) && runs == *revision {
                let id = before.id();
                self.violated(format!("{id} is left in place at {service}: {reason}"));
            }
            if owned && !held && *outcome != Outcome::Succeeded {
                let revision = before.active_rollout().and_then(|it| it.revision.clone());
                if let Some(id) = revision.and_then(|it| self.under_way(&service, &it)) {
                    let release = before.id();
                    self.violated(format!(
                        "{release} leaves {id} under way at {service}: {reason}"
                    ));
                }
            }
            // What somebody has put there by hand since it was looked at is found out next time.
            let edited = self.seen.unnoticed(&service, looked_at);
            let explained = runs == *revision || runs.as_ref() == edited;
            if *outcome == Outcome::Succeeded && !explained {
                let id = before.id();
                self.violated(format!(
                    "{id} does not serve at {service}, but {runs:?}: {reason}"
                ));
            }
        }
    }

    /// What a release has become step by step is what its entries make.
    pub(crate) fn check_folds(&mut self) {
        let mut differ = Vec::new();
        for release in self.ledger.releases() {
            let id = release.id().clone();
            match Release::fold(id, release.entries().to_vec()) {
                Ok(folded) if folded == *release => {}
                folded => differ.push(format!("the fold differs: {folded:?} and {release:?}")),
            }
        }
        for what in differ {
            self.violated(what);
        }
    }

    /// What must hold at rest.
    pub(crate) fn check_rest(&mut self) {
        self.check_folds();
        if self.flaw != Some(Flaw::NoFence) {
            let edited = self.edited_rows();
            for what in edited {
                self.violated(what);
            }
        }
        let ids = self.releases();
        for id in ids {
            let Some(release) = self.ledger.release(&id).cloned() else {
                continue;
            };
            if release.conclusion().is_none() {
                self.violated(format!("I6: {id} rests without an outcome"));
            }
            self.check_told(&release);
        }
        self.check_bulletins();
        let owned: Vec<_> = self
            .ledger
            .rows()
            .filter_map(|(service, row)| Some(format!("{service} of {}", row.owner.as_ref()?)))
            .collect();
        for service in owned {
            self.violated(format!(
                "I2: nothing is under way, and an owner has {service}"
            ));
        }
        let wanted = self.seen.wanted.clone();
        for (service, wanted) in wanted {
            let place = Place {
                service: service.clone(),
                role: None,
            };
            let scaling = self.scaling(&place).map(|target| target.state);
            if scaling != Some(wanted) {
                self.violated(format!(
                    "I8: {service} rests with {scaling:?}, not {wanted:?}"
                ));
            }
        }
    }

    /// What rows say otherwise than the entries and orders.
    fn edited_rows(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (service, row) in self.ledger.rows() {
            let orders = self.ledger.orders.about(&Subject::Service(service.clone()));
            let told = Recomputed::of(service, self.ledger.releases(), orders, true);
            let differences = told.differences(row);
            found.extend(differences.iter().map(|one| format!("{service}: {one}")));
            found.extend(told.contradictions);
            let last = row.taken_by.as_ref();
            let last = last.and_then(|last| self.ledger.release(last));
            if let Err(edited) = verify_row(service, row, Some(orders), last) {
                found.push(format!("{service}: {edited:?}"));
            }
        }
        found
    }
}

/// When the deployment was looked at last, if that is written already and not only now.
fn looked_at(before: &Release, events: &[Event]) -> Option<Timestamp> {
    let looked = |event: &Event| matches!(event, Event::DeploymentObserved { .. });
    if events.iter().any(looked) {
        return None;
    }
    let mut entries = before.entries().iter().rev();
    entries.find(|it| looked(&it.event)).map(|it| it.at)
}

/// Whether the release has seen that its deployment failed and was left in place.
fn saw_failure_in_place(release: &Release) -> bool {
    let deployment = release.active_rollout().and_then(|live| live.deployment());
    deployment.is_some_and(|it| matches!(it.status, DeploymentStatus::FailedInPlace { .. }))
}
