//! Stories told through the lab: the real function binaries, driven by what AWS, Slack and people
//! would send, and judged by what AWS and Slack show afterwards.

mod account;
mod acting;
mod described;
mod lab;
mod looking;
mod narrator;
mod native;
mod network;
mod shop;
mod target;
pub mod terminal;
mod world;

pub use account::{Account, Place, TOOLS};
pub use lab::{Error, Lab, Options};
pub use looking::{DeadLetter, Listed};
pub use narrator::Narrator;
pub use native::Native;
pub use shop::{APPROVER, CHANNEL, OUTSIDER, Shop, StageSetup};
pub use target::Target;
pub use world::{Card, World, running};
