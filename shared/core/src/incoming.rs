//! The edge: everything that comes from outside becomes a checked type here, or is turned away.
//!
//! Each reader takes what one kind of sender sends, as it came, and trusts none of it. What it
//! gives back says only where to look and who said what; the truth is asked of AWS and of the
//! ledger afterwards.

mod arn;
pub mod deployment;
pub mod ecr;
mod envelope;
mod fields;
#[cfg(test)]
mod fixtures;
pub mod hook;
#[cfg(test)]
mod properties;
pub mod slack;
pub mod sns;
pub mod stream;
pub mod url;

use crate::message::one_line;

/// Longest reason in characters: it is written to logs and beside dead letters.
const MAX_REASON_LEN: usize = 300;

/// Why nothing was read. Neither is mended by a retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is well-formed, and nothing for Towpath: the reason, for a line in the log.
    #[error("ignored: {0}")]
    Ignored(String),
    /// It is not what its sender is documented to send: the reason, for the dead letter.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl ReadError {
    fn ignored(reason: impl AsRef<str>) -> Self {
        Self::Ignored(one_line(reason.as_ref(), MAX_REASON_LEN))
    }

    fn malformed(reason: impl AsRef<str>) -> Self {
        Self::Malformed(one_line(reason.as_ref(), MAX_REASON_LEN))
    }
}
