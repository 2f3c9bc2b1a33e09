//! Stories told through the lab: the real function binaries, driven by what AWS, Slack and people
//! would send, and judged by what AWS and Slack show afterwards.

mod acting;
mod lab;
mod looking;
mod narrator;
mod shop;
mod world;

pub use lab::{Error, Lab, Options};
pub use looking::{DeadLetter, Listed};
pub use narrator::Narrator;
pub use shop::{APPROVER, CHANNEL, OUTSIDER, Shop, StageSetup};
pub use world::{Card, World, running};
