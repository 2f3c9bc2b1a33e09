//! The adapters between the core and AWS.
