//! What stands between a plan that was read and a rollout that begins: one file per gate, and
//! [`GATES`] is the order in which they are asked. The first that is not open decides.

mod approval;
mod arrivals;
mod hold;
mod manual_change;
mod owner;
mod rollback_possible;
mod serves_already;
mod veto;

use jiff::SignedDuration;

use super::{Step, Tick};
use crate::names::ReleaseId;
use crate::pipeline::Stage;
use crate::release::rollout::Rollout;
use crate::release::vote::Approval;
use crate::release::{BlockedBy, Plan, Release};

/// What a gate is asked about.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) release: &'a Release,
    pub(super) stage: &'a Stage,
    pub(super) rollout: &'a Rollout,
    pub(super) plan: &'a Plan,
    /// The approval that was given, if the stage asks for one.
    pub(super) granted: Option<&'a Approval>,
    pub(super) moment: Tick,
}

impl Context<'_> {
    fn is_rollback(&self) -> bool {
        self.release.rollback().is_some()
    }

    /// Another release that has the service.
    fn another_owner(&self) -> Option<&ReleaseId> {
        let owner = self.plan.service.owner.as_ref();
        owner.filter(|owner| *owner != self.release.id())
    }
}

/// What a gate says.
pub(super) enum Verdict {
    /// It does not keep the rollout from beginning.
    Open,
    /// The release waits for this, and is looked at again after the pause, if nobody wakes it before.
    Blocked {
        by: BlockedBy,
        pause: SignedDuration,
    },
    /// Something else is done or written down first: it may be the end of the release.
    First(Step),
}

/// For whom a gate is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// For every rollout.
    All,
    /// Rollbacks pass it: what they bring back is urgent, and has been through it.
    Releases,
}

type Gate = (For, fn(&Context<'_>) -> Verdict);

/// The gates. Nobody is asked to approve what may not begin, so that comes after what ends or holds a
/// release; whose turn it is comes last, so that nobody waits in vain.
const GATES: [Gate; 10] = [
    (For::Releases, veto::ask),
    (For::Releases, arrivals::is_newest),
    (For::Releases, arrivals::older_are_told),
    (For::Releases, manual_change::ask),
    (For::Releases, serves_already::ask),
    (For::Releases, hold::ask),
    (For::All, rollback_possible::ask),
    (For::All, approval::ask),
    (For::All, owner::ask),
    (For::Releases, arrivals::is_its_turn),
];

/// What the first gate says that is not open; `Open` if all are.
pub(super) fn ask(context: &Context<'_>) -> Verdict {
    for (whom, gate) in GATES {
        if whom == For::Releases && context.is_rollback() && !crate::planted!(RollbackWaitsForHold)
        {
            continue;
        }
        match gate(context) {
            Verdict::Open => {}
            verdict @ (Verdict::Blocked { .. } | Verdict::First(_)) => return verdict,
        }
    }
    Verdict::Open
}

/// The pause of a release that waits for something that wakes it once it is gone.
const QUEUE_POLL: SignedDuration = SignedDuration::from_secs(300);

/// The pause of a rollback that waits for a service. It is woken too; but it is urgent, and whoever
/// should wake it may have died.
const URGENT_POLL: SignedDuration = SignedDuration::from_secs(20);
