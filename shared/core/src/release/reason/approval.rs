//! Why an approval, or a reply to a request, does not count.

use serde::{Deserialize, Serialize};

use super::EndReason;
use crate::names::StageName;
use crate::release::{Outcome, Refusal};
use crate::token::TokenError;

/// Why an approval no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum VoidReason {
    /// The task definition that would be deployed is another one.
    DefinitionChanged,
    /// Another release was rolled out since people were asked.
    AnotherRolledOut,
}

/// Why a request for approval is closed, so that no vote at it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ClosedReason {
    /// The release is not trusted.
    NotTrusted {
        /// Which entry is not, and why.
        problem: String,
    },
    /// The release has ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why.
        reason: Box<EndReason>,
    },
    /// The release has no stages.
    NoStages,
    /// Nobody is asked at its stage.
    AsksNobody {
        /// The stage.
        stage: StageName,
    },
    /// Its time is up.
    Expired,
    /// The rollout is being rolled back.
    RollingBack,
    /// The rollout has begun, as it was approved before.
    Begun,
    /// Production traffic was let through.
    LetThrough,
    /// Another request has taken its place.
    Replaced,
    /// No request is open; another one may have taken its place.
    NoneOpen,
}

/// Why a message to the reply topic does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ReplyRefusal {
    /// Its token allows nothing.
    Token { problem: TokenError },
    /// Its vote is not taken.
    Vote { refusal: Refusal },
}
