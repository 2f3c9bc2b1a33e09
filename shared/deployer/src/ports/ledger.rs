//! The ledger.

use jiff::{SignedDuration, Timestamp};
use towpath_core::names::{AccountId, DeploymentId, PipelineName, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{
    Actor, Block, BlockedBy, Candidate, Event, HookReport, Release, ServiceId, ServiceRow,
    Untrusted,
};
use towpath_taskdef::image::Digest;

use super::CallError;

/// Entries that are written together, or not at all.
#[derive(Debug)]
pub struct Append<'a> {
    /// The release as it was loaded: the entries follow its last one.
    pub release: &'a Release,
    /// What happened.
    pub events: &'a [Event],
    /// Who says so.
    pub actor: &'a Actor,
    pub at: Timestamp,
    /// Whether `advance` is to look at the release: intake says yes, `advance` itself no.
    pub wake: bool,
    /// When the sweeper is to look at the release if nothing happens before. Whoever wakes `advance`
    /// need not say: the sweeper looks two minutes later whether it was woken.
    pub due: Option<Timestamp>,
}

/// Why entries were not written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first: load again and decide again.
    #[error("another writer was first")]
    Conflict,
    /// The service's row does not allow it: another release owns it, or a newer one has arrived.
    #[error("the service has changed hands")]
    ServiceCondition,
    /// A deployment that is said to have been started for the release is another one's.
    #[error("{0} is the deployment of another release")]
    Deployment(DeploymentId),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A ledger that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An item is not an entry, or the entries make no release.
    #[error("the ledger of {release} cannot be read: {problem}")]
    Unreadable {
        release: ReleaseId,
        /// What is wrong.
        problem: String,
    },
    /// An entry was not written by who may write such entries. Only `advance` looks for that.
    #[error(transparent)]
    Distrusted(Box<Distrust>),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A release with an entry that nobody vouches for: it is not driven.
#[derive(Debug, thiserror::Error)]
#[error("the ledger of {release} is not trusted: {problem}")]
pub struct Distrust {
    pub release: ReleaseId,
    /// Which entry, and why.
    pub problem: String,
    /// What is proven of the release, if anything is: what was before that entry, or all of it where
    /// only a key counts no more.
    pub trusted: Option<Release>,
}

impl Distrust {
    /// What the release's summary is to say.
    #[must_use]
    pub fn untrusted(&self) -> Untrusted {
        let trusted = self.trusted.as_ref();
        let last = trusted.and_then(|trusted| trusted.entries().last());
        Untrusted {
            trusted: last.map_or(0, |entry| entry.sequence),
            reason: self.problem.clone(),
        }
    }
}

/// How long whoever is woken has before the sweeper looks whether they were: a call may get lost.
pub const WAKE_GRACE: SignedDuration = SignedDuration::from_mins(2);

/// An open release, as the sweeper sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRelease {
    pub release: ReleaseId,
    /// When the sweeper wakes it if nothing happens before.
    pub due: Option<Timestamp>,
    /// How often the sweeper has woken it since somebody drove or wrote to it.
    pub woken: u32,
    /// From when on it is expected to go on without people, if it is.
    pub moving_since: Option<Timestamp>,
    /// What keeps it from taking a service.
    pub blocked_by: Option<BlockedBy>,
}

pub trait Ledger {
    /// The release, if there is one: one Query, strongly consistent.
    async fn load(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError>;
    /// The release as its entries tell it, whoever has written them: for what concerns only the
    /// release itself, where nothing of it is trusted.
    async fn load_unverified(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError>;
    /// Closes the summary of a release that is not trusted: it says so, the sweeper wakes the release
    /// no more, and no entries are written to it by anybody who goes by this interface.
    async fn close(&self, release: &Release) -> Result<(), CallError>;
    /// Opens a release: its first entries. [`AppendError::Conflict`] when it exists already.
    async fn open(
        &self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError>;
    /// Writes entries, the summary and the service's row in one transaction, and returns the
    /// release as it is then.
    async fn append(&self, append: Append<'_>) -> Result<Release, AppendError>;
    /// The release that a deployment belongs to, if it is one of ours: the appends that first name
    /// a deployment ([`Event::new_deployments`]) write that down in the same transaction. Whose a
    /// deployment is never changes.
    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, CallError>;
    /// The release of a pipeline whose image was pushed last, with the time of that push.
    async fn newest(
        &self,
        pipeline: &PipelineName,
    ) -> Result<Option<(ReleaseId, Timestamp)>, CallError>;
    /// Why an image may be rolled out nowhere, if it was vetoed.
    async fn veto(&self, digest: &Digest) -> Result<Option<Block>, CallError>;
    /// A service's row; the empty row when there is none yet.
    async fn service(&self, id: &ServiceId) -> Result<ServiceRow, LoadError>;
    /// Removes a release from those that wait for a service in order.
    async fn dequeue(&self, service: &ServiceId, waiting: &Candidate) -> Result<(), CallError>;
    /// What the hook function of an account has reported about a release.
    async fn hook_reports(
        &self,
        account: &AccountId,
        id: &ReleaseId,
    ) -> Result<Vec<HookReport>, CallError>;
    /// What the hook function of an account has reported about one hook point of a deployment.
    async fn hook_report(
        &self,
        account: &AccountId,
        id: &ReleaseId,
        deployment: &DeploymentId,
        at: HookPoint,
    ) -> Result<Option<HookReport>, CallError>;
    /// Writes down what the hook function of an account reports, and has `advance` take it over.
    /// [`AppendError::Conflict`] when somebody has written to the release since it was loaded, or this was reported
    /// before.
    async fn report(
        &self,
        release: &Release,
        account: &AccountId,
        report: &HookReport,
        at: Timestamp,
    ) -> Result<(), AppendError>;
    /// Has `advance` look at a release, without writing an entry.
    async fn wake(&self, id: &ReleaseId, at: Timestamp) -> Result<(), CallError>;
    /// The same for a release that was seen to be due: the sweeper looks at it again at `again`. False
    /// where it is not due any more, as somebody drives it or has written to it meanwhile.
    async fn wake_due(
        &self,
        release: &OpenRelease,
        at: Timestamp,
        again: Timestamp,
    ) -> Result<bool, CallError>;
    /// Sets when the sweeper looks at a release, unless somebody has written to it since it was
    /// loaded: what they wrote is to be looked at first, and they said when.
    async fn set_due(&self, release: &Release, due: Option<Timestamp>) -> Result<(), CallError>;
    /// The open releases as the sweeper sees them, the most overdue first, at most `limit`. One
    /// Query of an index, which lags a little behind the ledger.
    async fn watched(&self, limit: usize) -> Result<Vec<OpenRelease>, CallError>;
}
