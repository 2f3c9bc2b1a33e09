//! Stories told through the lab: the real function binaries, driven by what AWS, Slack and people
//! would send, and judged by what AWS and Slack show afterwards.

mod account;
mod acting;
mod assertions;
mod command;
mod described;
pub mod encrypted;
mod lab;
mod ledger;
mod narrator;
mod native;
mod network;
pub mod pasted;
pub mod rights;
pub mod shell;
mod shop;
mod target;
pub mod terminal;
mod world;

pub use account::{Account, Place, Stolen, TOOLS};
pub use assertions::DeadLetter;
pub use lab::{Error, Lab, Options};
pub use ledger::{Ledger, Listed, remarks, why};
pub use narrator::Narrator;
pub use native::{Native, Reached};
pub use network::{LoadBalancer, Network, find_listener, network_of};
pub use shop::{APPROVER, CHANNEL, OUTSIDER, Shop, StageSetup, store};
pub use target::Target;
pub use world::{Card, World, running, running_in};
