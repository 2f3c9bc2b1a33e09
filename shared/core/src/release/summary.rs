//! A release in one line: what lists and the sweeper need without reading its entries.

use jiff::Timestamp;

use super::rollout::{Live, Phase};
use super::vote::Approval;
use super::{Outcome, Release, announcements};
use crate::image::{Digest, RepositoryName, Tag};
use crate::names::{Fingerprint, PipelineName, ReleaseId};

/// The longest [`Summary::state`], in characters.
const LONGEST_STATE: usize = 200;

/// A release in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The release.
    pub release: ReleaseId,
    /// Its pipeline.
    pub pipeline: PipelineName,
    /// The repository of its image.
    pub repository: RepositoryName,
    /// The tag of its image.
    pub tag: Tag,
    /// The digest of its image.
    pub digest: Digest,
    /// When its image was pushed.
    pub pushed_at: Timestamp,
    /// The version of the pipeline's parameter.
    pub version: i64,
    /// Where it stands, for people: `production: waits for approval, 1 of 2`.
    pub state: String,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// Whether anything is left to do, telling people included.
    pub open: bool,
    /// The sequence of the last entry.
    pub head: u64,
    /// The fingerprint of the last entry: what shows that entries were cut off the end.
    pub head_fingerprint: Fingerprint,
    /// When the first entry was written.
    pub opened_at: Timestamp,
    /// When the last entry was written.
    pub updated_at: Timestamp,
}

impl Summary {
    /// The summary of a release; `None` while it has no entries.
    #[must_use]
    pub fn of(release: &Release) -> Option<Self> {
        let (first, last) = (release.entries().first()?, release.entries().last()?);
        let image = release.image();
        Some(Self {
            release: release.id().clone(),
            pipeline: release.pipeline().pipeline.clone(),
            repository: image.repository.clone(),
            tag: image.tag.clone(),
            digest: image.digest,
            pushed_at: image.pushed_at,
            version: release.version(),
            state: state(release),
            outcome: release.conclusion().map(|conclusion| conclusion.outcome),
            open: is_open(release),
            head: last.sequence,
            head_fingerprint: last.fingerprint.clone(),
            opened_at: first.at,
            updated_at: last.at,
        })
    }
}

/// Whether anything is left to do for a release: it has not ended, a service that it let go was
/// not offered on, or people do not know everything.
fn is_open(release: &Release) -> bool {
    release.conclusion().is_none()
        || release.let_go().is_some()
        || !announcements(release).is_empty()
}

fn state(release: &Release) -> String {
    let text = match (release.conclusion(), release.current()) {
        (Some(conclusion), _) => conclusion.outcome.to_string(),
        (None, Some((stage, rollout))) => format!("{}: {}", stage.name, phase(&rollout.phase)),
        (None, None) => "it has no stages".to_owned(),
    };
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_STATE)
        .collect()
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Pending => "next".into(),
        Phase::Planned {
            queued: Some(behind),
            ..
        } => format!("waits behind {behind}"),
        Phase::Planned { queued: None, .. } => "planned".into(),
        Phase::Asking { approval, .. } => asking(approval),
        Phase::Live(live) => rolling_out(live),
        Phase::Ended { conclusion, .. } => conclusion.outcome.to_string(),
    }
}

fn asking(approval: &Approval) -> String {
    let given = approval.approvers().len();
    if approval.required > 1 {
        format!("waits for approval, {given} of {}", approval.required)
    } else {
        "waits for approval".into()
    }
}

fn rolling_out(live: &Live) -> String {
    match (&live.rolling_back, &live.deployment) {
        (Some(_), _) => "rolling back".into(),
        (None, Some(deployment)) => format!("rolling out, {}", deployment.status),
        (None, None) => "rolling out".into(),
    }
}
