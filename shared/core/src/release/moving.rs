//! From when on a release is expected to go on without people: what tells one that is stuck from
//! one that waits for a decision.
//!
//! | the release | is expected to go on |
//! |---|---|
//! | has come to a stage, or its stage's plan was read | since it came, or since the last vote |
//! | waits for another release | since then, too; but that one is to be looked at first |
//! | waits for a hold to be lifted | not at all: people lift it |
//! | waits for approval | from when the request ends |
//! | owns a service | since it took it, and its service's pace and the stage's bake time are over |
//! | owns a service and waits for approval of its traffic | from when the request ends |
//! | is being rolled back | since that began |
//! | has ended, and not everybody knows | since it ended, or learned last what became of it |
//! | has ended | not at all |

use jiff::{SignedDuration, Timestamp};

use super::rollout::{ActiveRollout, Phase, later};
use super::summary::is_open;
use super::{BlockedBy, Event, Release, Waiting, WaitsOn};
use crate::pipeline::Stage;

impl Release {
    /// From when on the release is expected to go on without people. `None` while only people can
    /// say how it goes on, and when nothing is left to do.
    #[must_use]
    pub fn moving_since(&self) -> Option<Timestamp> {
        if !is_open(self) {
            return None;
        }
        if self.conclusion().is_some() {
            return self.last_changed_at();
        }
        let came = self.came_at()?;
        let Some(Waiting { on, .. }) = self.waiting() else {
            return Some(came);
        };
        let last_vote = self.voted_at().unwrap_or(came);
        match on {
            // What waits for no release waits for people.
            WaitsOn::Blocked(by) if by.release().is_none() => None,
            WaitsOn::Start | WaitsOn::Blocked(_) => Some(came.max(last_vote)),
            WaitsOn::Approval(approval) => Some(approval.until),
            WaitsOn::Rollback { since, .. } => Some(since),
            WaitsOn::RollbackToBegin { .. }
            | WaitsOn::RollbackByAws { .. }
            | WaitsOn::Preparation { .. }
            | WaitsOn::DeploymentGroup { .. }
            | WaitsOn::Deployment { .. }
            | WaitsOn::Bake { .. } => {
                let (stage, _) = self.current()?;
                self.active_rollout().map(|live| goes_on_since(stage, live))
            }
        }
    }

    /// What keeps the release from taking its service, if something does.
    #[must_use]
    pub fn blocked_by(&self) -> Option<BlockedBy> {
        match self.waiting()?.on {
            WaitsOn::Blocked(by) => Some(by),
            WaitsOn::Start
            | WaitsOn::Approval(_)
            | WaitsOn::Preparation { .. }
            | WaitsOn::DeploymentGroup { .. }
            | WaitsOn::Deployment { .. }
            | WaitsOn::Bake { .. }
            | WaitsOn::RollbackToBegin { .. }
            | WaitsOn::Rollback { .. }
            | WaitsOn::RollbackByAws { .. } => None,
        }
    }

    /// When the release came to the stage at which it stands.
    fn came_at(&self) -> Option<Timestamp> {
        let before = self
            .rollouts()
            .iter()
            .rev()
            .find_map(|rollout| match &rollout.phase {
                Phase::Ended { at, .. } => Some(*at),
                Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Live(_) => {
                    None
                }
            });
        before.or_else(|| self.entries().first().map(|entry| entry.at))
    }

    fn voted_at(&self) -> Option<Timestamp> {
        let votes = self.entries().iter().rev();
        let mut votes = votes.filter(|entry| matches!(entry.event, Event::Voted { .. }));
        votes.next().map(|entry| entry.at)
    }
}

