//! Why an approval, or a reply to a request, does not count.

use serde::{Deserialize, Serialize};

use crate::release::Refusal;
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

/// Why a message to the reply topic does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ReplyRefusal {
    /// Its token allows nothing.
    Token { problem: TokenError },
    /// Its vote is not taken.
    Vote { refusal: Refusal },
}
