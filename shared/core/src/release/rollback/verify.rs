//! A rollback is not taken at its own word: the release that it brings back says what it ran.

use serde::{Deserialize, Serialize};

use super::{Rollback, ran};
use crate::names::ReleaseId;
use crate::release::{Image, Release, ServiceId};

/// Why a rollback is not carried out: the release that it is to bring back says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfounded {
    #[error("nothing is rolled back: the ledger has no release {0}")]
    NoSuchRelease(ReleaseId),
    /// It did not serve there.
    #[error("nothing is rolled back: by its own entries {release} never served in {service}")]
    NeverServed {
        release: ReleaseId,
        service: ServiceId,
    },
    /// Something else ran.
    #[error(
        "nothing is rolled back: by the entries of {release} that is {own}, and the rollback names {named}"
    )]
    Otherwise {
        release: ReleaseId,
        /// What it is by those.
        own: String,
        /// What the rollback is to bring.
        named: String,
    },
}

/// Checks a rollback against the entries of the release that it is to bring back, just before it
/// begins: its own first entry is not taken at its word.
///
/// # Errors
/// When that release never ran in the service what the rollback is to bring there.
pub fn verify_rollback(
    rollback: &Rollback,
    image: &Image,
    service: &ServiceId,
    good: Option<&Release>,
) -> Result<(), Unfounded> {
    let release = || rollback.good_release.clone();
    let good = good.ok_or_else(|| Unfounded::NoSuchRelease(release()))?;
    let Some((revision, _)) = ran(good, service, rollback.is_from_before) else {
        return Err(Unfounded::NeverServed {
            release: release(),
            service: service.clone(),
        });
    };
    let otherwise = |own: String, named: String| Unfounded::Otherwise {
        release: release(),
        own,
        named,
    };
    if *revision != rollback.revision {
        let named = rollback.revision.to_string();
        return Err(otherwise(revision.to_string(), named));
    }
    let own = good.image();
    let names = |image: &Image| format!("{}/{}@{}", image.registry, image.repository, image.digest);
    if names(own) != names(image) {
        return Err(otherwise(names(own), names(image)));
    }
    Ok(())
}
