//! Given a release, when something happens, then this: and what holds whatever happens.

mod accept;
mod arriving;
mod bringing_back;
mod chain;
mod deciding_rollbacks;
mod following;
mod gates;
pub(crate) mod given;
mod growth;
mod hook_calls;
mod hooks;
mod identity;
mod in_order;
mod intents;
mod opening;
mod ordering;
mod preparing;
mod progress;
mod reports;
mod rolling_back;
mod seals;
mod served_before;
mod service;
mod serving;
pub(crate) mod stored;
mod untrusted;
mod watching;
