//! Bulletins of each kind, as they are sent.

use serde_json::{Value, json};
use towpath_taskdef::image::Digest;

use crate::bulletin::Bulletin;
use crate::message::bulletin_message;
use crate::pipeline::Channel;
use crate::release::{Directive, Instruction, Order, Principal, Subject, SubjectState};
use crate::sample;

fn sent(told: &Bulletin) -> Value {
    json!({
        "slack": bulletin_message(Channel::Slack, told),
        "mail": bulletin_message(Channel::Sns, told),
    })
}

#[test]
fn a_tag_is_not_taken() {
    let (_, told) = Bulletin::of_tag(
        sample::shop().notify,
        "shop-api".parse().unwrap(),
        "shop/api".parse().unwrap(),
        "latest".parse().unwrap(),
        "`latest` names another image tomorrow: push the commit hash as the tag".into(),
        sample::dawn(),
    );
    insta::assert_json_snapshot!(sent(&told));
}

fn ordered(subject: &Subject, order: Order, owned: bool) -> Value {
    let instruction = Instruction {
        by: Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        order,
        reason: "the sale begins".to_owned(),
    };
    let upon = SubjectState {
        owned,
        ..SubjectState::default()
    };
    let directive = Directive::next(&upon, subject, sample::dawn(), instruction);
    let tag = "3f2c1ab".parse().ok().filter(|_| !owned);
    let told = Bulletin::of_order(
        subject,
        &directive,
        &sample::home(),
        &[sample::shop()],
        tag.as_ref(),
    );
    let bulletins = told.bulletins.iter();
    bulletins.map(|(_, bulletin)| sent(bulletin)).collect()
}

#[test]
fn a_hold_is_ordered_and_lifted() {
    let production = &sample::shop().stages[2];
    let service = Subject::Service(sample::home().service_of(production));
    insta::assert_json_snapshot!([
        ordered(&service, Order::Hold, false),
        ordered(&service, Order::LiftHold, false),
        ordered(&service, Order::LiftHold, true),
    ]);
}

#[test]
fn a_veto_is_ordered_and_lifted() {
    let image = Subject::Image(Digest::of(b"image"));
    insta::assert_json_snapshot!([
        ordered(&image, Order::Veto, false),
        ordered(&image, Order::LiftVeto, false),
        // One of which no tag is known.
        ordered(&image, Order::Veto, true),
    ]);
}
