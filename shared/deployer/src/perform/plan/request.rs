//! What a plan is asked for.

use towpath_core::release::PlanRequest;

/// What is to be read, and for what.
#[derive(Clone, Copy)]
pub(in crate::perform) struct Request<'a> {
    pub(in crate::perform) asked: &'a PlanRequest,
    /// Whether nothing is going to be started, so that the image may be yet to be pushed.
    pub(in crate::perform) rehearsed: bool,
}
