//! A release whose plan was read and that has changed nothing yet: whether it may take its service.

use super::gate::{self, Context, Verdict};
use super::{Step, Wait, later};
use crate::release::Event;

/// How often it is written in one stage what the release waits behind.
pub(crate) const MOST_QUEUED: usize = 60;

/// `queued` is what the release is known to wait behind.
pub(super) fn next_planned(context: &Context<'_>, queued: Option<&str>) -> Step {
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
            let is_queued = |event: &Event| matches!(event, Event::Queued { .. });
            if queued == Some(by.as_str()) || release.count_here(is_queued) >= MOST_QUEUED {
                return Step::Wait(Wait {
                    what: format!("{by} at {}", stage.name),
                    due: Some(later(moment.now, pause)),
                });
            }
            Step::Record(vec![Event::Queued {
                stage: stage.name.clone(),
                behind: by,
            }])
        }
    }
}
