//! A deployment whose green is ready and that waits for its traffic.

use jiff::SignedDuration;

use super::context::RolloutContext;
use super::follow::follow;
use super::{Step, approval_id, later, perform};
use crate::names::PauseId;
use crate::pipeline::ApprovalPoint;
use crate::release::rollout::Deployment;
use crate::release::vote::Standing;
use crate::release::{Action, Event};

/// How often a deployment's traffic is let through: one that has that many pauses has none that are
/// its own.
pub(crate) const MAX_LET_THROUGH: usize = 30;

pub(super) fn next_ready(
    own: RolloutContext<'_>,
    deployment: &Deployment,
    pause: Option<&PauseId>,
) -> Step {
    let RolloutContext {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    let through = || {
        let let_through = |event: &Event| matches!(event, Event::TrafficAllowed { .. });
        if release.count_here(let_through) >= MAX_LET_THROUGH {
            return follow(own, deployment, None);
        }
        let action = Action::Continue {
            place: place.clone(),
            engine: stage.engine.clone(),
            deployment: deployment.id.clone(),
            pause: pause.cloned(),
        };
        perform(release, vec![action])
    };
    let gate = stage.approval.as_ref();
    let Some(gate) = gate.filter(|gate| gate.when == ApprovalPoint::BeforeTraffic) else {
        return through();
    };
    match &live.asked {
        None => {
            // A deployment that stops waiting is over, whoever decides then.
            let waits = live.plan.ready_minutes.map(|minutes| {
                later(
                    deployment.observed_at,
                    SignedDuration::from_mins(minutes.into()),
                )
            });
            let expires_at = later(now, gate.expires.into());
            Step::Record(vec![Event::ApprovalRequested {
                stage: stage.name.clone(),
                approval: approval_id(stage, own.approvals),
                digest: release.image().digest,
                spec: live.plan.spec.clone(),
                expires_at: waits.map_or(expires_at, |waits| waits.min(expires_at)),
                previous: Some(live.plan.previous.clone()),
            }])
        }
        Some(asked) => match asked.standing() {
            Standing::Granted => through(),
            // A rejection takes the rollout back, before it comes to this.
            Standing::Open | Standing::Rejected(_) => {
                follow(own, deployment, Some(asked.expires_at))
            }
        },
    }
}
