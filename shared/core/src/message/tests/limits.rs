//! Slack's and SNS's limits hold for the longest pipelines and reasons:
//! <https://docs.slack.dev/reference/block-kit/blocks>,
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.

use proptest::prelude::*;
use serde_json::Value;
use towpath_taskdef::image::Digest;

use super::{card, replies};
use crate::bulletin::Bulletin;
use crate::message::{bulletin_message, entry_messages};
use crate::pipeline::{Channel, Pipeline};
use crate::release::tests::given::{Story, given};
use crate::release::{
    DeploymentStatus, Directive, Event, Instruction, Order, Outcome, Principal, Subject,
    SubjectState,
};
use crate::sample;

fn name(index: usize) -> String {
    format!("s{index:0>23}")
}

/// Twelve stages with the longest names, of which so many are behind the release, each ended with
/// that reason.
fn longest(behind: usize, tag: &str, reason: &str) -> Story {
    let mut json = sample::shop_json();
    let production = json["stages"][2].clone();
    json["pipeline"] = "p".repeat(40).into();
    json["repository"] = "r".repeat(256).into();
    let stages = (0..12).map(|index| {
        let mut stage = production.clone();
        stage["name"] = name(index).into();
        stage["service"] = format!("api-{index}").into();
        stage["engine"]["codedeploy"]["group"] = format!("api-{index}").into();
        stage
    });
    json["stages"] = stages.collect::<Vec<_>>().into();
    let mut story = given(sample::pipeline(json)).pushed(tag);
    for index in 0..behind {
        story = story.happened(Event::RolloutEnded {
            stage: name(index).parse().unwrap(),
            outcome: Outcome::RolledBack,
            reason: sample::reason(reason),
            revision: None,
        });
    }
    if behind == 12 {
        return story.happened(Event::Ended {
            outcome: Outcome::RolledBack,
            reason: sample::end(reason),
        });
    }
    story = story.planned(&name(behind), sample::plan());
    if behind.is_multiple_of(2) {
        return story.asked(&name(behind), 1);
    }
    let id = "d".repeat(512);
    let status = DeploymentStatus::RollingBack {
        reason: sample::fault(reason),
        by: None,
    };
    story
        .took(&name(behind), 1)
        .started(&id)
        .observed(&id, status)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn slack_and_sns_take_the_longest(
        behind in 0..=12usize,
        tag in "[0-9]{128}",
        reason in prop_oneof!["[&<>]{3000}", ".{0,3000}", "[a-z ]{2999,3000}"],
    ) {
        let story = longest(behind, &tag, &reason);
        let release = &story.release;
        let card = card(release);
        let blocks = card.blocks.expect("blocks");
        check_card(&blocks);
        let shown = blocks.to_string();
        for index in 0..12 {
            prop_assert!(shown.contains(&name(index)), "stage {} is not on the card", index);
        }
        prop_assert!(card.text.chars().count() <= 4_000, "the text of a message");
        for text in replies(release) {
            prop_assert!(text.chars().count() <= 4_000, "{}", text.chars().count());
            prop_assert!(is_whole(&text), "{}", text);
        }
        for notice in entry_messages(Channel::Sns, release) {
            let notice = notice.message;
            let subject = notice.subject.expect("a subject");
            let printable = subject.chars().all(|c| (' '..='~').contains(&c));
            prop_assert!(printable && subject.len() < 100, "{}", subject);
            prop_assert!(notice.text.len() < 256 * 1024);
        }
    }
}

/// Forty pipelines with the longest names, which roll out to the same services.
fn forty() -> Vec<Pipeline> {
    let named = |index: usize| {
        let mut json = sample::shop_json();
        json["pipeline"] = format!("p{index:0>39}").into();
        json["notify"] = serde_json::json!({ "slack": "C0123456789", "sns": true });
        sample::pipeline(json)
    };
    (0..40).map(named).collect()
}

#[test]
fn however_many_pipelines_an_order_concerns_people_read_the_way_out() {
    let (home, pipelines) = (sample::home(), forty());
    let service = Subject::Service(home.service_of(&pipelines[0].stages[2]));
    let image = Subject::Image(Digest::of(b"image"));
    for (subject, order) in [(service, Order::Hold), (image, Order::Veto)] {
        let instruction = Instruction {
            by: Principal::Aws(format!("arn:aws:iam::111111111111:user/{}", "a".repeat(64))),
            order,
            reason: "r".repeat(500),
        };
        let upon = SubjectState::default();
        let given = Directive::next(&upon, &subject, sample::dawn(), instruction);
        let told = Bulletin::of_order(&subject, &given, &home, &pipelines, None).bulletins;
        assert_eq!(told.len(), 1);
        let [card, mail] =
            [Channel::Slack, Channel::Sns].map(|it| bulletin_message(it, &told[0].1));
        let blocks = card.blocks.expect("blocks");
        check_card(&blocks);
        let section = blocks[0]["text"]["text"].as_str().unwrap();
        for said in [&card.text, section, &mail.text] {
            assert!(said.contains("--reason …` lifts it."), "{said}");
            assert!(said.contains("30 more"), "{said}");
        }
        let subject = mail.subject.expect("a subject");
        assert!(subject.len() < 100, "{subject}");
    }
}

fn check_card(blocks: &Value) {
    let blocks = blocks.as_array().expect("blocks");
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    for block in blocks {
        let kind = block["type"].as_str().expect("a type");
        match kind {
            "header" => check_text(&block["text"], 150),
            "section" => check_text(&block["text"], 3_000),
            "context" => {
                let elements = block["elements"].as_array().expect("elements");
                assert!((1..=10).contains(&elements.len()));
                elements.iter().for_each(|text| check_text(text, 3_000));
            }
            "actions" => check_actions(block),
            _ => panic!("no such block: {kind}"),
        }
    }
}

fn check_actions(block: &Value) {
    check_length(&block["block_id"], 255);
    let elements = block["elements"].as_array().expect("elements");
    assert!((1..=25).contains(&elements.len()));
    let mut ids = std::collections::BTreeSet::new();
    for button in elements {
        check_length(&button["action_id"], 255);
        assert!(
            ids.insert(button["action_id"].to_string()),
            "an id of its own"
        );
        check_text(&button["text"], 75);
        check_length(&button["value"], 2_000);
        check_text(&button["confirm"]["title"], 100);
        check_text(&button["confirm"]["text"], 300);
        check_text(&button["confirm"]["confirm"], 30);
        check_text(&button["confirm"]["deny"], 30);
    }
}

fn check_text(text: &Value, longest: usize) {
    check_length(&text["text"], longest);
    if text["type"] == "mrkdwn" {
        assert!(is_whole(text["text"].as_str().expect("a text")), "{text}");
    }
}

fn check_length(text: &Value, longest: usize) {
    let length = text.as_str().expect("a text").chars().count();
    assert!((1..=longest).contains(&length), "{length}: {text}");
}

/// Whether no escape sequence was cut in two.
fn is_whole(text: &str) -> bool {
    let ends = ["amp;", "lt;", "gt;"];
    let mut sequences = text.split('&').skip(1);
    sequences.all(|rest| ends.iter().any(|end| rest.starts_with(end)))
}
