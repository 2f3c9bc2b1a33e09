//! A release whose plan was read and that has changed nothing yet: whether it may take its service.

use jiff::SignedDuration;

use super::{Moment, Step, Wait, give_up, later, perform, place, rejection, succeed};
use crate::names::ApprovalId;
use crate::pipeline::Stage;
use crate::release::rollout::Rollout;
use crate::release::vote::{Approval, Standing};
use crate::release::{Action, Event, Outcome, Place, Plan, Release};

/// How long a release that waits for a service sleeps at most; it is woken when the service is let
/// go.
const QUEUE_POLL: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn next_planned(
    release: &Release,
    stage: &Stage,
    rollout: &Rollout,
    plan: &Plan,
    granted: Option<&Approval>,
    queued: Option<&str>,
    moment: Moment,
) -> Step {
    let image = release.image();
    if let Some(candidate) = &plan.service.candidate {
        if candidate.is_newer_than(release.id(), image.pushed_at) {
            return Step::Record(vec![Event::Superseded {
                by: candidate.release.clone(),
            }]);
        }
        let older = &candidate.release;
        if older != release.id()
            && !release.overtaken(older)
            && let Some(Place { service, .. }) = place(release, stage)
        {
            let older = older.clone();
            return perform(release, vec![Action::Supersede { older, service }]);
        }
    }
    let owner = plan.service.owner.as_ref();
    let another = owner.filter(|owner| *owner != release.id());
    if plan.runs_already() {
        // What runs while another release replaces it will not run for long.
        if let Some(another) = another {
            return queue(stage, another.to_string(), queued, moment);
        }
        return succeed(
            release,
            stage,
            format!("{} runs already", image.tag),
            plan.reuse.clone(),
        );
    }
    if let Some(gate) = &stage.approval {
        match granted {
            None => {
                let attempt = rollout.approvals + 1;
                let approval: ApprovalId = format!("{}-{attempt}", stage.name)
                    .parse()
                    .expect("a stage name and a number are an approval id");
                return Step::Record(vec![Event::ApprovalRequested {
                    stage: stage.name.clone(),
                    approval,
                    digest: image.digest,
                    spec: plan.spec.clone(),
                    expires_at: later(moment.now, gate.expires.into()),
                }]);
            }
            Some(approval) => {
                if let Standing::Rejected(vote) = approval.standing() {
                    return give_up(stage, Outcome::Refused, rejection(vote));
                }
                if approval.spec != plan.spec || approval.digest != image.digest {
                    return Step::Record(vec![Event::ApprovalVoided {
                        approval: approval.id.clone(),
                        reason: "the task definition that would be deployed has changed since"
                            .into(),
                    }]);
                }
            }
        }
    }
    if let Some(hold) = &plan.service.hold {
        return queue(stage, format!("a hold: {hold}"), queued, moment);
    }
    if let Some(another) = another {
        return queue(stage, another.to_string(), queued, moment);
    }
    Step::Record(vec![Event::RolloutStarted {
        stage: stage.name.clone(),
        epoch: plan.service.epoch.saturating_add(1),
    }])
}

fn queue(stage: &Stage, behind: String, queued: Option<&str>, moment: Moment) -> Step {
    if queued == Some(behind.as_str()) {
        return Step::Wait(Wait {
            what: format!("{behind} at {}", stage.name),
            due: Some(later(moment.now, QUEUE_POLL)),
        });
    }
    Step::Record(vec![Event::Queued {
        stage: stage.name.clone(),
        behind,
    }])
}
