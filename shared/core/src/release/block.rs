//! What stands in the row of a service that takes no new release, and in that of an image that is
//! rolled out nowhere.

use serde::{Deserialize, Serialize};
use towpath_taskdef::json;

use super::{HoldReason, Order, Principal};

/// Why a service is held, or an image vetoed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Block {
    /// Somebody ordered it.
    Order {
        by: Principal,
        /// What sets it.
        order: Order,
        /// Why, in their words.
        reason: String,
    },
    /// A release left the service so.
    Release(HoldReason),
    /// What was ordered about the image is not what is stored.
    EditedOrders {
        /// Where.
        problem: String,
    },
    /// Another version has written it, and this one does not understand it. It counts all the same,
    /// and can be lifted.
    Unreadable {
        /// What is stored.
        text: String,
    },
}

impl Block {
    /// What a subject's row says: whatever that is, the subject is held or vetoed.
    #[must_use]
    pub fn read(text: &str) -> Self {
        json::read_as(text.as_bytes()).unwrap_or_else(|_| Self::Unreadable {
            text: text.to_owned(),
        })
    }

    /// What is written into a subject's row. Whoever lifts it names it by the text that stands
    /// there: another version might write the same in other words.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("every block is JSON")
    }

    /// Somebody has put a service on hold.
    #[must_use]
    pub fn hold(by: Principal, reason: impl Into<String>) -> Self {
        Self::Order {
            by,
            order: Order::Hold,
            reason: reason.into(),
        }
    }

    /// Somebody has vetoed an image.
    #[must_use]
    pub fn veto(by: Principal, reason: impl Into<String>) -> Self {
        Self::Order {
            by,
            order: Order::Veto,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn what_was_written_is_read() {
        let by = Principal::Aws("ada".into());
        for block in [
            Block::hold(by.clone(), "the sale"),
            Block::veto(by, "it leaks"),
            Block::Release(sample::hold()),
            Block::EditedOrders {
                problem: "order 2 is missing".into(),
            },
        ] {
            assert_eq!(Block::read(&block.text()), block);
        }
    }

    #[test]
    fn what_is_not_understood_blocks_all_the_same() {
        for text in [
            r#"{"from":"release","because":"a_reason_of_tomorrow"}"#,
            r#"{"from":"deploy_window","until":"2030-01-01T00:00:00Z"}"#,
            r#"{"from":"order","from":"order","by":"deployer","order":"hold","reason":"twice"}"#,
            "",
        ] {
            let read = Block::read(text);
            assert_eq!(read, Block::Unreadable { text: text.into() });
            // An entry keeps it with the plan that was made.
            let kept: Block = serde_json::from_str(&read.text()).unwrap();
            assert_eq!(kept, read);
        }
    }
}
