//! Lambda: real function binaries run as processes, through the Runtime API.

pub(crate) mod api;
pub(crate) mod async_queue;
pub(crate) mod environment;
pub(crate) mod function;
pub(crate) mod hooks;
pub(crate) mod host;
pub(crate) mod listed;
pub(crate) mod metrics;
pub(crate) mod named;
pub(crate) mod permission;
pub(crate) mod runtime_api;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod stream_batch;
pub(crate) mod url;
