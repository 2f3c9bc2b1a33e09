//! A rollout that owns its service: each step has its own file.

use super::changes::place;
use super::context::RolloutContext;
use super::{Step, Tick, baking, closing, deploying, end, finish, preparing, rolling_back, turn};
use crate::pipeline::Stage;
use crate::release::rollout::{ActiveRollout, Progress};
use crate::release::{EndReason, Outcome, Release};

pub(super) fn next_live(
    release: &Release,
    stage: &Stage,
    live: &ActiveRollout,
    approvals: u32,
    moment: Tick,
) -> Step {
    if let Some(outstanding) = release.outstanding()
        && moment.now < outstanding.until
        && !crate::planted!(IntentOfOthersIgnored)
    {
        return Step::Wait(Some(outstanding.until));
    }
    let Some(place) = place(release, stage) else {
        return end(Outcome::Refused, EndReason::NoService);
    };
    let own = RolloutContext {
        release,
        stage,
        live,
        approvals,
        place: &place,
        now: moment.now,
    };
    match &live.progress {
        Progress::Preparing { .. } => preparing::next(own),
        Progress::WaitingForTurn(group) => turn::next(own, group),
        Progress::Deploying(deployment) => deploying::next(own, deployment),
        Progress::Baking(deployment) => baking::next(own, deployment),
        Progress::RollingBack { deployment, .. } => rolling_back::next(own, deployment),
        Progress::Closing(closing) => finish::finish(own, closing::conclusion(own, closing)),
    }
}
