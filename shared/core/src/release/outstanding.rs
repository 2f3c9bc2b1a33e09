//! What is about to be performed, as the ledger says, and what is known of whether it was.

use jiff::{SignedDuration, Timestamp};

use super::rollout::later;
use super::{Action, ActionKind, Tried};

/// Actions whose intent is in the ledger and whose outcome is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outstanding {
    pub(super) actions: Vec<Action>,
    /// Until when whoever wrote it may still be performing them.
    pub(super) until: Timestamp,
    /// How often just these were intended.
    times: usize,
    /// When they were intended last.
    intended_at: Timestamp,
    /// The looks since that saw nothing of an action.
    not_seen: Vec<ActionKind>,
    /// Which of them AWS has certainly not carried out.
    not_performed: Vec<ActionKind>,
    /// When a run last said that it does not know what came of them, and what it was told.
    unknown: Option<(Timestamp, String)>,
}

/// How far apart two looks are that see nothing before it counts as not there.
const APART: SignedDuration = SignedDuration::from_secs(30);

/// How often the same actions are intended before less and less is tried.
const OFTEN: usize = 20;

/// The longest time between two tries.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(3);

impl Outstanding {
    /// What is intended now takes the place of what was.
    pub(super) fn intended(
        before: Option<&Self>,
        actions: &[Action],
        until: Timestamp,
        at: Timestamp,
    ) -> Self {
        let same = before.filter(|before| before.actions == *actions);
        Self {
            actions: actions.to_vec(),
            until,
            times: same.map_or(1, |before| before.times + 1),
            intended_at: at,
            // What was not seen then may be there from now on.
            not_seen: Vec::new(),
            not_performed: Vec::new(),
            unknown: same.and_then(|before| before.unknown.clone()),
        }
    }

    /// Whoever intended it performs it no longer, and does not know what came of it.
    pub(super) fn unknown(&mut self, said: &str, at: Timestamp) {
        self.unknown = Some((at, said.to_owned()));
        self.left(at);
    }

    /// When a run last said that it does not know what came of it.
    pub(super) fn unknown_at(&self) -> Option<Timestamp> {
        self.unknown.as_ref().map(|(at, _)| *at)
    }

    /// What that run was told by AWS.
    pub(super) fn said(&self) -> Option<&str> {
        self.unknown.as_ref().map(|(_, said)| said.as_str())
    }

    /// Whoever intended it performs it no longer.
    fn left(&mut self, at: Timestamp) {
        self.until = self.until.min(at);
    }

    /// It was looked for, and not seen.
    pub(super) fn not_seen(&mut self, kind: ActionKind, at: Timestamp) {
        if self.intends(kind) {
            if !self.not_seen.contains(&kind) {
                self.until = later(at, APART);
            }
            self.not_seen.push(kind);
        }
    }

    /// AWS has not carried it out.
    pub(super) fn not_performed(&mut self, kind: ActionKind, at: Timestamp) {
        self.not_performed.push(kind);
        self.left(at);
    }

    /// What came of some of them is known. False when nothing is left.
    pub(super) fn settle(&mut self, is_known: impl Fn(&Action) -> bool) -> bool {
        self.actions.retain(|action| !is_known(action));
        !self.actions.is_empty()
    }

    /// Whether nobody knows what came of an action of that kind.
    pub(super) fn intends(&self, kind: ActionKind) -> bool {
        let of_kind = |action: &Action| action.kind() == kind;
        self.actions.iter().any(of_kind) && !self.not_performed.contains(&kind)
    }

    /// What is known of whether an earlier run has performed an action of that kind.
    pub(super) fn tried(&self, kind: ActionKind) -> Tried {
        if !self.intends(kind) {
            Tried::Never
        } else if self.not_seen.contains(&kind) {
            Tried::NotSeen
        } else {
            Tried::Perhaps
        }
    }

    /// Whether two looks, one some time after the other, saw nothing of it.
    pub(super) fn is_absent(&self, kind: ActionKind) -> bool {
        let looks = self.not_seen.iter().filter(|seen| **seen == kind);
        self.intends(kind) && looks.count() > 1
    }

    /// Whether just these were intended often.
    pub(super) fn has_often_intended(&self, actions: &[Action]) -> bool {
        self.times >= OFTEN && self.actions == actions
    }

    /// From when on they may be performed again: what has failed often is tried less and less.
    pub(super) fn again_at(&self) -> Timestamp {
        let Some(more) = self.times.checked_sub(OFTEN) else {
            return self.intended_at;
        };
        let doubled = 2_i32.saturating_pow(u32::try_from(more).unwrap_or(u32::MAX));
        let pause = APART.checked_mul(doubled).unwrap_or(MAX_PAUSE);
        later(self.intended_at, pause.min(MAX_PAUSE))
    }
}
