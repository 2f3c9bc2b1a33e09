//! Why an approval, or a reply to a request, does not count.

use std::fmt;

use crate::release::{ClosedReason, ReplyRefusal, VoidReason};

impl fmt::Display for VoidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DefinitionChanged => {
                "the task definition that would be deployed has changed since"
            }
            Self::AnotherRolledOut => "another release was rolled out since people were asked",
        })
    }
}

impl fmt::Display for ClosedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTrusted { problem } => write!(f, "the release is not trusted: {problem}"),
            Self::Ended { outcome, reason } => {
                write!(f, "the release has ended ({outcome}): {reason}")
            }
            Self::NoStages => f.write_str("the release has no stages"),
            Self::AsksNobody { stage } => write!(f, "{stage} asks nobody"),
            Self::Expired => f.write_str("it has expired"),
            Self::RollingBack => f.write_str("the rollout is being rolled back"),
            Self::Begun => f.write_str("the rollout has begun already: roll back instead"),
            Self::LetThrough => f.write_str("traffic was let through already: roll back instead"),
            Self::Replaced => f.write_str("another request has taken its place"),
            Self::NoneOpen => f.write_str("another request has taken its place, or none is open"),
        }
    }
}

impl fmt::Display for ReplyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { problem } => problem.fmt(f),
            Self::Vote { refusal } => refusal.fmt(f),
        }
    }
}
