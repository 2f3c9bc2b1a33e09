//! What may befall a call.

/// A call that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) operation: &'static str,
    pub(crate) function: &'static str,
    pub(crate) how: How,
}

/// What befalls one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Done,
    /// It is answered with what was so a moment ago.
    Stale,
    /// It is throttled: it is not carried out, and says so.
    NotDone,
    /// It fails before it took effect, and nobody can tell.
    FailedBefore,
    /// It is done, and nobody hears of it.
    AnswerLost,
    /// Its invocation dies before it.
    DeathBefore,
    /// Its invocation dies when it is done.
    DeathAfter,
    /// AWS says no.
    Refused,
}

/// What may befall a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A read of AWS that may be answered from before.
    Read,
    /// A read of AWS that says what is.
    ReadNow,
    /// A change of AWS.
    Change,
    /// One whose answer shows what it changes, and may be from before.
    ChangeShown,
    /// A read of the ledger.
    ReadLedger,
    /// A write to the ledger, which is the deployer's own and refuses nothing.
    WriteLedger,
    /// A message.
    Tell,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Stale,
        Self::NotDone,
        Self::FailedBefore,
        Self::AnswerLost,
        Self::DeathBefore,
        Self::DeathAfter,
        Self::Refused,
    ];

    /// Its name in lines that are kept.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stale => "stale",
            Self::NotDone => "throttled",
            Self::FailedBefore => "failed-before",
            Self::AnswerLost => "answer-lost",
            Self::DeathBefore => "crash-before",
            Self::DeathAfter => "crash-after",
            Self::Refused => "refused",
        }
    }
}

impl How {
    /// What may befall it besides being done, the kinder first.
    pub(crate) fn fates(self) -> &'static [Fate] {
        match self {
            // Nobody can tell a read that failed from one whose answer got lost.
            Self::Read => &[
                Fate::NotDone,
                Fate::Stale,
                Fate::FailedBefore,
                Fate::DeathBefore,
                Fate::DeathAfter,
            ],
            Self::ReadNow | Self::ReadLedger => {
                &[Fate::NotDone, Fate::FailedBefore, Fate::DeathBefore]
            }
            // A refusal ends most stories.
            Self::Change | Self::Tell => &[
                Fate::NotDone,
                Fate::AnswerLost,
                Fate::DeathBefore,
                Fate::DeathAfter,
                Fate::FailedBefore,
                Fate::DeathAfter,
                Fate::NotDone,
                Fate::AnswerLost,
                Fate::DeathAfter,
                Fate::Refused,
            ],
            Self::ChangeShown => &[
                Fate::NotDone,
                Fate::Stale,
                Fate::AnswerLost,
                Fate::DeathBefore,
                Fate::DeathAfter,
                Fate::Stale,
                Fate::FailedBefore,
                Fate::DeathAfter,
                Fate::NotDone,
                Fate::Stale,
                Fate::AnswerLost,
                Fate::DeathAfter,
                Fate::Refused,
            ],
            Self::WriteLedger => &[
                Fate::NotDone,
                Fate::FailedBefore,
                Fate::AnswerLost,
                Fate::DeathBefore,
                Fate::DeathAfter,
            ],
        }
    }
}
