//! What people were told already. The ledger has one thing several times: a check fails, the
//! deployment is rolled back for it, the rollout ends for it and the stage is held for it. People are
//! told it once in each channel, by the first line that has it; the lines after it say what is new.
//!
//! What a line says depends on the entries before it alone, so that telling it again after a crash
//! tells the same.

use super::reason::{Fact, InParts, Parts};
use crate::names::StageName;
use crate::release::{Block, Event, HoldReason};

/// What a channel has been told of a release so far.
#[derive(Debug, Default)]
pub(super) struct AlreadySaid {
    /// Of what something was said.
    facts: Vec<Fact>,
    /// The stage that is, or was last, rolled out to.
    stage: Option<StageName>,
    /// Whether a check of that rollout has failed.
    failed: bool,
    /// Who takes that rollout back, as far as it was told.
    back: Option<By>,
}

/// Who takes a rollout back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// AWS, by itself.
    Aws,
    /// Towpath, also for somebody.
    Towpath,
}

impl AlreadySaid {
    pub(super) fn follow(&mut self, event: &Event) {
        if let Event::RolloutStarted { stage, .. } = event {
            self.back = None;
            self.failed = false;
            self.stage = Some(stage.clone());
        } else if let Event::RolloutEnded { stage, .. } = event {
            self.stage = Some(stage.clone());
        }
    }

    /// The stage that is, or was last, rolled out to.
    pub(super) fn stage(&self) -> Option<&StageName> {
        self.stage.as_ref()
    }

    /// A check of the rollout has failed.
    pub(super) fn fails(&mut self) {
        self.failed = true;
    }

    /// Whether a check of the rollout has failed.
    pub(super) fn has_failure(&self) -> bool {
        self.failed
    }

    /// Whether it is news that the rollout is rolled back. That AWS does is none once Towpath does.
    pub(super) fn goes_back(&mut self, by: By) -> bool {
        let news = match (self.back, by) {
            (None, _) | (Some(By::Aws), By::Towpath) => true,
            (Some(By::Aws | By::Towpath), By::Aws) | (Some(By::Towpath), By::Towpath) => false,
        };
        if news {
            self.back = Some(by);
        }
        news
    }

    /// Whether it was told that the rollout is rolled back.
    pub(super) fn went_back(&self) -> bool {
        self.back.is_some()
    }

    /// A line says it, in its own words.
    pub(super) fn has(&mut self, said: &impl InParts) {
        self.facts.extend(said.parts().facts().cloned());
    }

    /// A line says that a stage is on hold for this. Whoever waits for the hold reads it in words.
    pub(super) fn has_hold(&mut self, reason: &HoldReason) {
        self.has(reason);
        self.facts
            .push(Fact::OnHold(Block::Release(reason.clone())));
    }

    /// What of it no line has said; nothing if all of it was said. It is now.
    pub(super) fn news(&mut self, of: &impl InParts) -> Option<String> {
        self.news_of(of.parts())
    }

    /// The same, of what is in parts already.
    pub(super) fn news_of(&mut self, parts: Parts) -> Option<String> {
        let news = parts.without(&self.facts);
        self.facts.extend(news.facts().cloned());
        (!news.is_empty()).then(|| news.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::HookPoint;
    use crate::release::{
        ActionKind, CheckResult, DeploymentFault, FailedCheck, FaultLeft, HoldReason, Reason,
        RefusedAction, RollbackReason, Unfinished,
    };
    use crate::sample;

    fn errors() -> FailedCheck {
        FailedCheck {
            at: HookPoint::Bake,
            result: CheckResult {
                check: "errors".parse().expect("a name"),
                passed: false,
                detail: "shop-5xx is in ALARM".into(),
            },
        }
    }

    fn of_checks() -> RollbackReason {
        let checks = vec![errors()];
        RollbackReason::ChecksFailed { checks }
    }

    #[test]
    fn what_was_said_is_left_out_wherever_it_stands() {
        let told = || {
            let mut said = AlreadySaid::default();
            assert!(said.news(&errors()).is_some());
            said
        };
        assert_eq!(told().news(&errors()), None);
        assert_eq!(told().news(&of_checks()), None);
        assert_eq!(told().news(&Reason::from(of_checks())), None);
        let held = HoldReason::NotRolledBack {
            tag: "3f2c1ab".parse().expect("a tag"),
            because: of_checks(),
        };
        assert_eq!(
            told().news(&held).as_deref(),
            Some("3f2c1ab was to be rolled back; look at what serves")
        );
        let serves = Reason::StillServes {
            deployment: "d-1".parse().expect("an id"),
            because: Box::new(of_checks().into()),
        };
        assert_eq!(
            told().news(&serves).as_deref(),
            Some("it still serves: look at d-1")
        );
        let other = FailedCheck {
            at: HookPoint::AfterTraffic,
            ..errors()
        };
        let words = other.to_string();
        assert_eq!(told().news(&other), Some(words), "it is another failure");
    }

    #[test]
    fn what_is_known_later_is_news_by_itself() {
        let mut said = AlreadySaid::default();
        let stopped = DeploymentFault::said("The deployment was stopped by a user.");
        assert!(said.news(&stopped).is_some());
        let left = stopped.leaving(FaultLeft::Traffic { percent: 10 });
        let because = RollbackReason::LeftInPlace { fault: left };
        assert_eq!(
            said.news(&because).as_deref(),
            Some("10% of traffic goes to the new version and nothing rolls it back")
        );
        let end = Reason::Unfinished {
            deployment: "d-1".parse().expect("an id"),
            at: Unfinished::RollingBack,
            until: sample::dawn(),
            rolling_back: Some(because),
        };
        assert_eq!(
            said.news(&end).as_deref(),
            Some("it was still being rolled back at 2026-03-02T09:00:00Z; look at d-1")
        );
        assert_eq!(said.news(&end), None);
    }

    /// Words alone make nothing known: a reason of somebody's may be what AWS says, too.
    #[test]
    fn the_same_words_of_something_else_are_news() {
        let mut said = AlreadySaid::default();
        assert!(said.news(&DeploymentFault::said("it is slow")).is_some());
        let why = sample::refused("it is slow");
        let refused = RefusedAction {
            action: ActionKind::Start,
            why: why.clone(),
        };
        assert!(said.news(&refused).is_some());
        assert!(said.news(&Reason::NotPlanned { why }).is_some());
    }

    #[test]
    fn that_aws_goes_back_is_no_news_once_towpath_does() {
        let mut said = AlreadySaid::default();
        assert!(said.goes_back(By::Aws));
        assert!(!said.goes_back(By::Aws));
        assert!(said.goes_back(By::Towpath));
        assert!(!said.goes_back(By::Aws) && !said.goes_back(By::Towpath));
    }
}
