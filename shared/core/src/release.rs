//! A release: one image, by digest, travelling through one pipeline.
//!
//! Its state is the fold of its [`Event`]s. Two pure functions decide everything that happens to
//! it: [`accept`](accept()) says what an incoming fact adds, and [`next`](next()) says what to do
//! now. Neither reads a clock; whoever calls them passes the time.

mod accept;
mod accepted;
mod action;
mod block;
mod blocked_by;
mod checkpoints;
mod correlation_tag;
mod directive;
mod eligible;
mod entry;
mod event;
mod hook_report;
mod hook_verdict;
mod moving;
mod next;
mod notification;
mod outcome;
mod outstanding;
mod overview;
mod plan;
pub(crate) mod reason;
mod refusal;
mod refused_reply;
mod reported;
mod rollback;
mod rollout;
mod seal;
mod service;
mod state;
mod succeeded;
mod successor;
mod summary;
#[cfg(test)]
pub(crate) mod tests;
mod tried;
mod unwritten;
mod vote;
mod waiting;
mod writer;

pub use accept::{Incoming, NotTaken, accept, open};
pub use accepted::Accepted;
pub use action::{
    Action, ActionKind, Changes, DueCheck, Observe, Place, PlanRequest, RollBack, Start,
};
pub use block::Block;
pub use blocked_by::BlockedBy;
pub use checkpoints::Checkpoints;
pub use correlation_tag::{CorrelationTag, NotOurs};
pub use directive::{
    BrokenLog, BrokenTrail, Directive, Instruction, Logged, NotASubject, Order, Said, Subject,
    SubjectState, ordered, verify_listed, verify_log, verify_trail,
};
pub use eligible::{StoredNow, approvers};
pub use entry::{Actor, BrokenChain, Entry, EntryText, StoredEntry, verify_chain};
pub use event::{CheckResult, Event, EventTraits, Image, Revision};

pub use hook_report::{HookReport, NotTheirs, reporting_account};
pub use hook_verdict::{Verdict, checks_of, verdict};
pub use next::{Step, Task, Tick, leave, next, planning};
pub use notification::{
    Notification, Notified, SentMessage, ShownCard, Telling, pending_notifications,
};
pub use outcome::{Conclusion, Outcome};
pub use overview::{Overview, Request, Since, StageOverview, StageStanding, StageStep};
pub use plan::{BaseRevision, DeploymentTarget, ImageChange, Plan, ScalableTarget, ScalingState};
pub use reason::{
    AwsSaid, AwsService, ClosedReason, DeploymentFault, DifferentPlaces, EndReason, External,
    FailedCheck, FaultCause, FaultLeft, HoldReason, ImageProblem, LateCause, Misfit, NotRestored,
    OtherStrategy, Reason, RefusedAction, Registration, Remark, ReplyRefusal, RollbackImpossible,
    RollbackReason, SetUpProblem, UnansweredHook, Unfinished, VoidReason, WhyNotRestored,
    WhyRefused,
};
pub use refusal::Refusal;
#[cfg(test)]
pub(crate) use reported::reporter;
pub use reported::{Reporter, Sender};
pub use rollback::{
    ALL_AT_ONCE, Found, Lookup, MAX_ATTEMPTS, NewRollback, Rollback, RollbackDecision,
    RollbackFacts, RollbackOf, RollbackRefused, RollbackRequest, RollbackTarget, Serving, StageNow,
    Unfounded, WantedRollback, decide_rollback, not_driven, ran, served_before, verify_rollback,
};
pub use rollout::{
    ActiveRollout, CheckTask, Checks, Closing, Deployment, DeploymentEnd, DeploymentStatus,
    DeploymentStep, HookCall, NotStarted, OngoingRollback, Phase, Progress, RollbackBy,
    RollbackDeployment, Rollout, Scaling, ShiftedStep, TakenGroup, TaskCounts, Traffic,
};
pub use seal::{
    BrokenSeal, KeyState, NoSeal, Seal, SealKey, ShortKey, keys_of, unvouched, verify_seals,
};
pub use service::{
    Arrival, Candidate, Difference, Drift, GoodRelease, NotAllowed, Recomputed, SHOWN,
    ServiceChange, ServiceId, ServiceRow, ServiceWrite, service_change, verify_row,
};
pub use state::{Home, NotARelease, Release, Untrusted};
pub use successor::{Aftermath, Instead, Successor};
#[cfg(test)]
pub(crate) use summary::tests::release as summary_of;
pub use summary::{ReleaseState, Summary};
pub use tried::Tried;
pub use unwritten::Unwritten;
pub use vote::{Approval, Principal, Standing, Vote};
pub use waiting::{OpenApproval, Waiting, WaitsFor, WaitsOn};
pub use writer::{NoWriter, Writer};

use towpath_taskdef::image::{Digest, Tag};

pub use crate::decision::Decision;
use crate::names::{Fingerprint, PipelineName, ReleaseId};

/// The id of the release of this image in this pipeline. The same push, however often it is
/// delivered, names the same release.
#[must_use]
pub fn release_id(pipeline: &PipelineName, digest: &Digest, tag: &Tag) -> ReleaseId {
    let hash = Fingerprint::of(format!("{pipeline}\n{digest}\n{tag}"));
    let id = format!("{pipeline}-{}", &hash.as_str()[..16]);
    id.parse()
        .expect("a pipeline name and 16 hexadecimal digits are a release id")
}
