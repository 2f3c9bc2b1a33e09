//! A world to try the deployer out in: in memory, in virtual time, and as unkind as it is told to be.
//!
//! A [`Story`] runs the deployer's own handlers, and through them its own loop, over ports that are
//! implemented here: a [`ledger`] with the conditions of the real one, and the services of AWS as the
//! lab knows them (`towpath_lab_world`), so that there is one model of AWS and not two. Every
//! invocation is a future that is polled by a scheduler: it goes on one call at a time, interleaved
//! with others at their calls. A call may be done, refused, not be carried out, be done with its answer
//! lost, be answered from a stale read, or be the last thing that its invocation has done.
//!
//! What is left to chance is read from [`Dice`], so that every story can be told again; when the tape
//! has run out, faults stop and everything has to come to rest. The invariants are checked at every
//! call, at every write and at rest, and what does not hold is in [`Story::violations`].

mod bugs;
mod calls;
mod checks;
pub mod crowd;
mod cues;
mod deliver;
mod dice;
pub mod enumerate;
mod fate;
mod judge;
mod ledger;
mod messages;
mod people;
pub mod pipelines;
mod planted;
mod ports;
mod protocol;
pub mod random;
mod rest;
mod runs;
mod scenario;
pub mod scenarios;
mod script;
mod set_up;
mod simulation;
mod story;

pub use bugs::{BUGS, LIVENESS, Planted};
pub use dice::Dice;
pub use fate::Fate;
pub use planted::Flaw;
pub use scenario::Scenario;
pub use script::Fault;
pub use story::{Ended, Story, simulate, simulate_with, simulate_with_clock, tell};
pub use towpath_lab_world::Behaviour;
