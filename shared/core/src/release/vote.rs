//! Requests to decide, and the votes on them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Digest;

use super::Revision;
use crate::decision::Decision;
use crate::names::{ApprovalId, Fingerprint, SlackUser};

/// Somebody who was authenticated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A Slack user, by a signed interaction.
    Slack(SlackUser),
    /// Whoever holds the token that a request sent by SNS carried. SNS does not say who.
    TokenHolder,
    /// An AWS principal, by ARN, using the command line.
    Aws(String),
    /// The deployer itself: nobody has asked for it.
    Deployer,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack(user) => write!(f, "Slack user {user}"),
            Self::TokenHolder => f.write_str("holder of the e-mailed token"),
            Self::Aws(arn) => f.write_str(arn),
            Self::Deployer => f.write_str("towpath"),
        }
    }
}

/// One person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    pub by: Principal,
    pub decision: Decision,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// A request to decide, bound to exactly what would be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The request.
    pub id: ApprovalId,
    /// The image it is about.
    pub digest: Digest,
    /// The rendered task definition it is about.
    pub spec: Fingerprint,
    /// How many different people must approve.
    pub required: u8,
    /// When the request ends.
    pub expires_at: Timestamp,
    /// What ran while people were asked, where that is known.
    pub previous: Option<Revision>,
    /// The votes, in the order in which they came.
    pub votes: Vec<Vote>,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// More votes are wanted.
    Open,
    /// Enough people approved.
    Granted,
    /// Somebody rejected: their vote.
    Rejected(&'a Vote),
}

impl Approval {
    /// How the request stands, by its votes: one rejection settles it, and so do enough approvals
    /// of different people. A veto that comes after enough approvals still counts, as long as
    /// nothing was done: the first rejection wins over any number of approvals.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        if let Some(vote) = self
            .votes
            .iter()
            .find(|vote| vote.decision == Decision::Reject)
        {
            return Standing::Rejected(vote);
        }
        if self.approvers().len() >= usize::from(self.required) {
            Standing::Granted
        } else {
            Standing::Open
        }
    }

    /// Who has approved so far, each once.
    #[must_use]
    pub fn approvers(&self) -> BTreeSet<&Principal> {
        let approving = self
            .votes
            .iter()
            .filter(|vote| vote.decision == Decision::Approve);
        approving.map(|vote| &vote.by).collect()
    }
}
