//! What reasons have in them.

use std::fmt;

use super::parts::{Fact, InParts, Parts};
use crate::release::{
    External, FailedCheck, LateCause, ScalableTarget, UnansweredHook, Unfinished, WhyNotRestored,
};

impl fmt::Display for FailedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, result } = self;
        write!(
            f,
            "check `{}` failed at {at}: {}",
            result.check, result.detail
        )
    }
}

impl InParts for FailedCheck {
    fn parts(&self) -> Parts {
        Parts::of(Fact::CheckFailed(self.clone()), self.to_string())
    }
}

impl fmt::Display for UnansweredHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, at } = self;
        write!(f, "the hook {function} never answered at {at}")
    }
}

impl fmt::Display for LateCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook(hook) => hook.fmt(f),
            Self::Pause { at } => write!(
                f,
                "a pause at {at} waited for an action, and nobody gave one"
            ),
            Self::StoppedTask { said } => f.write_str(said),
        }
    }
}

impl InParts for LateCause {
    fn parts(&self) -> Parts {
        Parts::of(Fact::CauseOfDelay(self.clone()), self.to_string())
    }
}

impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision { revision } => f.write_str(revision.short()),
            Self::Deployment {
                deployment: Some(deployment),
                revision: Some(revision),
            } => write!(f, "{deployment} of {}", revision.short()),
            Self::Deployment {
                deployment: Some(deployment),
                revision: None,
            } => deployment.fmt(f),
            Self::Deployment {
                deployment: None,
                revision: Some(revision),
            } => write!(f, "a deployment of {}", revision.short()),
            Self::Deployment {
                deployment: None,
                revision: None,
            } => f.write_str("another deployment"),
        }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RollingBack => f.write_str("being rolled back"),
            Self::NotRolledBack => f.write_str("not rolled back"),
            Self::UnderWay { status } => status.fmt(f),
        }
    }
}

impl fmt::Display for WhyNotRestored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for WhyNotRestored {
    fn parts(&self) -> Parts {
        match self {
            Self::Refused(refused) => refused.parts(),
            Self::WouldChangeCount { target, desired } => scaling_left(*target, *desired, true),
        }
    }
}

/// Auto scaling was left as it was found, where it was to be suspended or put back.
pub(in crate::message) fn scaling_left(
    target: ScalableTarget,
    desired: u32,
    restoring: bool,
) -> Parts {
    let left = Fact::ScalingLeft {
        target,
        desired,
        restoring,
    };
    Parts::of(left, target.left(desired, restoring))
}
