//! Text from outside becomes neither a mention nor a link, neither a line nor an order to a
//! terminal, wherever it is shown.

use serde_json::Value;

use super::{card, replies};
use crate::message::{entry_messages, one_line, slack_text};
use crate::pipeline::{Channel, HookPoint};
use crate::release::tests::given::{Story, deployment, given, in_progress};
use crate::release::{
    ActionKind, Block, BlockedBy, CheckResult, Decision, DeploymentStatus, Event, HoldReason,
    Outcome, Principal,
};
use crate::sample;

/// What somebody may try to say.
const HOSTILE: &str =
    "<!channel> <@U1> <http://evil|x> &lt;!here&gt; \u{202e}\u{2028}\u{1b}[31m\nRCPT";

/// Stories in which every text from outside is hostile, one for each way in.
fn stories() -> Vec<Story> {
    let words = || HOSTILE.to_owned();
    let pushed = || given(sample::shop()).pushed("3f2c1ab");
    let live = || pushed().deploying_at_test();
    let id = "ecs-svc/1";
    let asking = pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1);
    let statuses = [
        in_progress(HOSTILE),
        DeploymentStatus::RollingBack {
            reason: sample::fault(HOSTILE).with_tasks(vec![words()]),
            by: None,
        },
        DeploymentStatus::Failed {
            reason: sample::fault(HOSTILE),
        },
    ];
    let mut stories: Vec<_> = statuses.map(|status| live().observed(id, status)).into();
    stories.push(live().refused(ActionKind::Start, HOSTILE));
    stories.push(live().happened(Event::RollbackStarted {
        deployment: None,
        alias: None,
        reason: sample::failed(HOSTILE),
        outcome: Outcome::RolledBack,
        hold: false,
    }));
    stories.push(live().happened(Event::Checked {
        stage: "test".parse().unwrap(),
        deployment: Some(deployment(id)),
        at: HookPoint::AfterTraffic,
        results: vec![CheckResult {
            check: "answers".parse().unwrap(),
            passed: false,
            detail: words(),
        }],
    }));
    stories.push(live().happened(Event::Held {
        stage: "test".parse().unwrap(),
        reason: HoldReason::LeftInPlace {
            tag: "3f2c1ab".parse().unwrap(),
            fault: sample::fault(HOSTILE),
        },
    }));
    stories.push(asking.happened(Event::Voted {
        approval: "production-1".parse().unwrap(),
        by: Principal::Aws(words()),
        decision: Decision::Reject,
        reason: Some(words()),
        message: None,
    }));
    let blocked = Event::Blocked {
        stage: "test".parse().unwrap(),
        by: BlockedBy::Hold {
            hold: Block::hold(Principal::Aws(words()), words()),
        },
    };
    stories.push(pushed().planned("test", sample::plan()).happened(blocked));
    for outcome in [Outcome::Succeeded, Outcome::Failed] {
        let rollout = Event::RolloutEnded {
            stage: "test".parse().unwrap(),
            outcome,
            reason: sample::reason(HOSTILE),
            revision: None,
        };
        let reason = sample::end(HOSTILE);
        let end = Event::Ended { outcome, reason };
        stories.push(pushed().happened(rollout).happened(end));
    }
    stories
}

#[test]
fn nothing_hostile_reaches_slack() {
    for (index, story) in stories().iter().enumerate() {
        let release = &story.release;
        let card = card(release);
        let mut texts = mrkdwn_of(card.blocks.as_ref().expect("blocks"));
        texts.push(card.text);
        texts.extend(replies(release));
        let shown = texts.iter().any(|text| text.contains("&lt;!channel&gt;"));
        assert!(
            shown,
            "story {index} shows what is hostile, escaped: {texts:#?}"
        );
        for text in texts {
            assert!(!text.contains("<!channel>"), "{text}");
            assert!(!text.contains("<http"), "{text}");
            assert!(!text.contains(" &lt;!here"), "shown as a mention: {text}");
            assert!(!text.contains("\nRCPT"), "{text}");
            assert!(is_harmless(&text.replace('\n', " ")), "{text:?}");
        }
    }
}

#[test]
fn nothing_hostile_reaches_an_e_mail() {
    let mut shown = 0;
    for story in stories() {
        let release = &story.release;
        for notice in entry_messages(Channel::Sns, release) {
            let notice = notice.message;
            let subject = notice.subject.expect("a subject");
            shown += notice.text.matches("<!channel>").count();
            assert!(is_harmless(&subject), "{subject:?}");
            assert!(!notice.text.contains("\nRCPT"), "{:?}", notice.text);
            let text = notice.text.replace('\n', " ");
            assert!(is_harmless(&text), "{text:?}");
        }
    }
    assert_eq!(
        shown, 3,
        "both ends are told, and why an approval no longer counts"
    );
}

/// Without control characters, line separators and what turns the direction around.
fn is_harmless(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}'))
}

/// Every text that Slack reads as mrkdwn.
fn mrkdwn_of(blocks: &Value) -> Vec<String> {
    match blocks {
        Value::Object(map) => {
            let own = (map.get("type") == Some(&"mrkdwn".into())).then(|| {
                assert_eq!(map["verbatim"], true, "Slack makes no links of its own");
                map["text"].as_str().expect("a text").to_owned()
            });
            let nested = map.values().flat_map(mrkdwn_of);
            own.into_iter().chain(nested).collect()
        }
        Value::Array(items) => items.iter().flat_map(mrkdwn_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn line_separators_and_what_cannot_be_seen_do_not_get_through() {
    assert_eq!(one_line("a\u{2028}b\u{2029}c\u{85}d", 80), "a b c d");
    assert_eq!(one_line("a\u{2060}b\u{e0041}c\u{200b}d", 80), "abcd");
}

#[test]
fn what_is_escaped_already_is_escaped_again() {
    assert_eq!(slack_text("&lt;"), "&amp;lt;");
}
