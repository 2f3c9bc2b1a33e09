//! The adapters between the core and AWS, and the loop that drives a release over them.

pub mod drive;
mod perform;
pub mod ports;
