//! The auto scaling of a service while a rollout has it.
//!
//! | it is | and | then it is |
//! |---|---|---|
//! | as it was | it is about to be suspended | perhaps suspended |
//! | as it was, perhaps suspended | it was left as it is | settled |
//! | perhaps suspended | it is suspended | suspended |
//! | perhaps suspended, suspended | it is as it was before | settled |
//! | perhaps suspended, suspended | it could not be put back | not restored |

use crate::release::{NotRestored, ScalingState, WhyNotRestored};

/// What was done to the auto scaling of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scaling {
    /// Nothing yet.
    AsItWas,
    /// It is about to be suspended, or was: nobody knows yet. This is what it was before.
    PerhapsSuspended(ScalingState),
    /// It is suspended. This is what it was before.
    Suspended(ScalingState),
    /// It was put back, or left as it is.
    Settled,
    /// It could not be put back.
    NotRestored(NotRestored),
}

impl Scaling {
    /// The state to put back, from the moment it may have been changed until it is back.
    #[must_use]
    pub fn to_restore(&self) -> Option<ScalingState> {
        match self {
            Self::PerhapsSuspended(_) | Self::Suspended(_) if crate::planted!(ScalingAllOn) => {
                Some(ScalingState::default())
            }
            Self::PerhapsSuspended(before) | Self::Suspended(before) => Some(*before),
            Self::AsItWas | Self::Settled | Self::NotRestored(_) => None,
        }
    }

    /// Whether it is still to be suspended, where the stage wants that.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        match self {
            Self::AsItWas | Self::PerhapsSuspended(_) => true,
            Self::Suspended(_) | Self::Settled | Self::NotRestored(_) => false,
        }
    }

    /// It is about to be suspended: from here on it may be, whatever is heard of it.
    pub(in crate::release) fn about_to_suspend(&mut self, before: Option<ScalingState>) {
        match self {
            Self::AsItWas | Self::PerhapsSuspended(_) => {
                *self = before.map_or(Self::AsItWas, Self::PerhapsSuspended);
            }
            Self::Suspended(_) | Self::Settled | Self::NotRestored(_) => {}
        }
    }

    pub(in crate::release) fn suspended(&mut self) {
        match self {
            Self::PerhapsSuspended(before) => *self = Self::Suspended(*before),
            Self::AsItWas => *self = Self::Settled,
            Self::Suspended(_) | Self::Settled | Self::NotRestored(_) => {}
        }
    }

    /// It is as it was before, or was left as it is.
    pub(in crate::release) fn settled(&mut self) {
        *self = Self::Settled;
    }

    /// It could not be put back.
    pub(in crate::release) fn not_restored(&mut self, why_not: WhyNotRestored) {
        if let Some(state) = self.to_restore() {
            *self = Self::NotRestored(NotRestored { why_not, state });
        }
    }
}
