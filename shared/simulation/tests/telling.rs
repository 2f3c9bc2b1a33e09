//! People are told once, though nobody heard that a message has arrived, or whoever sent it died.

use serde_json::json;
use towpath_core::pipeline::{Channel, Pipeline};
use towpath_core::release::{Event, Outcome};
use towpath_simulation::{Behaviour, Fate, Fault, Story, pipelines, simulate_with};

const POST: &str = "slack:chat.postMessage";
const EDIT: &str = "slack:chat.update";
const HISTORY: &str = "slack:conversations.history";
const REPLIES: &str = "slack:conversations.replies";
const PUBLISH: &str = "sns:Publish";

fn approved() -> Pipeline {
    let stage = pipelines::approved(pipelines::rolling(), "before_rollout");
    pipelines::of(json!([stage]))
}

fn told(pipeline: Pipeline, faults: &[Fault]) -> Story {
    let story = simulate_with(pipeline, Behaviour::Healthy, faults);
    assert_eq!(story.violations(), Vec::<String>::new(), "{faults:?}");
    let ended = story.ended();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0].outcome, Some(Outcome::Succeeded), "{faults:?}");
    story
}

/// How often a call was made, with whichever fate.
fn made(story: &Story, operation: &str) -> usize {
    let fates = story.fates();
    let of = fates.iter().filter(|((of, _), _)| *of == operation);
    of.map(|(_, times)| times).sum()
}

/// How often a message has arrived.
fn arrived(story: &Story) -> usize {
    let fates = [Fate::Done, Fate::AnswerLost, Fate::DeathAfter];
    let of = |fate| story.fates().get(&(POST, fate)).copied();
    fates.into_iter().filter_map(of).sum()
}

#[test]
fn without_a_fault_nothing_is_looked_for() {
    let story = told(approved(), &[]);
    assert_eq!(made(&story, HISTORY) + made(&story, REPLIES), 0);
    assert!(arrived(&story) > 3, "{:?}", story.fates());
}

/// Also what certainly was not sent is there once.
#[test]
fn each_message_is_there_once_whatever_becomes_of_it() {
    let messages = arrived(&told(approved(), &[]));
    for message in 1..=messages {
        for fate in [
            Fate::AnswerLost,
            Fate::DeathAfter,
            Fate::DeathBefore,
            Fate::NotDone,
        ] {
            let faults = [Fault::of(POST, fate).calls(message..=message)];
            let story = told(approved(), &faults);
            assert_eq!(arrived(&story), messages, "{faults:?}");
        }
    }
}

/// Nobody is asked, for in these stories people do not wait for a card.
#[test]
fn what_was_not_sent_is_sent_though_it_may_have_been() {
    let pipeline = || pipelines::of(json!([pipelines::codedeploy()]));
    let messages = arrived(&told(pipeline(), &[]));
    for message in 1..=messages {
        let faults = [Fault::of(POST, Fate::FailedBefore).calls(message..=message)];
        assert_eq!(arrived(&told(pipeline(), &faults)), messages, "{faults:?}");
    }
}

/// The run dies when it has told, before or after that is written.
#[test]
fn what_was_told_is_not_told_again_by_whoever_comes_next() {
    let good = told(approved(), &[]);
    let messages = arrived(&good);
    let writes = made(&good, "dynamodb:TransactWriteItems");
    for write in 1..=writes {
        for fate in [
            Fate::AnswerLost,
            Fate::DeathAfter,
            Fate::DeathBefore,
            Fate::NotDone,
        ] {
            let fault = Fault::of("dynamodb:TransactWriteItems", fate);
            let faults = [fault.by("advance").calls(write..=write)];
            let story = told(approved(), &faults);
            assert_eq!(arrived(&story), messages, "{faults:?}");
        }
    }
}

/// What has just been sent may not be found yet, and looking may fail, too.
#[test]
fn what_is_looked_for_may_be_shown_late_or_later() {
    let messages = arrived(&told(approved(), &[]));
    for message in 1..=messages {
        for look in [
            Fate::Stale,
            Fate::NotDone,
            Fate::AnswerLost,
            Fate::DeathAfter,
        ] {
            for lost in [Fate::AnswerLost, Fate::DeathAfter] {
                let faults = [
                    Fault::of(POST, lost).calls(message..=message),
                    Fault::of(HISTORY, look),
                    Fault::of(REPLIES, look),
                ];
                let story = told(approved(), &faults);
                assert_eq!(arrived(&story), messages, "{faults:?}");
            }
        }
    }
}

/// Without the scope to read the channel people are told twice, rather than never, and the first card
/// asks nobody as soon as it can be found.
#[test]
fn of_two_cards_one_stays() {
    let messages = arrived(&told(approved(), &[]));
    let faults = [
        Fault::of(POST, Fate::AnswerLost).calls(1..=2),
        Fault::of(HISTORY, Fate::Refused),
    ];
    let story = told(approved(), &faults);
    assert_eq!(arrived(&story), messages + 1);
    let release = story.releases().remove(0);
    let mut shown = release.entries().iter().filter_map(|it| {
        if let Event::CardShown { message, .. } = &it.event {
            Some(&message.id)
        } else {
            None
        }
    });
    let first = shown.next().expect("a card");
    assert!(shown.all(|later| later == first), "it stays the same card");
    assert_eq!(first, "1772442000.000001", "the older one");
    assert!(made(&story, EDIT) > 1);
}

#[test]
fn without_the_right_to_read_people_are_told_all_the_same() {
    let messages = arrived(&told(approved(), &[]));
    for message in 2..=messages {
        let faults = [
            Fault::of(POST, Fate::AnswerLost).calls(message..=message),
            Fault::of(REPLIES, Fate::Refused).calls(1..=99),
        ];
        assert_eq!(arrived(&told(approved(), &faults)), messages + 1);
    }
}

/// SNS keeps nothing that could be looked for.
#[test]
fn an_e_mail_may_come_twice_after_a_lost_answer() {
    let stage = pipelines::approved_by_message(pipelines::rolling(), "before_rollout");
    let mails = || pipelines::notifying(pipelines::of(json!([stage])), false, true);
    let good = told(mails(), &[]);
    let sent = made(&good, PUBLISH);
    let faults = [Fault::of(PUBLISH, Fate::AnswerLost)];
    assert_eq!(made(&told(mails(), &faults), PUBLISH), sent + 1);
    let release = good.releases().remove(0);
    assert!(!release.entries().iter().any(|it| matches!(
        it.event,
        Event::NotificationIntended {
            channel: Channel::Sns,
            ..
        }
    )));
}
