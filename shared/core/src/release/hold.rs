//! Why a service takes no new release, and why an image is rolled out nowhere.

use serde::{Deserialize, Serialize};

use super::{HoldReason, Order, Principal};

/// Who ordered a hold or a veto, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    pub by: Principal,
    /// What sets it.
    pub order: Order,
    /// Why, in their words.
    pub reason: String,
}

/// Why a service takes no new release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Hold {
    /// Somebody ordered it.
    Order(Ordered),
    /// A release left the service so.
    Release(HoldReason),
}

impl Hold {
    /// Somebody ordered it.
    #[must_use]
    pub fn by(by: Principal, reason: impl Into<String>) -> Self {
        Self::Order(Ordered {
            by,
            order: Order::Hold,
            reason: reason.into(),
        })
    }
}

/// Why an image is rolled out nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Veto {
    /// Somebody ordered it.
    Order(Ordered),
    /// What was ordered about it is not what is stored.
    EditedOrders {
        /// Where.
        problem: String,
    },
}

impl Veto {
    /// Somebody ordered it.
    #[must_use]
    pub fn by(by: Principal, reason: impl Into<String>) -> Self {
        Self::Order(Ordered {
            by,
            order: Order::Veto,
            reason: reason.into(),
        })
    }
}
