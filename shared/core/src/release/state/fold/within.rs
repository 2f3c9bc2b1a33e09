//! Which part of the state an event is about: the stage where the release stands, its rollout there, and
//! what is intended.

use crate::names::StageName;
use crate::release::outstanding::Outstanding;
use crate::release::rollout::{ActiveRollout, Phase, Rollout};
use crate::release::{Action, ActionKind, CheckResult, Release};

impl Release {
    pub(super) fn settle(&mut self, kind: ActionKind) {
        self.settle_all(|action| action.kind() == kind);
    }

    /// A check whose task could not be run has failed, and nothing more is heard of that task.
    pub(super) fn settle_tasks(&mut self, results: &[CheckResult]) {
        self.settle_all(|action| {
            matches!(action, Action::RunTask { check, .. }
                if results.iter().any(|result| result.check == *check))
        });
    }

    pub(super) fn settle_all(&mut self, is_known: impl Fn(&Action) -> bool) {
        let outstanding = self.outstanding.take();
        self.outstanding = outstanding.and_then(|mut it| it.settle(is_known).then_some(it));
    }

    pub(super) fn with_outstanding(&mut self, change: impl FnOnce(&mut Outstanding)) {
        if let Some(outstanding) = &mut self.outstanding {
            change(outstanding);
        }
    }

    /// Changes the rollout to that stage, if the release stands there.
    pub(super) fn with_stage(&mut self, stage: &StageName, change: impl FnOnce(&mut Rollout)) {
        self.with_current(|rollout| {
            if rollout.stage == *stage {
                change(rollout);
            }
        });
    }

    pub(super) fn with_current(&mut self, change: impl FnOnce(&mut Rollout)) {
        let index = self.stage_index();
        if let Some(rollout) = self.rollouts.get_mut(index) {
            change(rollout);
        }
    }

    pub(super) fn with_live_in(
        &mut self,
        stage: &StageName,
        change: impl FnOnce(&mut ActiveRollout),
    ) {
        self.with_stage(stage, |rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }

    pub(super) fn with_live(&mut self, change: impl FnOnce(&mut ActiveRollout)) {
        self.with_current(|rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }
}
