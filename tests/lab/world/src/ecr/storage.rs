//! Archived images: they are described, and cannot be pulled until they are restored.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html>

use jiff::Timestamp;
use serde_json::json;

use super::{image_id, invalid};
use crate::{
    World,
    call::{Answer, Call},
    timers::{later, minutes},
};

/// What restoring takes.
const RESTORING_MINUTES: u64 = 20;

/// Where an image is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Standard,
    Archive,
    /// On its way back, until then.
    Restoring(Timestamp),
}

impl Storage {
    pub(super) fn can_be_pulled(self, now: Timestamp) -> bool {
        self.status(now) == "ACTIVE"
    }

    /// `imageStatus`.
    pub(super) fn status(self, now: Timestamp) -> &'static str {
        match self {
            Self::Restoring(until) if now < until => "ACTIVATING",
            Self::Standard | Self::Restoring(_) => "ACTIVE",
            Self::Archive => "ARCHIVED",
        }
    }
}

pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    let now = world.now;
    let target = call.str("targetStorageClass").unwrap_or_default();
    let id = call.member("imageId").cloned().unwrap_or_default();
    let repository = world.ecr.find(call)?;
    let digest = repository.find(&id)?.digest.clone();
    let (account, name) = (repository.place.account.clone(), repository.name.clone());
    let held = repository
        .images
        .iter_mut()
        .find(|image| image.digest == digest);
    let status = match held {
        Some(image) => {
            image.storage = match (target, image.storage) {
                ("ARCHIVE", _) => Storage::Archive,
                ("STANDARD", Storage::Archive) => {
                    Storage::Restoring(later(now, minutes(RESTORING_MINUTES)))
                }
                ("STANDARD", storage) => storage,
                (other, _) => {
                    return Err(invalid(format!(
                        "Invalid parameter at 'targetStorageClass' failed to satisfy constraint: 'must be one of ARCHIVE, STANDARD': {other}"
                    )));
                }
            };
            image.storage.status(now)
        }
        None => "ACTIVE",
    };
    Ok(json!({
        "registryId": account,
        "repositoryName": name,
        "imageId": image_id(Some(&digest), None),
        "imageStatus": status,
    }))
}
