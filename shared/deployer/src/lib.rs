//! What Towpath does: the loop that drives a release, what each of its actions does, and what each
//! function does with what it is given. It reaches AWS, Slack and e-mail through its [`ports`] only.

pub mod drive;
pub mod handlers;
pub mod metric;
pub mod per_minute;
mod perform;
pub mod ports;
pub mod verified;

pub use perform::{
    FailedPrimary, Preview, PreviewError, TrafficMechanism, current_revision, failed_primary,
    hooks_to, is_on_fargate, only_all_at_once, preview, remarks, unfit_for, unmet,
};
