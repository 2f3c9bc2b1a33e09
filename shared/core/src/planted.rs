//! Bugs that are planted, to see that the simulation finds them: each stands where somebody might make
//! it, behind [`planted!`](crate::planted). Without the feature `planted`, which nothing that is released
//! has, the macro is `false` and there are no bugs.

/// Whether a bug is planted here.
#[cfg(not(feature = "planted"))]
#[macro_export]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
}

/// Whether a bug is planted here.
#[cfg(feature = "planted")]
#[macro_export]
macro_rules! planted {
    ($bug:ident) => {
        $crate::planted::is($crate::planted::Bug::$bug)
    };
}

#[cfg(feature = "planted")]
pub use bugs::{Bug, is, plant};

#[cfg(feature = "planted")]
mod bugs {
    use std::cell::Cell;

    macro_rules! bugs {
        ($($bug:ident),* $(,)?) => {
            /// A bug. What it does stands in the table of `towpath_simulation::BUGS`.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum Bug {
                $($bug),*
            }

            impl Bug {
                pub const ALL: &[Self] = &[$(Self::$bug),*];
            }
        };
    }

    bugs![
        AbsenceOnceIsProof,
        AnswerLostIsRefusal,
        ApprovalOfAnotherDefinition,
        ApprovalOfStrangers,
        EndedRollingNotFound,
        HookAnswerDropped,
        IntentNotWritten,
        IntentOfOthersIgnored,
        LateApprovalBeforeRollout,
        ManualChangeOverwritten,
        NotHeldAfterRollback,
        NothingToldOnceEnded,
        OldPlanKept,
        OlderOvertakes,
        PushLost,
        RegisteredAnew,
        RejectionIgnored,
        ReplyLost,
        RollbackTakenForSuccess,
        RollbackWaitsForHold,
        RunsAlreadyWhileOwned,
        ScalingAllOn,
        SecondCard,
        UnknownCheckPasses,
        VetoAfterStartIgnored,
    ];

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug in what this thread runs from here on, in place of the one before.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether this one is planted.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}
