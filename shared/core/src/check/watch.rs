//! Checks that are looked at again and again until they are decided.

use jiff::{SignedDuration, Timestamp};

use super::Verdict;
use crate::pipeline::HookPoint;

/// The moment at which a check is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The point of the rollout at which it runs.
    pub at: HookPoint,
    /// Since when it is looked at.
    pub since: Timestamp,
    pub now: Timestamp,
    /// Whether it is to be decided now, for what it watches is over.
    pub decide: bool,
}

/// What a look at a check came to, on one line, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Good(String),
    Bad(String),
    /// Nothing can be told yet.
    Open,
}

impl Watch {
    /// The verdict on something that lasts, such as the state of an alarm. While a new version is
    /// watched, what is good may still turn bad, so that it is good only when the time is over;
    /// what is bad is decided at once.
    #[must_use]
    pub fn settle(&self, finding: Finding) -> Option<Verdict> {
        match finding {
            Finding::Good(_) if self.at == HookPoint::Bake && !self.decide => None,
            Finding::Good(_) | Finding::Bad(_) | Finding::Open => finding.verdict(),
        }
    }

    /// Whether so much time has passed since the check began.
    pub(super) fn has_lasted(&self, time: SignedDuration) -> bool {
        let over = self.since.checked_add(time).unwrap_or(Timestamp::MAX);
        self.now >= over
    }
}

impl Finding {
    #[must_use]
    pub fn verdict(self) -> Option<Verdict> {
        let (passed, detail) = match self {
            Self::Good(detail) => (true, detail),
            Self::Bad(detail) => (false, detail),
            Self::Open => return None,
        };
        Some(Verdict { passed, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_good_while_it_bakes_is_decided_when_the_time_is_over() {
        let watch = |at, decide| Watch {
            at,
            since: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
            decide,
        };
        let good = || Finding::Good("fine".into());
        let bad = || Finding::Bad("broken".into());
        let passed = |verdict: Option<Verdict>| verdict.map(|verdict| verdict.passed);
        let bake = HookPoint::Bake;
        assert_eq!(watch(bake, false).settle(good()), None);
        assert_eq!(passed(watch(bake, true).settle(good())), Some(true));
        assert_eq!(passed(watch(bake, false).settle(bad())), Some(false));
        assert_eq!(watch(bake, true).settle(Finding::Open), None);
        let hook = HookPoint::AfterTraffic;
        assert_eq!(passed(watch(hook, false).settle(good())), Some(true));
    }
}
