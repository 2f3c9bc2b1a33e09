//! A release whose plan was read and that has changed nothing yet: whether it may take its service.

use jiff::{SignedDuration, Timestamp};

use super::{
    Moment, Step, Wait, approval_id, give_up_here, later, perform, place, rejection, succeed,
};
use crate::pipeline::{ApprovalPoint, Arrivals, Stage, WayBack};
use crate::release::rollout::Rollout;
use crate::release::vote::{Approval, Standing};
use crate::release::{Action, Event, Outcome, Place, Plan, Release};

/// How long a release that waits for a service sleeps at most; it is woken when the service is let
/// go, and when a hold is lifted.
const QUEUE_POLL: SignedDuration = SignedDuration::from_secs(300);

/// How long a rollback that waits for a service sleeps at most. It is woken too; but it is urgent,
/// and whoever should wake it may have died.
const URGENT_POLL: SignedDuration = SignedDuration::from_secs(20);

/// How often it is written in one stage what the release waits behind.
pub(crate) const MOST_QUEUED: usize = 60;

pub(super) fn next_planned(
    release: &Release,
    stage: &Stage,
    rollout: &Rollout,
    plan: &Plan,
    granted: Option<&Approval>,
    queued: Option<&str>,
    moment: Moment,
) -> Step {
    let is_rollback = release.rollback().is_some();
    if !is_rollback && let Some(step) = others_first(release, stage, plan) {
        return step;
    }
    let image = release.image();
    let owner = plan.service.owner.as_ref();
    let another = owner.filter(|owner| *owner != release.id());
    if !is_rollback
        && another.is_none()
        && plan.service.hold.is_none()
        && let Some(reason) = unexplained(plan)
    {
        return Step::Record(vec![Event::Held {
            stage: stage.name.clone(),
            reason,
        }]);
    }
    // A rollback makes sure of it all the same: what runs is good afterwards, and the stage held.
    if plan.runs_already() && !is_rollback {
        // What runs while another release replaces it will not run for long.
        if let Some(another) = another {
            return queue(release, stage, another.to_string(), queued, moment);
        }
        return Step::Record(succeed(
            release,
            stage,
            format!("{} runs already", image.tag),
            plan.reuse.clone(),
        ));
    }
    // Nobody is asked about what may not begin.
    if let Some(hold) = plan.service.hold.as_ref().filter(|_| !is_rollback) {
        return queue(release, stage, format!("a hold: {hold}"), queued, moment);
    }
    if let (Some(problem), WayBack::Required) = (&plan.no_way_back, stage.way_back) {
        return give_up_here(
            stage,
            Outcome::Failed,
            format!("{problem}; bring that back, or allow it with `way_back: optional`"),
        );
    }
    if let Some(gate) = &stage.approval
        && gate.when == ApprovalPoint::BeforeRollout
    {
        match granted {
            None => {
                return Step::Record(vec![Event::ApprovalRequested {
                    stage: stage.name.clone(),
                    approval: approval_id(stage, rollout.approvals),
                    digest: image.digest,
                    spec: plan.spec.clone(),
                    expires_at: later(moment.now, gate.expires.into()),
                    over: Some(plan.current.clone()),
                }]);
            }
            Some(approval) => {
                if let Standing::Rejected(vote) = approval.standing() {
                    return give_up_here(stage, Outcome::Refused, rejection(vote));
                }
                if let Some(reason) = is_void(release, plan, approval) {
                    return Step::Record(vec![Event::ApprovalVoided {
                        approval: approval.id.clone(),
                        reason: reason.into(),
                    }]);
                }
            }
        }
    }
    if let Some(another) = another {
        // Whoever has the service was told to let go of it: what is brought back is urgent.
        let pause = if is_rollback { URGENT_POLL } else { QUEUE_POLL };
        let due = later(moment.now, pause);
        return queue_for(release, stage, another.to_string(), queued, due);
    }
    if !is_rollback && let Some(older) = turn_of_another(release, plan) {
        return queue(release, stage, older, queued, moment);
    }
    Step::Record(vec![Event::RolloutStarted {
        stage: stage.name.clone(),
        epoch: plan.service.epoch.saturating_add(1),
    }])
}

/// What vetoes and other releases at the stage have to say first.
fn others_first(release: &Release, stage: &Stage, plan: &Plan) -> Option<Step> {
    if let Some(reason) = &plan.veto {
        return Some(give_up_here(stage, Outcome::Refused, reason.clone()));
    }
    let candidate = plan.service.candidate.as_ref()?;
    if candidate.is_newer_than(release.image().arrived_at) {
        return Some(Step::Record(vec![candidate.clone().superseded()]));
    }
    let older = &candidate.release;
    let in_order = release.pipeline().arrivals.is_in_order();
    if in_order || older == release.id() || release.overtaken(older) {
        return None;
    }
    let Place { service, .. } = place(release, stage)?;
    let older = older.clone();
    Some(perform(release, vec![Action::Supersede { older, service }]))
}

/// Why the stage is to be held, if what runs there is not what Towpath left.
fn unexplained(plan: &Plan) -> Option<String> {
    let left = plan.service.baseline.as_ref()?;
    if *left == plan.current {
        return None;
    }
    let difference = match &plan.drift {
        Some(drift) => format!(" ({drift})"),
        None => String::new(),
    };
    Some(format!(
        "{} runs, which Towpath did not deploy: it left {}{difference}. Lifting the hold accepts what runs",
        plan.current.short(),
        left.short()
    ))
}

/// Why an approval does not count any more, if so.
fn is_void(release: &Release, plan: &Plan, approval: &Approval) -> Option<&'static str> {
    if approval.spec != plan.spec || approval.digest != release.image().digest {
        return Some("the task definition that would be deployed has changed since");
    }
    let moved = approval
        .over
        .as_ref()
        .is_some_and(|over| *over != plan.current);
    match release.pipeline().arrivals {
        Arrivals::RequireReapproval if moved => {
            Some("another release was rolled out since people were asked")
        }
        Arrivals::NewestWins | Arrivals::Queue | Arrivals::RequireReapproval => None,
    }
}

/// The release whose turn it is, if that is another one and releases wait in order.
fn turn_of_another(release: &Release, plan: &Plan) -> Option<String> {
    if !release.pipeline().arrivals.is_in_order() {
        return None;
    }
    let first = plan.service.waiting.first()?;
    let newer = first.is_newer_than(release.image().arrived_at);
    (first.release != *release.id() && !newer).then(|| first.release.to_string())
}

fn queue(
    release: &Release,
    stage: &Stage,
    behind: String,
    queued: Option<&str>,
    moment: Moment,
) -> Step {
    queue_for(
        release,
        stage,
        behind,
        queued,
        later(moment.now, QUEUE_POLL),
    )
}

fn queue_for(
    release: &Release,
    stage: &Stage,
    behind: String,
    queued: Option<&str>,
    due: Timestamp,
) -> Step {
    let is_queued = |event: &Event| matches!(event, Event::Queued { .. });
    if queued == Some(behind.as_str()) || release.count_here(is_queued) >= MOST_QUEUED {
        return Step::Wait(Wait {
            what: format!("{behind} at {}", stage.name),
            due: Some(due),
        });
    }
    Step::Record(vec![Event::Queued {
        stage: stage.name.clone(),
        behind,
    }])
}
