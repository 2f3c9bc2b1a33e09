//! The adapters between the core and AWS.

pub mod ports;