/// From when on a rollout that owns its service goes on by itself: not before the time for which it is
/// to be watched, or to be paced, is over.
fn goes_on_since(stage: &Stage, live: &ActiveRollout) -> Timestamp {
    let watched = stage.bake.map_or(SignedDuration::ZERO, Into::into);
    let shifted_at = live
        .deployment()
        .and_then(|deployment| deployment.shifted_at);
    let from = shifted_at.unwrap_or(live.clock_from);
    later(later(from, live.pace()), watched)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use crate::names::ReleaseId;
    use crate::release::{Actor, BlockedBy, Entry, Event, Release};

    const OTHER: &str = "shop-api-ffffffffffffffff";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// A release of two stages whose people are told by e-mail, opened at second 10.
    fn release(further: &[(i64, Value)]) -> Release {
        let stage = |name: &str| {
            json!({
                "name": name, "cluster": name, "service": "s", "containers": ["app"],
                "engine": {"rolling": {}},
            })
        };
        let opened = json!({
            "type": "opened",
            "pipeline": {
                "pipeline": "shop-api", "repository": "shop-api",
                "notify": {"sns": true},
                "stages": [stage("test"), stage("production")],
            },
            "version": 1,
            "home": {"account": "111111111111", "region": "eu-west-1"},
            "image": {
                "registry": "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
                "repository": "shop-api", "digest": format!("sha256:{}", "a".repeat(64)),
                "tag": "3f2c1ab", "arrived_at": "2026-11-23T10:00:00Z",
            },
        });
        let id: ReleaseId = "shop-api-0123456789abcdef".parse().unwrap();
        let mut entries: Vec<Entry> = Vec::new();
        for (seconds, event) in std::iter::once(&(10, opened)).chain(further) {
            let event: Event = serde_json::from_value(event.clone()).expect("an event");
            let previous = entries.last().map(|e| (e.sequence, &e.fingerprint));
            let actor = Actor::Function("advance".into());
            entries.push(Entry::after(previous, &id, at(*seconds), actor, event));
        }
        Release::fold(id, entries).unwrap()
    }

    fn planned(stage: &str, service: &Value) -> Value {
        let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:7";
        json!({
            "type": "planned", "stage": stage,
            "plan": {
                "previous": revision, "base": {"revision": revision}, "spec": "0".repeat(64),
                "images": [], "desired_count": 2, "service": service,
            },
        })
    }

    fn blocked(stage: &str, by: &Value) -> Value {
        json!({"type": "blocked", "stage": stage, "by": by})
    }

    fn test_passed(seconds: i64) -> Vec<(i64, Value)> {
        let ended = json!({
            "type": "rollout_ended", "stage": "test", "outcome": "succeeded", "reason": {"is": "serves", "name": "3f2c1ab"},
        });
        vec![(seconds - 1, planned("test", &json!({}))), (seconds, ended)]
    }

    #[test]
    fn it_goes_on_from_when_it_came_to_its_stage() {
        assert_eq!(release(&[]).moving_since(), Some(at(10)));
        let planned_late = release(&[(500, planned("test", &json!({})))]);
        assert_eq!(
            planned_late.moving_since(),
            Some(at(10)),
            "a plan is no progress"
        );
        assert_eq!(release(&test_passed(300)).moving_since(), Some(at(300)));
        let mut live = test_passed(300);
        live.push((310, planned("production", &json!({}))));
        live.push((
            320,
            json!({"type": "rollout_started", "stage": "production", "epoch": 1}),
        ));
        assert_eq!(release(&live).moving_since(), Some(at(320)));
    }

    #[test]
    fn people_have_until_their_request_ends_and_the_rest_begins_with_their_vote() {
        let mut asked = test_passed(300);
        asked.push((310, planned("production", &json!({}))));
        asked.push((
            311,
            json!({
                "type": "approval_requested", "stage": "production", "approval": "production-1",
                "digest": format!("sha256:{}", "a".repeat(64)), "spec": "0".repeat(64),
                "expires_at": at(90_000),
            }),
        ));
        assert_eq!(release(&asked).moving_since(), Some(at(90_000)));
        asked.push((
            80_000,
            json!({
                "type": "voted", "approval": "production-1", "by": {"slack": "U1"},
                "decision": "approve",
            }),
        ));
        assert_eq!(release(&asked).moving_since(), Some(at(80_000)));
    }

    #[test]
    fn behind_a_hold_it_waits_for_people_and_behind_a_release_it_does_not() {
        let behind_another = release(&[
            (11, planned("test", &json!({"owner": OTHER, "epoch": 3}))),
            (
                12,
                blocked("test", &json!({"by": "owner", "release": OTHER})),
            ),
        ]);
        assert_eq!(behind_another.moving_since(), Some(at(10)));
        let other = behind_another.blocked_by();
        let other = other.as_ref().and_then(BlockedBy::release);
        assert_eq!(other.map(ReleaseId::as_str), Some(OTHER));
        let hold =
            json!({"from": "order", "by": "deployer", "order": "hold", "reason": "look first"});
        let held = release(&[
            (11, planned("test", &json!({"hold": hold}))),
            (12, blocked("test", &json!({"by": "hold", "hold": hold}))),
        ]);
        assert_eq!(held.moving_since(), None);
    }

    #[test]
    fn one_that_has_ended_is_to_be_told_and_then_to_be_left_alone() {
        let ended = json!({"type": "ended", "outcome": "failed", "reason": {"is": "no_service"}});
        let untold = release(&[(700, ended.clone())]);
        assert_eq!(untold.moving_since(), Some(at(700)));
        let told = release(&[
            (700, ended),
            (
                701,
                json!({"type": "notified", "channel": "sns", "through": 2}),
            ),
        ]);
        assert_eq!(told.moving_since(), None);
    }
}
