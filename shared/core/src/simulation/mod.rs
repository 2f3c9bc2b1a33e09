//! A world to try releases out in: pure, in process, and as unkind as it is told to be.

pub mod sample;
mod telling;

pub use telling::told;
