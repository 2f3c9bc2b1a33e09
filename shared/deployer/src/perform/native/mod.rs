//! The native ECS engine: ECS itself moves traffic from blue to green.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>

mod back;
mod check;
mod observe;
mod paused;
mod seen;
mod start;
mod started;

pub(super) use back::roll_back;
pub(super) use check::check;
pub use check::{hooks_to, unmet};
pub(super) use observe::{let_through, observe};
pub(super) use paused::{go_on, paused};
pub(super) use start::{Start, start};
