//! Waiting for its turn: another deployment has the deployment group, which takes one at a time. The
//! rollout's time goes on.
//!
//! | and | then |
//! |---|---|
//! | nothing is to be started any more | look whether something was, or close: see [`preparing`](super::preparing) |
//! | the other deployment was looked at just now | wait |
//! | | look at it |
//! | it is not known which one it is | try to start |

use jiff::SignedDuration;

use super::context::{MAX_POLL_INTERVAL, RolloutContext};
use super::{Step, later, perform, preparing};
use crate::release::Action;
use crate::release::rollout::TakenGroup;

/// The pause before a deployment that has the group is looked at again.
const GROUP_POLL: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn next(own: RolloutContext<'_>, group: &TakenGroup) -> Step {
    if let Some(end) = preparing::ends(own, Some(group)) {
        return end;
    }
    let looked_at = group.looked_at.unwrap_or(group.at).max(group.at);
    let pause = match &group.by {
        Some(_) => GROUP_POLL,
        // The list in which it is missing may just not have shown it yet.
        None if group.refusals <= 2 => GROUP_POLL,
        // There is none to look at, so that trying is all that tells.
        None => MAX_POLL_INTERVAL,
    };
    let due = later(looked_at, pause);
    if own.now < due {
        return Step::Wait(Some(due.min(own.live.deadline(own.stage))));
    }
    let Some(deployment) = group.by.clone() else {
        return preparing::prepare(own);
    };
    let look = Action::PollGroup {
        place: own.place.clone(),
        stage: own.stage.name.clone(),
        deployment,
        termination_skipped: group.refusals > 1,
    };
    perform(own.release, vec![look])
}
