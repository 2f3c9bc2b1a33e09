//! A Slack workspace: it shows what a bot posts, enforces the documented limits, and clicks
//! buttons the way people do, signed the way Slack signs.

pub(crate) mod api;
pub(crate) mod click;
mod history;
pub(crate) mod limits;
pub(crate) mod response_url;
pub(crate) mod workspace;
