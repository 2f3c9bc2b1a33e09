//! The gateway: one port that every AWS client talks to.

mod answered;
pub(crate) mod cbor;
pub(crate) mod dispatch;
pub(crate) mod dynamodb;
pub(crate) mod errors;
mod event_history;
pub(crate) mod faults;
pub(crate) mod identity;
pub(crate) mod journal;
pub(crate) mod parse;
pub(crate) mod record;
pub(crate) mod redact;
mod stale;
pub(crate) mod table_arn;
pub(crate) mod transaction;
