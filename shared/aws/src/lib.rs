//! The adapters between the core and AWS, and the loop that drives a release over them.

mod autoscaling;
mod aws;
mod call;
mod clients;
pub mod clock;
mod codedeploy;
pub mod config;
pub mod drive;
mod http;
mod perform;
mod ecr;
mod ecs;
mod http;
mod identity;
mod ledger;
pub mod http_check;
pub mod ports;
pub mod secrets;
mod slack;
mod sns;
mod ssm;

pub use aws::Aws;
pub use identity::Caller;
pub use ledger::Listed;
pub use secrets::{Secret, SecretKind};
