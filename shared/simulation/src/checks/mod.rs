//! What must hold at every step, whatever happens. What does not is kept as a violation, so that a test
//! can show the whole list.

mod approved;
mod calls;
mod told;
mod waiting;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::names::{ApprovalId, DeploymentId, ReleaseId};
use towpath_core::release::{Revision, ScalingState, ServiceId};

/// What was seen so far of what is checked.
#[derive(Default)]
pub(crate) struct Seen {
    /// Who has taken which service, with the age of its image.
    takes: Vec<(ServiceId, ReleaseId, Timestamp)>,
    /// The deployments that were begun, by release, service and revision.
    begun: BTreeMap<(ReleaseId, ServiceId, Revision), usize>,
    /// The revisions that were registered, by release, service and what they say.
    registered: BTreeMap<(ReleaseId, ServiceId, String), usize>,
    /// The tasks that were run, by what they say that started them.
    tasks: BTreeMap<String, DeploymentId>,
    /// When somebody has edited a service by hand last.
    edited: BTreeMap<ServiceId, Timestamp>,
    /// The services as releases saw them first.
    first: BTreeMap<(ReleaseId, ServiceId), Value>,
    /// The auto scaling of services as their owners want it.
    pub(crate) wanted: BTreeMap<ServiceId, ScalingState>,
    /// When people were asked first.
    pub(crate) asked_at: Option<Timestamp>,
    /// What people were asked to approve at rest.
    pub(crate) approved_at_rest: BTreeSet<(ReleaseId, ApprovalId)>,
    pub(crate) pushes: usize,
    pub(crate) replies: usize,
    pub(crate) edits: usize,
    appends: usize,
}

impl Seen {
    /// Somebody has put something on a service by hand.
    pub(crate) fn edited(&mut self, service: &ServiceId, at: Timestamp) {
        self.edited.insert(service.clone(), at);
    }

    /// Whether enough was written that the folds are compared again.
    pub(crate) fn folds_due(&self) -> bool {
        self.appends > 0 && self.appends.is_multiple_of(16)
    }
}
