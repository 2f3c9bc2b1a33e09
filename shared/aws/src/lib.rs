//! The adapters between the core and AWS, and the loop that drives a release over them.

mod aws;
mod call;
mod clients;
pub mod clock;
pub mod config;
pub mod drive;
mod http;
mod perform;
pub mod ports;
pub mod secrets;

pub use aws::Aws;
pub use secrets::{Secret, SecretKind};
