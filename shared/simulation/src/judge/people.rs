//! What people did, when, and what they were answered: read from what reaches the deployer's functions
//! and what these answer, not from what they write down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::message::{APPROVE, REJECT, ROLL_BACK};
use towpath_core::release::{Order, Subject};

use super::told::Told;
use crate::deliver::What;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Did {
    /// Answered a request, by the key that it was shown with.
    Decide {
        request: String,
        by: Who,
        approves: bool,
    },
    /// Wants a stage rolled back.
    RollBack {
        stage: String,
    },
    Order {
        order: Order,
        subject: Subject,
    },
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Slack(String),
    /// Whoever has the token that was sent by e-mail.
    Token,
}

/// What came of it, as far as whoever did it can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    Refused,
    /// There was no answer: it may count, or not.
    Unknown,
}

/// Something that somebody did.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) did: Did,
    /// When it arrived.
    pub(super) from: Timestamp,
    /// When it was answered; if it was not, the end of time.
    pub(super) until: Timestamp,
    pub(super) answer: Answer,
}

impl Act {
    /// Whether it was certainly taken before a moment.
    pub(super) fn counts_before(&self, at: Timestamp) -> bool {
        self.answer == Answer::Taken && self.until < at
    }

    /// Whether it may have been taken before a moment.
    pub(super) fn may_count_before(&self, at: Timestamp) -> bool {
        self.answer != Answer::Refused && self.from <= at
    }
}

/// Everything that people did.
#[derive(Debug, Default)]
pub(crate) struct People {
    acts: Vec<Act>,
    /// What the runs of functions are about that are not over.
    runs: BTreeMap<u64, Vec<usize>>,
}

impl People {
    pub(super) fn acts(&self) -> impl DoubleEndedIterator<Item = &Act> {
        self.acts.iter()
    }

    /// Whether somebody may have given an order about a subject between two moments.
    pub(super) fn may_have_ordered(
        &self,
        order: Order,
        subject: &Subject,
        (after, before): (Timestamp, Timestamp),
    ) -> bool {
        let is_it = |did: &Did| matches!(did, Did::Order { order: given, subject: about } if *given == order && about == subject);
        self.acts
            .iter()
            .any(|act| is_it(&act.did) && act.may_count_before(before) && act.until > after)
    }

    /// Something arrives at a function.
    pub(super) fn arrives(&mut self, run: u64, what: &What, told: &Told, at: Timestamp) {
        let did = match what {
            What::Decision(event) if event.get("Records").is_some() => reply(event, told),
            What::Decision(event) => click(event),
            What::Order(ordered) => Some(Did::Order {
                order: ordered.order,
                subject: ordered.subject.clone(),
            }),
            What::Push(_) | What::Report(_) | What::Hook { .. } | What::Sweep(_) => None,
        };
        if let Some(did) = did {
            self.runs.entry(run).or_default().push(self.acts.len());
            self.acts.push(Act {
                did,
                from: at,
                until: Timestamp::MAX,
                answer: Answer::Unknown,
            });
        }
    }

    /// Somebody is told that what they did does not count.
    pub(super) fn refused(&mut self, run: u64) {
        for act in self.runs.get(&run).into_iter().flatten() {
            self.acts[*act].answer = Answer::Refused;
        }
    }

    /// A function is done with it; without an answer it has failed or died.
    pub(super) fn answered(&mut self, run: u64, answer: Option<&Value>, at: Timestamp) {
        for act in self.runs.remove(&run).into_iter().flatten() {
            let act = &mut self.acts[act];
            let Some(answer) = answer else {
                // Whoever has failed to take it will not take it any more.
                act.until = at;
                continue;
            };
            act.until = at;
            let refused = answer["statusCode"].as_u64().is_some_and(|it| it != 200);
            act.answer = match act.answer {
                Answer::Refused => Answer::Refused,
                Answer::Taken | Answer::Unknown if refused => Answer::Refused,
                Answer::Taken | Answer::Unknown => Answer::Taken,
            };
        }
    }
}

/// A click in Slack.
fn click(event: &Value) -> Option<Did> {
    let body = event["body"].as_str()?;
    let mut form = form_urlencoded::parse(body.as_bytes());
    let (_, payload) = form.find(|(name, _)| name == "payload")?;
    let payload: Value = serde_json::from_str(&payload).ok()?;
    let action = payload["actions"][0]["action_id"].as_str()?;
    let value = payload["actions"][0]["value"].as_str()?;
    let value: Value = serde_json::from_str(value).ok()?;
    let user = payload["user"]["id"].as_str()?.to_owned();
    let decide = |approves| {
        let (release, approval) = (value["release"].as_str()?, value["approval"].as_str()?);
        Some(Did::Decide {
            request: format!("{release} {approval}"),
            by: Who::Slack(user),
            approves,
        })
    };
    match action {
        APPROVE => decide(true),
        REJECT => decide(false),
        ROLL_BACK => Some(Did::RollBack {
            stage: value["stage"].as_str()?.to_owned(),
        }),
        _ => None,
    }
}

/// A message that answers an e-mail.
fn reply(event: &Value, told: &Told) -> Option<Did> {
    let message = event["Records"][0]["Sns"]["Message"].as_str()?;
    let message: Value = serde_json::from_str(message).ok()?;
    Some(Did::Decide {
        request: told.request_of_token(message["approval"].as_str()?)?,
        by: Who::Token,
        approves: message["decision"] == "approve",
    })
}
