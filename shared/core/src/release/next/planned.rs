//! A release whose plan was read and that has changed nothing yet: whether it may take its service.

use super::gate::{self, Context, Verdict};
use super::{Step, later};
use crate::release::{BlockedBy, Event};

/// How often it is written in one stage what the release waits for.
pub(crate) const MAX_BLOCKED: usize = 60;

/// `known` is what the release is known to wait for.
pub(super) fn next_planned(context: &Context<'_>, known: Option<&BlockedBy>) -> Step {
    let Context {
        release,
        stage,
        plan,
        moment,
        ..
    } = *context;
    match gate::ask(context) {
        Verdict::Open => Step::Record(vec![Event::RolloutStarted {
            stage: stage.name.clone(),
            epoch: plan.service.epoch.saturating_add(1),
        }]),
        Verdict::First(step) => step,
        Verdict::Blocked { by, pause } => {
            let is_blocked = |event: &Event| matches!(event, Event::Blocked { .. });
            if known == Some(&by) || release.count_here(is_blocked) >= MAX_BLOCKED {
                return Step::Wait(Some(later(moment.now, pause)));
            }
            Step::Record(vec![Event::Blocked {
                stage: stage.name.clone(),
                by,
            }])
        }
    }
}
