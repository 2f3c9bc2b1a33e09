//! What a sentence is made of: each thing that it says, with the value that it says it of. So what
//! was said already is found by comparing values, and can be left out.

use std::fmt;

use crate::release::{
    Block, EndReason, FailedCheck, FaultCause, FaultLeft, HoldReason, LateCause, NotRestored,
    Reason, RefusedAction, RollbackReason, ScalableTarget,
};

/// What can be told people in parts.
pub(in crate::message) trait InParts {
    /// Everything that it says, in order.
    fn parts(&self) -> Parts;
}

/// What a sentence says, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::message) struct Parts(Vec<Part>);

/// One thing that a sentence says.
#[derive(Debug, Clone)]
struct Part {
    /// What stands between it and what comes before it.
    joint: &'static str,
    words: String,
    fact: Fact,
}

/// The value of which something is said. A value that has others in it stands for what is said of
/// it without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::message) enum Fact {
    RolloutEnded(Reason),
    RolledBack(RollbackReason),
    ReleaseEnded(EndReason),
    Held(HoldReason),
    /// A stage is on hold.
    OnHold(Block),
    CheckFailed(FailedCheck),
    ActionRefused(RefusedAction),
    CauseOfFault(FaultCause),
    LeftByFault(FaultLeft),
    CauseOfDelay(LateCause),
    /// Auto scaling was left as it was found.
    ScalingLeft {
        target: ScalableTarget,
        desired: u32,
        restoring: bool,
    },
    /// How auto scaling is put back.
    ScalingNotRestored(NotRestored),
    /// Somebody should look at what serves.
    LookAtWhatServes,
}

impl Parts {
    /// One thing.
    pub(in crate::message) fn of(fact: Fact, words: impl Into<String>) -> Self {
        Self(vec![Part {
            joint: "",
            words: words.into(),
            fact,
        }])
    }

    /// The same, and more after that.
    pub(in crate::message) fn then(mut self, joint: &'static str, more: Self) -> Self {
        let mut more = more.0.into_iter();
        if let Some(first) = more.next() {
            self.0.push(Part { joint, ..first });
        }
        self.0.extend(more);
        self
    }

    /// Several of a kind.
    pub(super) fn list(all: impl IntoIterator<Item = Self>) -> Self {
        let listed = Self::default();
        all.into_iter().fold(listed, |all, one| all.then("; ", one))
    }

    /// That somebody should look at what serves, after the same.
    pub(super) fn look_at_what_serves(self) -> Self {
        if self.facts().any(|it| *it == Fact::LookAtWhatServes) {
            return self;
        }
        let look = Self::of(Fact::LookAtWhatServes, "look at what serves");
        self.then("; ", look)
    }

    /// What is left once what these are said of is left out.
    pub(in crate::message) fn without(self, said: &[Fact]) -> Self {
        let parts = self.0.into_iter();
        Self(parts.filter(|part| !said.contains(&part.fact)).collect())
    }

    pub(in crate::message) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of what something is said.
    pub(in crate::message) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter().map(|part| &part.fact)
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Part { joint, words, .. }) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(joint)?;
            }
            f.write_str(words)?;
        }
        Ok(())
    }
}
