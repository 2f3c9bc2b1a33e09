//! What reasons have in them.

use std::fmt;

use crate::release::{FailedCheck, RefusedAction, UnansweredHook, Unfinished, WhyNotRestored};

impl fmt::Display for RefusedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, said } = self;
        write!(f, "could not {action}: {said}")
    }
}

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

impl fmt::Display for UnansweredHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, at } = self;
        write!(f, "the hook {function} never answered at {at}")
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RollingBack => "being rolled back",
            Self::NotRolledBack => "not rolled back",
            Self::UnderWay { at } => at,
        })
    }
}

impl fmt::Display for WhyNotRestored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::WouldChangeCount { target, desired } => f.write_str(&target.left(*desired, true)),
        }
    }
}
