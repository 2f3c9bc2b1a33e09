//! The mark that a deployment carries, so that it is found again and known as ours.

use std::fmt;
use std::str::FromStr;

use crate::names::{ReleaseId, StageName};

/// Whose deployment it is, as text in the description of a CodeDeploy deployment:
/// `towpath shop-api-0123456789abcdef staging`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationTag {
    pub release: ReleaseId,
    pub stage: StageName,
}

/// A description that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the description does not name a release of Towpath's")]
pub struct NotOurs;

impl fmt::Display for CorrelationTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "towpath {} {}", self.release, self.stage)
    }
}

impl FromStr for CorrelationTag {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Self, NotOurs> {
        let mut words = text.split(' ');
        let (Some("towpath"), Some(release), Some(stage), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NotOurs);
        };
        Ok(Self {
            release: release.parse().map_err(|_| NotOurs)?,
            stage: stage.parse().map_err(|_| NotOurs)?,
        })
    }
}
