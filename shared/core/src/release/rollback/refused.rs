//! Why nothing is rolled back: the same words for whoever asks, by command or by button.

use super::MAX_ATTEMPTS;
use crate::names::{ReleaseId, StageName};
use crate::release::{Refusal, Revision, ServiceId};

/// Why nothing is rolled back. It is shown to whoever asked for it, and says what they can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RollbackRefused {
    /// Whoever asks may not, or the release does not take it.
    #[error(transparent)]
    NotAllowed(Refusal),
    #[error("the pipeline has no stage `{0}`: `towpath status` shows the stages that there are")]
    NoSuchStage(StageName),
    #[error("there is no release {0}: `towpath history` shows those there are")]
    NoSuchRelease(ReleaseId),
    /// What is known of a release that is needed cannot be read.
    #[error(
        "nothing is rolled back, because release {release} cannot be read ({problem}): `towpath rollback` with --to returns to another one"
    )]
    Unreadable { release: ReleaseId, problem: String },
    /// Another release is being rolled out.
    #[error(
        "{owner} is being rolled out to {stage} now: roll back on its card, or ask again when it is through"
    )]
    OtherRollout { stage: StageName, owner: ReleaseId },
    /// Another rollback is under way.
    #[error(
        "{stage} is being rolled back to {to} now, by {rollback}: ask again when it is through, if something else is to serve then"
    )]
    OtherRollback {
        stage: StageName,
        /// What it brings back, as people call it.
        to: String,
        rollback: ReleaseId,
    },
    /// Another release serves.
    #[error("{serves} serves in {stage} now, and not {release}: roll back on its card")]
    OtherServes {
        release: ReleaseId,
        stage: StageName,
        serves: ReleaseId,
    },
    /// What ran before any release serves.
    #[error(
        "{revision} serves in {stage} now, as before {first}, and not {release}: `towpath rollback` with --to returns to what you name", revision = .revision.short()
    )]
    BeforeServes {
        release: ReleaseId,
        stage: StageName,
        /// The revision that serves.
        revision: Revision,
        /// The release before which it ran.
        first: ReleaseId,
    },
    /// It is not known that anything has succeeded there.
    #[error(
        "{release} does not serve in {stage}, so there is nothing to roll back: `towpath status` shows what serves"
    )]
    NothingServes {
        release: ReleaseId,
        stage: StageName,
    },
    /// Nothing is known to have served there before what runs now.
    #[error(
        "nothing is known that served in {0} before what runs now: `towpath history` shows what there was; name one with --to of `towpath rollback`"
    )]
    NothingBefore(StageName),
    /// No release has succeeded there yet.
    #[error(
        "no release has succeeded in {0} yet, so there is none to return to: push an image; what ran there before a release is named with --to FAMILY:REVISION of `towpath rollback`"
    )]
    NothingYet(StageName),
    /// The release did not serve there.
    #[error(
        "{release} never served in {stage}, and a rollback returns only to what did: `towpath history` shows the releases that may be named"
    )]
    NeverServed {
        release: ReleaseId,
        stage: StageName,
    },
    /// Nothing is known to have run there with the revision.
    #[error(
        "the ledger does not know that {revision} ran in {stage}, and a rollback returns only to what did: `towpath history` shows the releases that may be named"
    )]
    NeverRan {
        /// The revision, as somebody has named it.
        revision: String,
        stage: StageName,
    },
    /// The stage was another service when the release went there.
    #[error(
        "release {release} went to {was}, and {stage} is {service} now: name one that served there, as `towpath history` shows them"
    )]
    Elsewhere {
        release: ReleaseId,
        stage: StageName,
        /// The service to which the release went.
        was: Box<ServiceId>,
        /// The service of the stage now.
        service: Box<ServiceId>,
    },
    /// What was to follow could not be opened: only the rollout is rolled back.
    #[error("{release} is being rolled back, and nothing follows: {because}")]
    OnlyRolloutRolledBack {
        /// The release that was being rolled out.
        release: ReleaseId,
        /// Why nothing follows.
        because: Box<RollbackRefused>,
    },
    /// The same was asked for again and again.
    #[error(
        "{MAX_ATTEMPTS} rollbacks in a row have ended without having changed anything: `towpath history` says why"
    )]
    InVain,
    /// The service has changed hands each time that it was looked at.
    #[error(
        "{0} changes hands again and again, and nothing was rolled back: ask once more; `towpath audit` shows whether its row in the ledger was edited"
    )]
    Unsteady(StageName),
}
