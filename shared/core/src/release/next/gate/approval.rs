//! People are asked before anything is changed, where the stage says so.

use super::{Context, Verdict};
use crate::pipeline::{ApprovalPoint, Arrivals};
use crate::release::next::{Step, approval_id, give_up_here, later, rejection};
use crate::release::vote::{Approval, Standing};
use crate::release::{Event, Outcome, Plan, Release, VoidReason};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    let Context {
        release,
        stage,
        rollout,
        plan,
        granted,
        moment,
    } = *context;
    let gate = stage.approval.as_ref();
    let Some(gate) = gate.filter(|gate| gate.when == ApprovalPoint::BeforeRollout) else {
        return Verdict::Open;
    };
    let Some(approval) = granted else {
        return Verdict::First(Step::Record(vec![Event::ApprovalRequested {
            stage: stage.name.clone(),
            approval: approval_id(stage, rollout.approvals),
            digest: release.image().digest,
            spec: plan.spec.clone(),
            expires_at: later(moment.now, gate.expires.into()),
            previous: Some(plan.previous.clone()),
        }]));
    };
    if let Standing::Rejected(vote) = approval.standing() {
        return Verdict::First(give_up_here(stage, Outcome::Refused, rejection(vote)));
    }
    match is_void(release, plan, approval) {
        Some(reason) => Verdict::First(Step::Record(vec![Event::ApprovalVoided {
            approval: approval.id.clone(),
            reason,
        }])),
        None => Verdict::Open,
    }
}

/// Why an approval does not count any more, if so.
fn is_void(release: &Release, plan: &Plan, approval: &Approval) -> Option<VoidReason> {
    if crate::planted!(ApprovalOfAnotherDefinition) {
        return None;
    }
    if approval.spec != plan.spec || approval.digest != release.image().digest {
        return Some(VoidReason::DefinitionChanged);
    }
    let moved = approval
        .previous
        .as_ref()
        .is_some_and(|over| *over != plan.previous);
    match release.pipeline().arrivals {
        Arrivals::RequireReapproval if moved => Some(VoidReason::AnotherRolledOut),
        Arrivals::NewestWins | Arrivals::Queue | Arrivals::RequireReapproval => None,
    }
}
