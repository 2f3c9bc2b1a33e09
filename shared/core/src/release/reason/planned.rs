//! What was found of a service that keeps a rollout to it from beginning.

use serde::{Deserialize, Serialize};

use crate::release::Revision;

/// Why what runs now could not be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RollbackImpossible {
    /// Its revision is not active, and no service can be updated to it.
    Revision {
        /// The revision.
        revision: Revision,
        /// What ECS calls its status.
        status: String,
    },
    /// One of its images cannot be pulled.
    Image {
        /// The image.
        image: String,
        /// Why not.
        problem: ImageProblem,
    },
}

/// Why an image cannot be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageProblem {
    /// It is archived.
    Archived,
    /// It is being restored from the archive.
    Activating,
    /// It is gone from its registry.
    Gone,
}

/// Where what runs differs from what Towpath left: the places, and no values, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferentPlaces {
    /// The first of them.
    pub places: Vec<String>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(more: &usize) -> bool {
    *more == 0
}
