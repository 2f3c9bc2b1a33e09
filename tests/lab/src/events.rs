//! EventBridge: buses, rules, schedules and the delivery to targets.

pub(crate) mod api;
pub(crate) mod bus;
pub(crate) mod delivery;
pub(crate) mod described;
pub(crate) mod forward;
pub(crate) mod pattern;
pub(crate) mod schedule;
pub(crate) mod wildcard;
