//! The last task definition that was described, for the step that comes just after.
//!
//! A plan reads a revision, and a moment later the same run renders it again to register it. The
//! ledger keeps no task definition, so the process does, for that moment: what is taken is gone.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use towpath_core::names::TaskDefinitionArn;
use towpath_core::release::{Place, ServiceId};

/// How many are kept: what a plan reads of one service.
const KEPT: usize = 4;

/// Task definitions as they were described, the newest last.
#[derive(Default)]
pub(crate) struct Definitions(Mutex<Vec<(ServiceId, String, Value)>>);

impl Definitions {
    /// Keeps what was described for a service.
    pub(crate) fn keep(&self, place: &Place, described: &Value) {
        let arn = described.pointer("/taskDefinition/taskDefinitionArn");
        let Some(arn) = arn.and_then(Value::as_str) else {
            return;
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(service, known, _)| !(*service == place.service && known == arn));
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((place.service.clone(), arn.to_owned(), described.clone()));
    }

    /// What was described of that revision for the service, once.
    pub(crate) fn take(&self, place: &Place, revision: &TaskDefinitionArn) -> Option<Value> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|(service, known, _)| {
            *service == place.service && known == revision.as_str()
        })?;
        Some(kept.remove(index).2)
    }
}

impl fmt::Debug for Definitions {
    /// Without what is kept: task definitions may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Definitions")
    }
}
