//! A release in one line: what lists and the sweeper need without reading its entries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Digest, RepositoryName, Tag};

use super::{BlockedBy, Conclusion, EndReason, Outcome, Release, Waiting, pending_notifications};
use crate::names::{Fingerprint, PipelineName, ReleaseId};

/// How a release stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseState {
    Waiting(Waiting),
    Ended(Conclusion<EndReason>),
    /// Its pipeline has no stages, so that there is nothing to wait for.
    NoStages,
}

impl ReleaseState {
    fn of(release: &Release) -> Self {
        match (release.conclusion(), release.waiting()) {
            (Some(conclusion), _) => Self::Ended(conclusion.clone()),
            (None, Some(waiting)) => Self::Waiting(waiting),
            (None, None) => Self::NoStages,
        }
    }
}

/// A release in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub release: ReleaseId,
    pub pipeline: PipelineName,
    /// The repository of its image.
    pub repository: RepositoryName,
    /// The tag of its image.
    pub tag: Tag,
    /// The digest of its image.
    pub digest: Digest,
    /// What a rollback brings back: see [`Release::name`].
    pub back_to: Option<String>,
    /// When its image arrived under that tag.
    pub arrived_at: Timestamp,
    /// The version of the pipeline's parameter.
    pub version: i64,
    /// What it waits for, or how and why it ended.
    pub state: ReleaseState,
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
    /// From when on it is expected to go on without people: see [`Release::moving_since`].
    pub moving_since: Option<Timestamp>,
    /// What keeps it from taking a service: see [`Release::blocked_by`].
    pub blocked_by: Option<BlockedBy>,
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
            back_to: release.rollback().map(|back| back.name(&image.tag)),
            arrived_at: image.arrived_at,
            version: release.version(),
            state: ReleaseState::of(release),
            outcome: release.conclusion().map(|conclusion| conclusion.outcome),
            open: is_open(release),
            head: last.sequence,
            head_fingerprint: last.fingerprint.clone(),
            opened_at: first.at,
            updated_at: last.at,
            moving_since: release.moving_since(),
            blocked_by: release.blocked_by(),
        })
    }

    /// What people call the version that it deploys.
    #[must_use]
    pub fn name(&self) -> &str {
        self.back_to.as_deref().unwrap_or(self.tag.as_str())
    }

    /// Whether it deploys the image that it names. What ran before the first release has an image
    /// that nobody has looked at: the one that is named then came after it.
    #[must_use]
    pub fn deploys_image(&self) -> bool {
        self.name() == self.tag.as_str()
    }
}

/// Whether anything is left to do for a release: it has not ended, a service that it let go was
/// not offered on, or people do not know everything. With one that is not trusted nothing is gone
/// on.
pub(super) fn is_open(release: &Release) -> bool {
    release.untrusted().is_none()
        && (release.conclusion().is_none()
            || release.let_go().is_some()
            || !pending_notifications(release).is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::release::{Actor, Entry, Event};

    fn events(events: serde_json::Value) -> Vec<Event> {
        serde_json::from_value(events).expect("events")
    }

    /// A release of one stage that asks for two approvals, and tells people in Slack.
    pub(crate) fn release(slack: Option<&str>, further: serde_json::Value) -> Release {
        let id: ReleaseId = "shop-api-0123456789abcdef".parse().unwrap();
        let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:7";
        let mut all = events(json!([
            {
                "type": "opened",
                "pipeline": {
                    "pipeline": "shop-api",
                    "repository": "shop-api",
                    "notify": slack.map_or(json!({}), |channel| json!({"slack": channel})),
                    "stages": [{
                        "name": "production", "cluster": "c", "service": "s",
                        "containers": ["app"], "engine": {"rolling": {}},
                        "approval": {"slack": ["U1", "U2"], "required": 2},
                    }],
                },
                "version": 1,
                "home": {"account": "111111111111", "region": "eu-west-1"},
                "image": {
                    "registry": "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
                    "repository": "shop-api", "digest": format!("sha256:{}", "a".repeat(64)),
                    "tag": "3f2c1ab", "arrived_at": "2026-11-23T10:00:00Z",
                },
            },
            {
                "type": "planned", "stage": "production",
                "plan": {
                    "previous": revision, "base": {"revision": revision},
                    "spec": "0".repeat(64), "images": [], "desired_count": 2, "service": {},
                },
            },
        ]));
        all.extend(events(further));
        let mut entries: Vec<Entry> = Vec::new();
        for event in all {
            let previous = entries.last().map(|e| (e.sequence, &e.fingerprint));
            let actor = Actor::Function("advance".into());
            entries.push(Entry::after(
                previous,
                &id,
                Timestamp::UNIX_EPOCH,
                actor,
                event,
            ));
        }
        Release::fold(id, entries).unwrap()
    }

    #[test]
    fn a_release_is_open_until_people_know_how_it_ended() {
        let ended = json!([{"type": "ended", "outcome": "failed", "reason": {"is": "no_service"}}]);
        let of = |slack, further: &serde_json::Value| {
            Summary::of(&release(slack, further.clone())).unwrap()
        };
        assert!(of(None, &json!([])).open);
        let quiet = of(None, &ended);
        assert_eq!((quiet.open, quiet.outcome), (false, Some(Outcome::Failed)));
        assert_eq!((quiet.head, quiet.version), (3, 1));
        assert!(of(Some("C0123456789"), &ended).open);
    }
}
