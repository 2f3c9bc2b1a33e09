//! The buttons of a release's card: to decide while people are asked, and to roll back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::escape::one_line;
use super::outgoing::plain;
use crate::names::{ApprovalId, ReleaseId, StageName};
use crate::release::{Overview, Request};

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
    pub release: ReleaseId,
    /// The request.
    pub approval: ApprovalId,
}

/// What the button that rolls back carries: what it rolls back, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBackValue {
    pub release: ReleaseId,
    pub stage: StageName,
}

/// The card's buttons, each kind in a block of its own. Before traffic both rejecting and rolling back
/// take green back: the first is up to those who are asked, the second also to operators, and holds the
/// stage.
pub(super) fn buttons(overview: &Overview) -> Vec<Value> {
    let decide = overview.request.iter();
    let decide = decide.map(|request| deciding(overview, request));
    let back = overview.can_roll_back.iter();
    let back = back.map(|stage| rolling_back(overview, stage));
    decide.chain(back).collect()
}

fn deciding(overview: &Overview, request: &Request) -> Value {
    let Request {
        stage,
        approval,
        of_traffic,
    } = request;
    let value = ButtonValue {
        release: overview.release.clone(),
        approval: approval.clone(),
    };
    let value = serde_json::to_string(&value).expect("ids are text");
    let tag = &overview.image.tag;
    let (deploy, stop) = if *of_traffic {
        (
            format!("Let production traffic of {stage} through to {tag}?"),
            format!(
                "Roll {stage} back from {tag} before it gets traffic? The next release may come."
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
        "block_id": format!("approval-{approval}"),
        "elements": [approve.shown(&value), reject.shown(&value)],
    })
}

fn rolling_back(overview: &Overview, stage: &StageName) -> Value {
    let value = RollBackValue {
        release: overview.release.clone(),
        stage: stage.clone(),
    };
    let value = serde_json::to_string(&value).expect("ids are text");
    let button = Button {
        action: ROLL_BACK,
        label: "Roll back",
        style: "danger",
        question: format!(
            "Roll {} back from {stage}, and hold the stage? No release comes there until somebody lifts the hold.",
            overview.name
        ),
    };
    json!({
        "type": "actions",
        "block_id": format!("rollback-{stage}"),
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
