//! What happens to releases that arrive where another one is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to releases that arrive at a stage while another one is there. In no case does an
/// older one overtake a newer one, and a rollout that has begun is finished. A release is as old as
/// its image under its tag: an image that gets a second tag arrives again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// The newest image takes the place of older ones that wait.
    #[default]
    NewestWins,
    /// Every image is rolled out, one after the other, in the order in which their tags
    /// arrived in the registry.
    Queue,
    /// As `queue`; and an approval counts only for what ran when people were asked: when another
    /// release was rolled out meanwhile, they are asked again.
    RequireReapproval,
}

impl Arrivals {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether releases wait for those before them.
    #[must_use]
    pub fn is_in_order(self) -> bool {
        match self {
            Self::NewestWins => false,
            Self::Queue | Self::RequireReapproval => true,
        }
    }
}
