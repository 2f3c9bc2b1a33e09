//! People are told once: what was about to be sent is looked for before it is sent again.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::given::{Story, given};
use crate::pipeline::{Channel, Pipeline};
use crate::release::notification::notification_intents;
use crate::release::{Action, ActionKind, Event, Notification, SentMessage, Step, Tried};
use crate::sample;

/// A pipeline whose people are told on Slack and by e-mail.
fn pipeline() -> Pipeline {
    let mut pipeline = sample::shop();
    pipeline.notify =
        serde_json::from_value(json!({ "slack": "C0123456789", "sns": true })).expect("channels");
    pipeline
}

/// A release that is vetoed before anything else, of which its people do not know.
fn vetoed() -> Story {
    given(pipeline()).pushed("3f2c1ab").happened(Event::Vetoed {
        by: sample::slack("U1"),
        reason: "it loses orders".into(),
    })
}

/// It has ended, so that nothing but telling is left.
fn ended() -> Story {
    let mut story = vetoed();
    while let Step::Record(events) = story.next() {
        story = events.into_iter().fold(story, Story::happened);
    }
    story
}

fn minute(minute: i64) -> Timestamp {
    sample::minute(minute)
}

fn intended(through: Option<u64>, until: Timestamp) -> Event {
    Event::NotificationIntended {
        channel: Channel::Slack,
        through,
        until,
    }
}

/// The card is shown as the release stands.
fn shown(story: &Story) -> Event {
    Event::CardShown {
        channel: Channel::Slack,
        message: SentMessage {
            to: "C0123456789".into(),
            id: "1772442000.000100".into(),
        },
        shows: story.release.overview().fingerprint(),
    }
}

/// What is to be sent on Slack, and what is known of it.
fn on_slack(story: &Story) -> Option<(Action, Tried)> {
    let Step::Perform(tasks) = story.next() else {
        return None;
    };
    let mut tasks = tasks.into_iter().map(|task| (task.action, task.tried));
    tasks.find(
        |(action, _)| matches!(action, Action::Notify { to, .. } if to.channel() == Channel::Slack),
    )
}

fn intents(story: &Story) -> Vec<Event> {
    let actions = story.asks_for();
    let actions: Vec<_> = actions.iter().collect();
    notification_intents(&story.release, &actions, minute(2))
}

#[test]
fn what_can_be_found_again_is_written_before_it_is_sent() {
    let story = ended();
    assert_eq!(intents(&story), [intended(None, minute(2))]);
    let card = shown(&story);
    let story = story.happened(card);
    let last = story.release.entries().last().expect("entries").sequence - 1;
    assert_eq!(intents(&story), [intended(Some(last), minute(2))]);
}

#[test]
fn nobody_else_tells_while_it_may_be_under_way() {
    let story = ended().happened(intended(None, minute(2)));
    assert_eq!(on_slack(&story), None, "its sender may be at it");
    let (_, tried) = on_slack(&story.at(2)).expect("it is told");
    assert_eq!(tried, Tried::Perhaps);
}

#[test]
fn another_channel_does_not_wait() {
    let story = ended();
    let card = shown(&story);
    let last = story.release.entries().last().expect("entries").sequence;
    let story = story
        .happened(card)
        .happened(intended(Some(last), minute(2)));
    assert_eq!(on_slack(&story), None);
    assert_eq!(story.kinds(), [ActionKind::Notify], "by e-mail");
}

#[test]
fn where_all_is_under_way_it_is_waited_for() {
    let mut only_slack = pipeline();
    only_slack.notify.sns = false;
    let pushed = given(only_slack).pushed("3f2c1ab").happened(Event::Vetoed {
        by: sample::slack("U1"),
        reason: "it loses orders".into(),
    });
    let mut story = pushed;
    while let Step::Record(events) = story.next() {
        story = events.into_iter().fold(story, Story::happened);
    }
    let story = story.happened(intended(None, minute(2)));
    assert_eq!(story.next(), Step::Wait(Some(minute(2))));
    let late = minute(2) + SignedDuration::from_secs(60);
    assert_eq!(story.at(2).muted().next(), Step::Wait(Some(late)));
}

#[test]
fn what_has_arrived_is_no_longer_in_doubt() {
    let story = ended().happened(intended(None, minute(2)));
    let card = shown(&story.at(2));
    let story = ended().happened(intended(None, minute(2))).happened(card);
    assert_eq!(story.release.notified(Channel::Slack).telling, None);

    // Of the first of two only.
    let through = |through| Event::Notified {
        channel: Channel::Slack,
        through,
    };
    let story = story
        .happened(intended(Some(9), minute(2)))
        .happened(through(7));
    assert!(story.release.notified(Channel::Slack).telling.is_some());
    let story = story.happened(through(9));
    assert_eq!(story.release.notified(Channel::Slack).telling, None);
}

#[test]
fn the_same_is_not_written_without_an_end() {
    let mut story = ended();
    let mut times = 0;
    while let Some(intent) = intents(&story).pop() {
        times += 1;
        story = story.happened(intent).at(times * 5);
        assert!(times <= 100, "it is written again and again");
    }
    assert!(times > 1, "whoever comes next waits for whoever tried last");
    assert!(on_slack(&story).is_some(), "it is tried all the same");

    // Everything is looked for from the first time on.
    let telling = |story: &Story| {
        let known = story.release.notified(Channel::Slack);
        known.telling.expect("it tells")
    };
    let since = telling(&story).since;
    assert!(since < minute(5), "{since}");
    let more = story.happened(intended(Some(12), minute(999)));
    assert_eq!(telling(&more).since, since);
}

/// A card that is edited once more is the same.
#[test]
fn an_edit_is_not_written_first() {
    let story = ended()
        .happened(shown(&vetoed()))
        .happened(Event::Notified {
            channel: Channel::Slack,
            through: 100,
        });
    let (edit, tried) = on_slack(&story).expect("it is edited");
    assert!(matches!(
        edit,
        Action::Notify {
            notification: Notification::Card { posted: Some(_) },
            ..
        }
    ));
    assert_eq!(tried, Tried::Never);
    assert_eq!(intents(&story), []);
}
