//! What the deployer measures itself: how long the oldest open release has been expected to go on,
//! how many replies to requests were refused, and which releases are not driven because their ledger
//! is not trusted.
//!
//! It costs no call: a line of the log in CloudWatch's embedded metric format is a metric.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::names::{MessageId, ReleaseId};
use towpath_core::release::BlockedBy;

use crate::ports::OpenRelease;

/// The namespace, as `infra/functions.json` names it.
const NAMESPACE: &str = "Towpath";
/// The metric, as `infra/functions.json` names it.
const OLDEST_OPEN_RELEASE: &str = "OldestOpenRelease";
/// The metric of refused replies.
const REFUSED_REPLIES: &str = "RefusedReplies";
/// The metric of releases that are not trusted.
const DISTRUSTED_RELEASES: &str = "DistrustedReleases";

/// The release that has been expected to go on without people for longest, and for how long. One
/// that waits for another open release is not looked at: that one is. Nor is one that the sweeper
/// never looks at again: it has ended, people could not be told so for as long as that is news, and
/// it would keep the alarm on for ever.
#[must_use]
pub fn oldest(open: &[OpenRelease], now: Timestamp) -> Option<(&ReleaseId, SignedDuration)> {
    let is_open = |id: &ReleaseId| open.iter().any(|other| other.release == *id);
    let first = |release: &&OpenRelease| {
        let other = release.blocked_by.as_ref().and_then(BlockedBy::release);
        !other.is_some_and(is_open)
    };
    open.iter()
        .filter(|release| release.due.is_some())
        .filter(first)
        .filter_map(|release| {
            let age = now.duration_since(release.moving_since?);
            age.is_positive().then_some((&release.release, age))
        })
        .max_by_key(|(_, age)| *age)
}

/// The line of `advance`'s log that counts a release that is not driven because an entry of its ledger
/// is not trusted.
#[must_use]
pub fn distrusted(function: &str, release: &ReleaseId, now: Timestamp) -> Value {
    json!({
        "timestamp": now,
        "level": "ERROR",
        "message": "a release is not trusted",
        "release.id": release,
        "FunctionName": function,
        DISTRUSTED_RELEASES: 1,
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": [{ "Name": DISTRUSTED_RELEASES, "Unit": "Count" }],
            }],
        },
    })
}

/// The line of the sweeper's log that says how many releases are open, how many were woken, and
/// how old the oldest is: 0 when none is to go on.
#[must_use]
pub fn line(function: &str, open: &[OpenRelease], woken: usize, now: Timestamp) -> Value {
    let oldest = oldest(open, now);
    json!({
        "timestamp": now,
        "level": "INFO",
        "message": "open releases were checked",
        "open": open.len(),
        "woken": woken,
        "release.id": oldest.map(|(release, _)| release.as_str()),
        "FunctionName": function,
        OLDEST_OPEN_RELEASE: oldest.map_or(0, |(_, age)| age.as_secs()),
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": [{ "Name": OLDEST_OPEN_RELEASE, "Unit": "Seconds" }],
            }],
        },
    })
}

/// A message to the reply topic that does not count. Nothing of its text is in it.
#[derive(Debug, Clone, Copy)]
pub struct RefusedReply<'a> {
    /// The message, if it can be named.
    pub message: Option<&'a MessageId>,
    /// The release that it was about, if it names one.
    pub release: Option<&'a ReleaseId>,
    /// Why it does not count.
    pub reason: &'a str,
}

