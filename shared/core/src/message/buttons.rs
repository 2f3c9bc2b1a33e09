//! The buttons of a release's card: to decide while people are asked, and to roll back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::escape::one_line;
use super::slack::plain;
use crate::names::{ApprovalId, ReleaseId, StageName};
use crate::pipeline::Stage;
use crate::release::{Approval, Outcome, Phase, Release};

/// The `action_id` of the button that approves.
pub const APPROVE: &str = "towpath_approve";
/// The `action_id` of the button that rejects.
pub const REJECT: &str = "towpath_reject";
/// The `action_id` of the button that rolls back.
pub const ROLL_BACK: &str = "towpath_roll_back";

/// What a button that decides carries: which request it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ButtonValue {
    /// The release.
    pub release: ReleaseId,
    /// The request.
    pub approval: ApprovalId,
}

/// What the button that rolls back carries: what it takes back, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBackValue {
    /// The release.
    pub release: ReleaseId,
    /// The stage.
    pub stage: StageName,
}

/// The card's buttons, each kind in a block of its own. Before traffic both rejecting and rolling back
/// take green back: the first is up to those who are asked, the second also to operators, and holds the
/// stage.
pub(super) fn buttons(release: &Release) -> Vec<Value> {
    let decide = open_request(release).map(|(stage, approval)| deciding(release, stage, approval));
    let back = to_take_back(release).map(|stage| rolling_back(release, stage));
    decide.into_iter().chain(back).collect()
}

/// The request that people can answer now, if there is one.
fn open_request(release: &Release) -> Option<(&Stage, &Approval)> {
    if release.conclusion().is_some() {
        return None;
    }
    let (stage, rollout) = release.current()?;
    match &rollout.phase {
        Phase::Asking { approval, .. } => Some((stage, approval)),
        Phase::Live(live) => Some((stage, live.open_request()?)),
        Phase::Pending | Phase::Planned { .. } | Phase::Ended { .. } => None,
    }
}

/// The stage that somebody could roll back from this card: where the release is being rolled out,
/// or the last one that it has come to, while it serves there. What was brought back is not taken
/// back from here.
fn to_take_back(release: &Release) -> Option<&Stage> {
    if release.rollback().is_some() {
        return None;
    }
    let mut rollouts = release.rollouts().iter().rev();
    let furthest = rollouts.find(|rollout| match &rollout.phase {
        Phase::Live(live) => {
            live.progress.rollback().is_none() && live.rollback_requested.is_none()
        }
        Phase::Ended { conclusion, .. } => conclusion.outcome == Outcome::Succeeded,
        Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } => false,
    })?;
    if !matches!(furthest.phase, Phase::Live(_)) && !furthest.serves() {
        return None;
    }
    let stage = release.pipeline().stage(&furthest.stage)?;
    let approvers = stage.approval.iter().flat_map(|gate| &gate.slack);
    let somebody = release.pipeline().operators.iter().chain(approvers).next();
    somebody.map(|_| stage)
}

fn deciding(release: &Release, stage: &Stage, approval: &Approval) -> Value {
    let value = ButtonValue {
        release: release.id().clone(),
        approval: approval.id.clone(),
    };
    let value = serde_json::to_string(&value).expect("ids are text");
    let tag = &release.image().tag;
    let is_before_traffic = release.live().is_some();
    let stage = &stage.name;
    let (deploy, stop) = if is_before_traffic {
        (
            format!("Let production traffic of {stage} through to {tag}?"),
            format!(
                "Take {tag} back from {stage} before it gets traffic? The next release may come."
            ),
        )
    } else {
        (
            format!("Deploy {tag} to {stage}?"),
            format!("Stop {tag} before {stage}? The next release may come."),
        )
    };
    let approve = Button {
        action: APPROVE,
        label: "Approve",
        style: "primary",
        question: deploy,
    };
    let reject = Button {
        action: REJECT,
        label: "Reject",
        style: "danger",
        question: stop,
    };
    json!({
        "type": "actions",
        "block_id": format!("approval-{}", approval.id),
        "elements": [approve.shown(&value), reject.shown(&value)],
    })
}

fn rolling_back(release: &Release, stage: &Stage) -> Value {
    let value = RollBackValue {
        release: release.id().clone(),
        stage: stage.name.clone(),
    };
    let value = serde_json::to_string(&value).expect("ids are text");
    let button = Button {
        action: ROLL_BACK,
        label: "Roll back",
        style: "danger",
        question: format!(
            "Take {} back from {}, and hold the stage? No release comes there until somebody lifts the hold.",
            release.name(),
            stage.name
        ),
    };
    json!({
        "type": "actions",
        "block_id": format!("rollback-{}", stage.name),
        "elements": [button.shown(&value)],
    })
}

struct Button {
    action: &'static str,
    label: &'static str,
    style: &'static str,
    question: String,
}

impl Button {
    fn shown(&self, value: &str) -> Value {
        json!({
            "type": "button",
            "action_id": self.action,
            "text": plain(self.label),
            "style": self.style,
            "value": value,
            "confirm": {
                "title": plain(self.label),
                "text": plain(&one_line(&self.question, 300)),
                "confirm": plain(self.label),
                "deny": plain("Not now"),
            },
        })
    }
}
