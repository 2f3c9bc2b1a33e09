//! The adapters between the core and AWS, the loop that drives a release over them, and what each
//! function does.

mod autoscaling;
mod aws;
mod call;
mod checks;
mod clients;
pub mod clock;
mod cloudwatch;
mod codedeploy;
pub mod config;
pub mod deadline;
pub mod drive;
mod ecr;
mod ecs;
pub mod handlers;
mod http;
mod http_check;
mod identity;
mod ledger;
mod logs;
mod look;
pub mod metric;
pub mod per_minute;
mod perform;
pub mod ports;
#[cfg(feature = "cli")]
mod profile;
mod seals;
pub mod secrets;
pub mod shell;
pub mod signed;
mod slack;
mod sns;
mod ssm;
mod switches;
pub mod verified;
pub mod version;

pub use aws::Aws;
pub use ecr::MANIFESTS;
pub use http_check::{Reached, reach};
pub use identity::Caller;
pub use ledger::{Listed, Stored};
pub use perform::{
    FailedPrimary, Preview, PreviewError, TrafficMechanism, current_revision, failed_primary,
    hooks_to, is_on_fargate, only_all_at_once, preview, remarks, unfit_for, unmet,
};
#[cfg(feature = "cli")]
pub use profile::UnusableProfile;
pub use secrets::{Secret, SecretKind};
