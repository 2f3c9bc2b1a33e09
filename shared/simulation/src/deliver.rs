//! What is to be delivered to the deployer's functions, and how: events come at least once, late and
//! out of order, what was written to the ledger comes in order by partition key.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::names::{AccountId, BulletinId, ReleaseId};

use crate::people::Ordered;
use crate::simulation::Simulation;

/// A partition key of the ledger whose rows wake `advance`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Release(ReleaseId),
    Report(AccountId, ReleaseId),
    Bulletin(BulletinId),
}

/// A record of the ledger's stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    pub(crate) attempts: u8,
}

/// How often a record of the stream is delivered before it is given up.
pub(crate) const MAX_ATTEMPTS: u8 = 10;

impl Key {
    /// The event by which `advance` gets a record of this key.
    pub(crate) fn event(&self) -> Value {
        let (partition, sort) = match self {
            Self::Release(id) => (format!("RELEASE#{id}"), "SUMMARY"),
            Self::Report(account, id) => (format!("HOOK#{account}#{id}"), "REPORT#any"),
            Self::Bulletin(id) => (format!("BULLETIN#{id}"), "BULLETIN"),
        };
        json!({ "Records": [{ "eventName": "MODIFY", "dynamodb": { "SequenceNumber": "1",
            "Keys": { "pk": { "S": partition }, "sk": { "S": sort } } } }] })
    }

    /// The release that is driven for a record of this key.
    pub(crate) fn drives(&self) -> Option<ReleaseId> {
        match self {
            Self::Release(id) => Some(id.clone()),
            Self::Report(..) | Self::Bulletin(_) => None,
        }
    }
}

/// Something to be delivered to a function.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) what: What,
    /// How often it was delivered.
    pub(crate) tries: u8,
    /// When it is delivered at the earliest.
    pub(crate) due: Timestamp,
}

/// The pauses before Lambda invokes a function again that has failed and that nobody waits for:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const AGAIN: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// What is delivered.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A push, to `image-push`.
    Push(Value),
    /// A change of a deployment, to `deployment-event`.
    Report(Value),
    /// A deployment asks, with the token by which the answer is awaited, if it is.
    Hook { payload: Value, token: Option<u64> },
    /// A click or a message, to `approval`.
    Decision(Value),
    /// A tick, to `sweeper`.
    Sweep(&'static str),
    /// Somebody orders something by command line.
    Order(Ordered),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push(event) => write!(f, "push of {}", event["detail"]["image-tag"]),
            Self::Report(event) => write!(f, "{}", event["detail-type"]),
            Self::Hook { .. } => f.write_str("a deployment asks"),
            Self::Decision(event) if event.get("Records").is_some() => {
                f.write_str("a message by which somebody decides")
            }
            Self::Decision(_) => f.write_str("a click"),
            Self::Sweep(what) => write!(f, "the tick for {what}"),
            Self::Order(ordered) => write!(f, "{:?} about {:?}", ordered.order, ordered.subject),
        }
    }
}

impl Delivery {
    pub(crate) fn of(what: What) -> Self {
        Self {
            what,
            tries: 0,
            due: Timestamp::MIN,
        }
    }

    /// What the rules of `infra/functions.json` make of an event.
    pub(crate) fn of_event(event: Value) -> Option<Self> {
        let detail = &event["detail"];
        let what = match event["detail-type"].as_str()? {
            "ECR Image Action" if detail["action-type"] == "PUSH" && detail["image-tag"] != "" => {
                What::Push(event)
            }
            "CodeDeploy Deployment State-change Notification" if detail["state"] != "START" => {
                What::Report(event)
            }
            "ECS Deployment State Change"
                if detail["eventName"] != "SERVICE_DEPLOYMENT_IN_PROGRESS"
                    || detail["reason"]
                        .as_str()
                        .is_some_and(|reason| reason.contains("rolling back")) =>
            {
                What::Report(event)
            }
            "ECS Hook State Change"
                if ["HOOK_AWAITING_ACTION", "HOOK_FAILED", "HOOK_TIMED_OUT"]
                    .iter()
                    .any(|name| detail["eventName"] == *name) =>
            {
                What::Report(event)
            }
            "ECS Task State Change"
                if detail["lastStatus"] == "STOPPED"
                    && detail["startedBy"]
                        .as_str()
                        .is_some_and(|by| by.starts_with("towpath/")) =>
            {
                What::Report(event)
            }
            _ => return None,
        };
        Some(Self::of(what))
    }

    pub(crate) fn of_hook(payload: Value, token: Option<u64>) -> Self {
        Self::of(What::Hook { payload, token })
    }

    /// What is delivered after the function has failed, and when: asynchronous invocations are
    /// repeated, a person sees that a click did nothing.
    pub(crate) fn again(self, now: Timestamp) -> Option<Self> {
        let pause = match &self.what {
            What::Push(_) | What::Report(_) | What::Hook { token: None, .. } => {
                AGAIN.get(usize::from(self.tries)).copied()
            }
            What::Decision(event) if event.get("Records").is_some() => {
                AGAIN.get(usize::from(self.tries)).copied()
            }
            What::Order(_) => (self.tries < 4).then_some(SignedDuration::ZERO),
            What::Decision(_) | What::Hook { .. } | What::Sweep(_) => None,
        };
        Some(Self {
            tries: self.tries + 1,
            due: now + pause?,
            ..self
        })
    }

    /// Whether it may be delivered twice, or never.
    pub(crate) fn is_unreliable(&self) -> bool {
        match &self.what {
            What::Push(_) | What::Report(_) | What::Hook { token: None, .. } => true,
            What::Decision(_) => true,
            What::Hook { .. } | What::Sweep(_) | What::Order(_) => false,
        }
    }
}

impl Simulation {
    /// Takes what is to be delivered by now.
    pub(crate) fn take_due(&mut self) -> Vec<Delivery> {
        let all = std::mem::take(&mut self.deliveries);
        let (due, later) = all.into_iter().partition(|it| it.due <= self.now);
        self.deliveries = later;
        due
    }

    /// When the next delivery is due.
    pub(crate) fn next_delivery(&self) -> Option<Timestamp> {
        self.deliveries.iter().map(|it| it.due).min()
    }

    /// Has `advance` look at what was written.
    pub(crate) fn wake(&mut self, key: Key) {
        self.stream
            .entry(key)
            .or_default()
            .push_back(Record::default());
    }
}
