//! What Towpath decides: pure functions and types, without async, clock, randomness or AWS.

pub mod appspec;
pub mod bulletin;
pub mod check;
pub mod image;
pub mod incoming;
pub mod json;
pub mod message;
pub mod names;
pub mod pipeline;
pub mod release;
mod resource_tag;
mod secrets;
pub mod taskdef;
pub mod token;
mod visible;

pub use visible::{repeated, repeated_key, repeated_path, visible};

#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
