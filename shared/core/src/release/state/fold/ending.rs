//! What ends: an action that is refused, a rollout, and the time for which a release has served.

use jiff::Timestamp;

use crate::names::StageName;
use crate::release::rollout::Phase;
use crate::release::successor::{Aftermath, Instead};
use crate::release::{
    ActionKind, Conclusion, Outcome, RefusedAction, Release, Revision, WhyRefused,
};

impl Release {
    pub(super) fn action_refused(&mut self, action: ActionKind, why: &WhyRefused, at: Timestamp) {
        self.settle(action);
        match action {
            ActionKind::Plan => {
                self.with_current(|rollout| rollout.unplannable = Some(why.clone()));
            }
            // What others are told is a courtesy: it is not tried for ever.
            ActionKind::Supersede => self.overtake_candidate(),
            ActionKind::NotifyNext => {
                self.let_go.pop_first();
            }
            ActionKind::Register
            | ActionKind::SuspendScaling
            | ActionKind::Start
            | ActionKind::RunTask
            | ActionKind::RunChecks
            | ActionKind::AnswerHook
            | ActionKind::Continue
            | ActionKind::Observe
            | ActionKind::RollBack
            | ActionKind::RestoreScaling
            | ActionKind::Notify => {
                let why = why.clone();
                let refused = RefusedAction { action, why };
                self.with_live(|live| live.refused(action, refused, at));
            }
        }
    }

    pub(super) fn rollout_ended(
        &mut self,
        stage: &StageName,
        conclusion: Conclusion,
        revision: Option<&Revision>,
        at: Timestamp,
    ) {
        let open = self.current().is_some_and(|(at, rollout)| {
            at.name == *stage && !matches!(rollout.phase, Phase::Ended { .. })
        });
        if !open {
            return;
        }
        self.outstanding = None;
        self.overtaken.clear();
        if conclusion.outcome == Outcome::Succeeded {
            self.to_tell.extend(self.concerned_by_success());
        }
        // Who waits in order makes room for the next one, too, and so does a rollback, which may have
        // been woken in the place of another.
        let waited = self.pipeline.arrivals.is_in_order() || self.rollback.is_some();
        if self.active_rollout().is_some() || waited {
            self.let_go.extend(self.service_id(self.stage_index()));
        }
        let epoch = self.active_rollout().map(|live| live.epoch);
        self.with_stage(stage, |rollout| {
            rollout.phase = Phase::Ended {
                conclusion,
                revision: revision.cloned(),
                epoch,
                at,
            };
        });
    }

    /// What has become of the release where it has served.
    pub(super) fn learn(
        &mut self,
        stage: &StageName,
        instead: Option<Instead>,
        epoch: u64,
        at: Timestamp,
    ) {
        let mut rollouts = self.rollouts.iter_mut();
        if let Some(rollout) = rollouts.find(|rollout| rollout.stage == *stage) {
            rollout.aftermath = Some(Aftermath { instead, at, epoch });
        }
    }

    /// The older release that waits at the stage counts as told.
    fn overtake_candidate(&mut self) {
        let candidate = match self.current().map(|(_, rollout)| &rollout.phase) {
            Some(Phase::Planned { plan, .. }) => plan.service.candidate.clone(),
            Some(Phase::Pending | Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. })
            | None => None,
        };
        self.overtaken.extend(self.found_older().cloned());
        self.overtaken
            .extend(candidate.map(|candidate| candidate.release));
    }
}
