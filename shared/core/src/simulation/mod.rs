//! A deterministic in-process simulation with fault injection.
//!
//! A [`World`] holds a [`Ledger`], an [`Aws`] as far as rollouts see it, people who vote, and runs
//! of the loop that are interleaved at their calls. Every call may be done, refused, not be carried
//! out, or be the last thing that its run has done. What is left to chance is read from [`Dice`],
//! so that every story can be told again; when the tape has run out, faults have stopped. The
//! invariants are checked at every step, and what does not hold is in [`World::violations`].

mod aws;
mod checks;
mod dice;
mod invariants;
mod ledger;
mod perform;
mod run;
pub mod sample;
mod telling;
mod world;

pub use aws::{Aws, Running, Service};
pub use dice::Dice;
pub use ledger::{Ledger, NotWritten};
pub use run::{LIFE, SKEW};
pub use telling::told;
pub use world::{Flaw, World};
