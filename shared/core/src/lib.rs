//! What Towpath decides: pure functions and types, without async, clock, randomness or AWS.

pub mod appspec;
pub mod bulletin;
pub mod check;
mod decision;
pub mod incoming;
pub mod message;
pub mod names;
pub mod pipeline;
pub mod planted;
pub mod release;
pub mod target;
pub mod token;

#[cfg(test)]
mod sample;
