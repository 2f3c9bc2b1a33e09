//! How a stage's service stands, for commands that need nothing else of it and wait for nobody long.

use std::time::Duration;

use tokio::time::timeout;
use towpath_core::release::Revision;

use super::drift::revision;
use super::service_row::{Failed, failed};
use super::stage::StageAt;
use crate::deployer::reads::Reads;

/// How long a service is looked at: the ledger says enough without it.
const TIMEOUT: Duration = Duration::from_secs(6);

/// How a service stands, as far as it could be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StageReads {
    /// Whether there is no such service.
    pub(crate) is_missing: bool,
    /// The revision that it runs, where that is known.
    pub(crate) running: Option<Revision>,
    /// What a failed deployment has left in place in it, if one is known to have.
    pub(crate) failed: Option<Failed>,
    /// What of this could not be read, and why.
    pub(crate) not_looked_at: Option<String>,
}

/// Looks at the service of a stage.
pub(crate) async fn read<R: Reads>(reads: &R, at: &StageAt<'_>) -> StageReads {
    let mut looked = StageReads::default();
    let service = match timeout(TIMEOUT, at.service(reads)).await {
        Ok(Ok(Some(service))) => service,
        Ok(Ok(None)) => {
            looked.is_missing = true;
            return looked;
        }
        Ok(Err(error)) => {
            looked.not_looked_at = Some(error.to_string());
            return looked;
        }
        Err(_) => {
            looked.not_looked_at = Some(silent("ecs:DescribeServices"));
            return looked;
        }
    };
    looked.running = revision(&service);
    match timeout(TIMEOUT, failed(reads, at, &service)).await {
        Ok(Ok(failed)) => looked.failed = failed,
        Ok(Err(error)) => looked.not_looked_at = Some(error.to_string()),
        Err(_) => looked.not_looked_at = Some(silent("what became of its last deployment")),
    }
    looked
}

fn silent(what: &str) -> String {
    format!("{what}: no answer within {} s", TIMEOUT.as_secs())
}
