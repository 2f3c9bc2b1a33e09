//! What must hold at every step, whatever happens. What does not is kept as a violation, so that a test
//! can show the whole list.

mod approved;
mod calls;
mod notified;
mod waiting;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::names::{ApprovalId, DeploymentId, ReleaseId};
use towpath_core::release::{Revision, ScalingState, ServiceId};

/// What was seen so far of what is checked.
#[derive(Default)]
pub(crate) struct Observation {
    /// Who has taken which service, with the age of its image.
    takes: Vec<(ServiceId, ReleaseId, Timestamp)>,
    /// The deployments that were begun, by release, service and revision.
    begun: BTreeMap<(ReleaseId, ServiceId, Revision), usize>,
    /// The revisions that were registered, by release, service and what they say.
    registered: BTreeMap<(ReleaseId, ServiceId, String), usize>,
    /// The tasks that were run, by what they say that started them.
    tasks: BTreeMap<String, DeploymentId>,
    /// What somebody has put on a service by hand last.
    edited: BTreeMap<ServiceId, Edited>,
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

/// What somebody has put on a service by hand.
struct Edited {
    revision: Revision,
    /// Since when whoever looks is shown that.
    shown_from: Timestamp,
}

/// How long before something is done or written an edit by hand must be shown to be known to whoever
/// does it: AWS knows no condition under which a service is updated, nor the ledger one on a service.
const NOTICED: SignedDuration = SignedDuration::from_secs(20);

impl Observation {
    /// Somebody has put something on a service by hand.
    pub(crate) fn edited(&mut self, service: &ServiceId, revision: Revision, at: Timestamp) {
        let edited = Edited {
            revision,
            shown_from: at,
        };
        self.edited.insert(service.clone(), edited);
    }

    /// A service was shown as it was before.
    pub(crate) fn shown_as_before(&mut self, service: &ServiceId, at: Timestamp) {
        if let Some(edited) = self.edited.get_mut(service) {
            edited.shown_from = at;
        }
    }

    /// What somebody has put on a service by hand so lately that whoever looked then may have not
    /// noticed.
    pub(crate) fn unnoticed(&self, service: &ServiceId, looked_at: Timestamp) -> Option<&Revision> {
        let edited = self.edited.get(service)?;
        let unnoticed = looked_at.duration_since(edited.shown_from) <= NOTICED;
        unnoticed.then_some(&edited.revision)
    }

    /// Whether enough was written that the folds are compared again.
    pub(crate) fn folds_due(&self) -> bool {
        self.appends > 0 && self.appends.is_multiple_of(16)
    }
}
