//! The adapters between the core and AWS, the loop that drives a release over them, and what each
//! function does.

mod autoscaling;
mod aws;
mod cache;
mod call;
mod checks;
mod clients;
pub mod clock;
mod cloudwatch;
mod codedeploy;
pub mod config;
pub mod deadline;
mod diagnostics;
mod ecr;
mod ecs;
mod http;
mod http_check;
mod identity;
mod json_api;
mod ledger;
mod logs;
mod messenger;
#[cfg(feature = "cli")]
mod profile;
mod raw;
mod read;
mod seals;
mod secrets;
pub mod shell;
mod ssm;
mod switches;
pub mod version;

pub use aws::Aws;
pub use cache::Secret;
pub use ecr::MANIFESTS;
pub use http_check::{Reached, reach};
pub use identity::Caller;
pub use ledger::{Listed, Stored};
#[cfg(feature = "cli")]
pub use profile::UnusableProfile;
pub use read::{At, is_readable};
pub use secrets::SecretKind;
