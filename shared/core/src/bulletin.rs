//! Bulletins: what people are told in a pipeline's channels that is not about one release. Whoever
//! learns of it writes it down, and `advance` tells it, so that only `advance` needs the channels'
//! secrets.

mod order;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Digest, RepositoryName, Tag};

use crate::names::{BulletinId, Fingerprint, ParameterName, PipelineName, ReleaseId, StageName};
use crate::pipeline::{Channel, Destination, Notify};
use crate::release::Principal;

pub use self::order::Announced;

/// For how long it is tried to tell a bulletin: a channel that refuses every message must not keep
/// it due for ever.
const OLD_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A message for the channels of one audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletin {
    pub audience: Notify,
    /// What it says.
    pub news: News,
    /// When that happened.
    pub at: Timestamp,
}

/// What the ids of bulletins begin with that tell of a pipeline that is stuck.
const STUCK: &str = "stuck/";

/// What a bulletin says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum News {
    /// An image was pushed under a tag that no pipeline of its repository takes.
    TagNotTaken {
        /// The pipeline whose people are told.
        pipeline: PipelineName,
        repository: RepositoryName,
        tag: Tag,
        /// Why it is not taken, and the way out.
        reason: String,
    },
    /// Nothing of a pipeline is deployed until somebody mends something.
    PipelineStuck {
        /// Where the pipeline is kept.
        parameter: ParameterName,
        /// What is wrong, and the way out.
        problem: String,
    },
    /// A release is not driven, because an entry of its ledger is not trusted.
    NotTrusted {
        pipeline: PipelineName,
        release: ReleaseId,
        /// Which entry, and why.
        problem: String,
    },
    /// A service was put on hold, or its hold was lifted.
    Hold {
        /// Whether it was lifted.
        lifted: bool,
        /// Whether a release was being rolled out there then.
        rolling_out: bool,
        /// The stages that are rolled out to the service.
        stages: Vec<StageOf>,
        /// Who did.
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
    /// An image was vetoed, or its veto was lifted.
    Veto {
        /// Whether it was lifted.
        lifted: bool,
        /// The image.
        digest: Digest,
        /// A tag that it was pushed under, where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// The pipelines that may carry it.
        pipelines: Vec<PipelineName>,
        /// Who did.
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
}

/// A stage, with its pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageOf {
    pub pipeline: PipelineName,
    pub stage: StageName,
}

impl Bulletin {
    /// That a pushed tag is not taken by that pipeline. It has one of these a day, by UTC: its id is
    /// the day's.
    #[must_use]
    pub fn of_tag(
        audience: Notify,
        pipeline: PipelineName,
        repository: RepositoryName,
        tag: Tag,
        reason: String,
        at: Timestamp,
    ) -> (BulletinId, Self) {
        let id = format!("tag/{pipeline}/{}", at.strftime("%Y-%m-%d"));
        let id = id.parse().expect("a pipeline's name and a date are an id");
        let news = News::TagNotTaken {
            pipeline,
            repository,
            tag,
            reason,
        };
        (id, Self { audience, news, at })
    }

    /// That a release is not trusted. It has one of these.
    #[must_use]
    pub fn of_untrusted(
        audience: Notify,
        pipeline: PipelineName,
        release: ReleaseId,
        problem: String,
        at: Timestamp,
    ) -> (BulletinId, Self) {
        let id = format!("trust/{release}");
        let id = id.parse().expect("a release's id is one below a kind");
        let news = News::NotTrusted {
            pipeline,
            release,
            problem,
        };
        (id, Self { audience, news, at })
    }

    /// That the pipeline of that parameter is stuck. It has one of these, which changes with the
    /// problem.
    #[must_use]
    pub fn of_stuck(
        audience: Notify,
        parameter: ParameterName,
        problem: String,
        at: Timestamp,
    ) -> (BulletinId, Self) {
        let id = Self::unreadable_pipeline(&parameter);
        let news = News::PipelineStuck { parameter, problem };
        (id, Self { audience, news, at })
    }

    /// The id of what is told of a pipeline that is stuck.
    #[must_use]
    pub fn unreadable_pipeline(parameter: &ParameterName) -> BulletinId {
        let id = format!("{STUCK}{}", Fingerprint::of(parameter.as_str()));
        id.parse().expect("a fingerprint is an id")
    }

    /// Whether the id is that of what is told of a pipeline that is stuck.
    #[must_use]
    pub fn is_of_stuck(id: &BulletinId) -> bool {
        id.as_str().starts_with(STUCK)
    }

    /// Whether the id is of the kind of this bulletin. A function may write bulletins of some kinds
    /// only, which the table knows by their keys: what it puts under those is believed only if it
    /// is of their kind.
    #[must_use]
    pub fn is_under(&self, id: &BulletinId) -> bool {
        let kind = match &self.news {
            News::TagNotTaken { .. } => "tag/",
            News::PipelineStuck { .. } => STUCK,
            News::Hold { .. } | News::Veto { .. } => "order/",
            News::NotTrusted { .. } => "trust/",
        };
        id.as_str().starts_with(kind)
    }

    /// Where people are still to be notified, by where they were: nobody waits for old news.
    #[must_use]
    pub fn pending(&self, notified: &BTreeSet<Channel>, now: Timestamp) -> Vec<Destination> {
        if self.at.checked_add(OLD_NEWS).is_ok_and(|old| now >= old) {
            return Vec::new();
        }
        self.audience.destinations_but(notified).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn bulletin(pipeline: &str, time: &str) -> (BulletinId, Bulletin) {
        Bulletin::of_tag(
            sample::shop().notify,
            pipeline.parse().unwrap(),
            "shop/api".parse().unwrap(),
            "latest".parse().unwrap(),
            "push the commit hash as the tag".into(),
            at(time),
        )
    }

    #[test]
    fn a_pipeline_has_one_bulletin_about_tags_a_day() {
        let id = |pipeline, time| bulletin(pipeline, time).0;
        let first = id("shop-api", "2026-11-27T00:00:00Z");
        assert_eq!(first, id("shop-api", "2026-11-27T23:59:59.9Z"));
        assert_ne!(first, id("shop-api", "2026-11-28T00:00:00Z"));
        assert_ne!(first, id("shop-web", "2026-11-27T00:00:00Z"));
    }

    #[test]
    fn what_is_told_is_not_told_again_and_old_news_to_nobody() {
        let (_, bulletin) = bulletin("shop-api", "2026-11-27T12:00:00Z");
        let now = at("2026-11-27T13:00:00Z");
        let slack = Destination::Slack("C0DEPLOYS".parse().unwrap());
        let pending =
            |notified: &[Channel], now| bulletin.pending(&notified.iter().copied().collect(), now);
        assert_eq!(pending(&[], now), [slack, Destination::Sns]);
        assert_eq!(pending(&[Channel::Slack], now), [Destination::Sns]);
        assert_eq!(pending(&Channel::ALL, now), []);
        assert_eq!(pending(&[], at("2026-12-04T12:00:00Z")), []);
    }

    #[test]
    fn a_bulletin_is_believed_under_its_own_key_only() {
        let (id, bulletin) = bulletin("shop-api", "2026-11-27T12:00:00Z");
        assert!(bulletin.is_under(&id));
        assert!(!bulletin.is_under(&"order/1".parse().unwrap()));
    }
}
