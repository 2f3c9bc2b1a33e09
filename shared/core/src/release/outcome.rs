//! How releases and rollouts end: always in a named outcome, always with a reason.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Reason;

/// How a release or a rollout ended. Each is different from all others: a rollback that worked is
/// not a success, and a release that a newer one overtook has not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The image serves.
    Succeeded,
    /// It could not be deployed.
    Failed,
    /// It did not work out, and the old version serves again.
    RolledBack,
    /// A newer release took its place before it was deployed.
    Superseded,
    /// A person stopped it.
    Stopped,
    /// It was not let in: by a rule, or by a person at a gate.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// Somebody wrote an entry of its ledger who may not write it. No entry says so: its summary does.
    NotTrusted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled back",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::NotTrusted => "not trusted",
        })
    }
}

/// An outcome and the reason for it: of a rollout, or with [`EndReason`](super::EndReason) of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion<R = Reason> {
    /// How it ended.
    pub outcome: Outcome,
    pub reason: R,
}

impl<R> Conclusion<R> {
    /// A conclusion with its reason.
    #[must_use]
    pub fn new(outcome: Outcome, reason: impl Into<R>) -> Self {
        Self {
            outcome,
            reason: reason.into(),
        }
    }
}