/// The line of the log that says that a reply was refused, and counts it.
#[must_use]
pub fn refused_reply(function: &str, refused: &RefusedReply<'_>, now: Timestamp) -> Value {
    json!({
        "timestamp": now,
        "level": "WARN",
        "message": "reply refused",
        "message.id": refused.message,
        "release.id": refused.release,
        "reason": refused.reason,
        "FunctionName": function,
        REFUSED_REPLIES: 1,
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": [{ "Name": REFUSED_REPLIES, "Unit": "Count" }],
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use towpath_core::release::{Block, Principal};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn open(digit: char, moving_since: Option<i64>, owner: Option<&str>) -> OpenRelease {
        OpenRelease {
            release: id(digit).parse().unwrap(),
            due: Some(at(1_000)),
            woken: 0,
            moving_since: moving_since.map(at),
            blocked_by: owner.map(|release| BlockedBy::Owner {
                release: release.parse().unwrap(),
            }),
        }
    }

    fn id(digit: char) -> String {
        format!("shop-api-{}", digit.to_string().repeat(16))
    }

    fn age(open: &[OpenRelease], now: i64) -> Value {
        line("towpath-sweeper", open, 0, at(now))["OldestOpenRelease"].clone()
    }

    #[test]
    fn nothing_open_is_no_age_at_all() {
        assert_eq!(age(&[], 1_000), 0);
        assert_eq!(oldest(&[], at(1_000)), None);
    }

    #[test]
    fn the_oldest_that_is_to_go_on_counts() {
        let releases = [
            open('a', Some(400), None),
            open('b', Some(100), None),
            open('c', Some(300), None),
        ];
        assert_eq!(age(&releases, 1_000), 900);
        let line = line("towpath-sweeper", &releases, 2, at(1_000));
        assert_eq!(line["release.id"], id('b'));
        assert_eq!((&line["open"], &line["woken"]), (&json!(3), &json!(2)));
    }

    #[test]
    fn what_nobody_is_told_any_more_is_not_waited_for() {
        let given_up = OpenRelease {
            due: None,
            ..open('a', Some(100), None)
        };
        assert_eq!(age(&[given_up], 1_000_000), 0);
    }

    #[test]
    fn people_and_holds_may_take_their_time() {
        let held = OpenRelease {
            blocked_by: Some(BlockedBy::Hold {
                hold: Block::hold(Principal::Deployer, "look at it first"),
            }),
            ..open('a', None, None)
        };
        let asking = open('b', Some(90_000), None);
        assert_eq!(age(&[held.clone(), asking.clone()], 89_999), 0);
        assert_eq!(age(&[held, asking], 90_060), 60, "the request has ended");
    }

    #[test]
    fn a_queue_is_as_old_as_what_it_waits_for() {
        let queued = open('a', Some(100), Some(&id('b')));
        let owner = open('b', Some(900), None);
        assert_eq!(age(&[queued.clone(), owner], 1_000), 100);
        assert_eq!(age(&[queued], 1_000), 900, "its owner is gone");
    }

    #[test]
    fn a_refused_reply_is_counted_and_says_why() {
        let message = "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().unwrap();
        let refused = RefusedReply {
            message: Some(&message),
            release: None,
            reason: "the token does not allow this decision",
        };
        let line = refused_reply("towpath-approval", &refused, at(1_795_600_000));
        let metric = &line["_aws"]["CloudWatchMetrics"][0];
        let name = metric["Metrics"][0]["Name"].as_str().unwrap();
        assert_eq!((name, &line[name]), ("RefusedReplies", &json!(1)));
        assert_eq!(line["message.id"], message.as_str());
        assert_eq!(line["reason"], refused.reason);
        assert_eq!(line["FunctionName"], "towpath-approval");
    }

    #[test]
    fn the_line_is_a_metric() {
        let oldest = line("towpath-sweeper", &[], 0, at(1_795_600_000));
        is_watched(&oldest, "sweeper");
        let release = id('a').parse().unwrap();
        let distrusted = distrusted("towpath-advance", &release, at(1_795_600_000));
        is_watched(&distrusted, "advance");
    }

    fn is_watched(line: &Value, function: &str) {
        let metric = &line["_aws"]["CloudWatchMetrics"][0];
        let name = metric["Metrics"][0]["Name"].as_str().unwrap();
        let dimension = metric["Dimensions"][0][0].as_str().unwrap();
        assert!(line[name].is_u64(), "{line}");
        assert_eq!(line[dimension], format!("towpath-{function}"));
        assert_eq!(line["_aws"]["Timestamp"], 1_795_600_000_000_i64);

        let described = include_str!("../../../infra/functions.json");
        let described: Value = serde_json::from_str(described).unwrap();
        let alarm = described["alarms"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|alarm| alarm["metric"] == name)
            .expect("an alarm watches it");
        assert_eq!(alarm["namespace"], metric["Namespace"]);
        assert_eq!(alarm["functions"], json!([function]));
    }
}
