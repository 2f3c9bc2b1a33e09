//! Why an action could not be performed.

use serde::{Deserialize, Serialize};

use super::Misfit;
use crate::release::ActionKind;

/// An action that could not be performed, by AWS's word or by Towpath's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAction {
    pub action: ActionKind,
    pub why: WhyRefused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum WhyRefused {
    /// AWS does not carry a call out.
    Call {
        /// The operation.
        operation: String,
        /// AWS's code for it.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// What was found does not fit.
    #[serde(untagged)]
    Misfit(Box<Misfit>),
}

impl From<Misfit> for WhyRefused {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(Box::new(misfit))
    }
}
