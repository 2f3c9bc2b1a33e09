//! What Towpath does: the loop that drives a release, what each of its actions does, and what each
//! function does with what it is given. It reaches AWS, Slack and e-mail through its [`ports`] only.

pub mod backoff;
pub mod drive;
mod engine;
pub mod handlers;
pub mod metric;
pub mod per_minute;
mod perform;
pub mod ports;
mod recorded;
pub mod rollback;
mod service;
mod traffic;
pub mod verified;

pub use engine::{hooks_to, only_all_at_once, unfit_for, unmet};
pub use perform::{Preview, PreviewError, preview};
pub use service::{FailedPrimary, failed_primary, is_on_fargate};
pub use traffic::{TrafficMechanism, current_revision, remarks};
