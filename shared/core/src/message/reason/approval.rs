//! Why an approval, or a reply to a request, does not count.

use std::fmt;

use crate::release::{ReplyRefusal, VoidReason};

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

impl fmt::Display for ReplyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { problem } => problem.fmt(f),
            Self::Vote { refusal } => refusal.fmt(f),
        }
    }
}
