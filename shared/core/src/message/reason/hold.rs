//! Why a stage is on hold, and why an image is rolled out nowhere.

use std::fmt;

use super::parts::{Fact, InParts, Parts};
use crate::release::{Block, HoldReason, Order, reason};

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { by, order, reason } => {
                let did = match order {
                    Order::Hold => "held it",
                    Order::LiftHold => "lifted the hold",
                    Order::LetGo => "freed it and held it",
                    Order::Veto => "vetoed the image",
                    Order::LiftVeto => "lifted the veto",
                };
                write!(f, "{by} {did}: {reason}")
            }
            Self::Release(reason) => reason.fmt(f),
            Self::EditedOrders { problem } => write!(
                f,
                "the orders about the image in the ledger were edited: {problem}"
            ),
            Self::Unreadable { text } => write!(
                f,
                "another version of Towpath wrote why, and this one cannot read it: {text}"
            ),
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for HoldReason {
    fn parts(&self) -> Parts {
        let says = |words: String| Parts::of(Fact::Held(self.clone()), words);
        match self {
            Self::ManualChange {
                runs,
                left,
                difference,
            } => {
                let (runs, left) = (runs.short(), left.short());
                let mut words =
                    format!("{runs} runs, which Towpath did not deploy: it left {left}");
                if let Some(difference) = difference {
                    words.push_str(&format!(" ({difference})"));
                }
                words.push_str(". Lifting the hold accepts what runs");
                says(words)
            }
            Self::StartedElsewhere {
                found,
                tag,
                was_deploying,
            } => {
                let was = if *was_deploying {
                    "being"
                } else {
                    "about to be"
                };
                let found = reason::started_elsewhere(found.clone()).parts();
                found.then("; ", says(format!("{tag} was {was} rolled out")))
            }
            Self::LeftInPlace { tag, fault } => {
                says(format!("{tag} failed and was not rolled back"))
                    .then(": ", fault.parts())
                    .look_at_what_serves()
            }
            Self::RolledBack { tag, because } => {
                says(format!("{tag} was rolled back")).then(": ", because.parts())
            }
            Self::NotRolledBack { tag, because } => says(format!("{tag} was to be rolled back"))
                .then(": ", because.parts())
                .look_at_what_serves(),
            Self::Refused { tag, refused } => says(format!("{tag} could not be rolled back"))
                .then(": ", refused.parts())
                .look_at_what_serves(),
            Self::StartUnknown { tag, said } => {
                let may_be = says(format!(
                    "{tag} may be under way, and Towpath cannot see whether it is"
                ));
                match said {
                    Some(said) => may_be.then(": ", says(said.clone())),
                    None => may_be,
                }
                .look_at_what_serves()
            }
            Self::Rollback {
                by,
                reason,
                good_release,
                before,
                failed,
            } => {
                let to = match before {
                    None => good_release.to_string(),
                    Some(revision) => {
                        format!("{}, which ran before {good_release}", revision.short())
                    }
                };
                let why = reason.as_ref().map(|why| format!(": {why}"));
                let why = why.unwrap_or_default();
                match failed {
                    None => says(format!("{by} rolled it back to {to}{why}")),
                    Some(ended) => says(format!(
                        "it was to be rolled back to {to}, as {by} asked{why}; that did not come through"
                    ))
                    .then(": ", ended.parts())
                    .look_at_what_serves(),
                }
            }
        }
    }
}
