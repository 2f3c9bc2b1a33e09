//! What is to be said of how a stage's service stands, by its row and by what was looked at.

use serde::Serialize;
use towpath_core::release::{Drift, Revision, ServiceRow};

use crate::doctor::drift;
use crate::doctor::service_row::{WayOut, help};
use crate::doctor::stage::StageAt;
use crate::doctor::stage_reads::StageReads;

/// What is to be said of how a stage's service stands.
pub(super) struct Judged {
    pub(super) runs_instead: Option<Instead>,
    pub(super) failed: Option<String>,
    pub(super) know: Option<String>,
    pub(super) not_looked_at: Option<String>,
}

/// Holds what a service was found to run, and to stand on, against its row.
pub(super) fn judge(at: &StageAt<'_>, row: &ServiceRow, looked: StageReads) -> Judged {
    let mut judged = Judged {
        runs_instead: looked
            .running
            .as_ref()
            .and_then(|running| instead(at, row, running)),
        failed: looked
            .is_missing
            .then(|| format!("there is no active service {}", at.place.service)),
        know: None,
        not_looked_at: looked.not_looked_at,
    };
    if let Some(failed) = looked.failed {
        let help = help(at, row);
        let told = format!("{}: {}", failed.what, help.text());
        match help {
            WayOut::FirstPush(_) => judged.know = Some(told),
            WayOut::Back(_) => judged.failed = Some(told),
        }
    }
    judged
}

/// What runs that Towpath has not deployed, if something does.
fn instead(at: &StageAt<'_>, row: &ServiceRow, running: &Revision) -> Option<Instead> {
    let (says, holds) = match row.drift(running) {
        Drift::Untouched | Drift::AsLeft(_) => return None,
        Drift::NotKnown(good) => (drift::not_known(row, running, good), false),
        Drift::Changed(left) => {
            let changed = drift::changed(running, left);
            (format!("{changed}; {}", drift::help(at, row)), true)
        }
    };
    Some(Instead {
        called: running.short().to_owned(),
        revision: running.to_string(),
        says,
        holds,
    })
}

/// What runs that Towpath has not deployed.
#[derive(Serialize)]
pub(super) struct Instead {
    pub(super) revision: String,
    #[serde(skip)]
    pub(super) called: String,
    /// What the next release makes of it.
    pub(super) says: String,
    /// Whether it keeps the next release.
    pub(super) holds: bool,
}
