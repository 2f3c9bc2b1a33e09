//! What `advance` acts on, and what it does not: entries that were not written by who may write them.

use aws_sdk_dynamodb::types::AttributeValue;
use towpath_aws::Aws;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Actor, Event, Outcome, Release, Writer};
use towpath_deployer::ports::{Append, Directives as _, Distrust, Ledger as _, LoadError};

use crate::release_key;
use crate::support::aws_of;
use crate::support::moto::{Moto, text};
use crate::support::releases::{
    actor, append, at, ended, id, load, opened, planned, reported, rollout_ended, service, started,
};

/// Each kind of writer, in a process of its own.
struct Writers {
    push: Aws,
    reports: Aws,
    approval: Aws,
    advance: Aws,
}

impl Writers {
    fn at(moto: &Moto) -> Self {
        let of = |writer| aws_of(writer, &moto.url);
        Self {
            push: of("image-push"),
            reports: of("deployment-event"),
            approval: of("approval"),
            advance: of("advance"),
        }
    }
}

/// A release that `image-push` has opened and `advance` has begun to roll out.
async fn rolling_out(writers: &Writers) -> Release {
    let events = [opened('a', 0)];
    let (push, id) = (&writers.push, id('a'));
    push.open(&id, &events, &actor(), at(0)).await.unwrap();
    let release = load(&writers.advance, 'a').await;
    append(&writers.advance, &release, &[planned(), started(1)], 1)
        .await
        .unwrap()
}

async fn distrust(advance: &Aws) -> Distrust {
    match advance.load(&id('a')).await {
        Err(LoadError::Distrusted(distrust)) => *distrust,
        other => panic!("it is trusted: {other:?}"),
    }
}

/// What a writer that is not `advance` adds.
async fn add(writer: &Aws, event: Event) {
    let release = load(writer, 'a').await;
    let function = Actor::Function("advance".into());
    writer
        .append(Append {
            release: &release,
            events: &[event],
            actor: &function,
            at: at(9),
            wake: true,
            due: None,
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_each_kind_writes_is_acted_on_if_it_is_theirs_to_write() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    rolling_out(&writers).await;
    add(&writers.reports, reported("x")).await;
    let release = load(&writers.advance, 'a').await;
    assert_eq!(release.entries().len(), 4);
    let seal = moto
        .text_of(&release_key('a'), "E#000000000004", "seal")
        .await
        .unwrap();
    assert!(seal.starts_with("deployment-event/1/"), "{seal}");

    // With the key of another kind, in whoever's name.
    add(&writers.approval, reported("y")).await;
    let distrust = distrust(&writers.advance).await;
    assert_eq!(
        distrust.problem,
        "entry 5 is sealed by approval, which does not write such entries"
    );
    assert_eq!(distrust.trusted.as_ref(), Some(&release));
    // The others go on writing down what happens: it is `advance` that acts.
    assert_eq!(load(&writers.approval, 'a').await.entries().len(), 5);
}

#[tokio::test]
async fn a_seal_that_is_missing_or_another_s_is_found() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    rolling_out(&writers).await;
    add(&writers.reports, reported("x")).await;
    let (key, last) = (release_key('a'), "E#000000000004");
    let seal = moto.text_of(&key, last, "seal").await.unwrap();
    moto.remove(&key, last, "seal").await;
    assert_eq!(
        distrust(&writers.advance).await.problem,
        "entry 4 has no seal"
    );
    let third = moto.text_of(&key, "E#000000000003", "seal").await.unwrap();
    moto.set(&key, last, "seal", text(third)).await;
    assert_eq!(
        distrust(&writers.advance).await.problem,
        "entry 4 is sealed by advance, which does not write such entries"
    );
    let approval = seal.replace("deployment-event/", "approval/");
    moto.set(&key, last, "seal", text(approval)).await;
    assert!(advance_distrusts(&writers).await);
    moto.set(&key, last, "seal", text(seal)).await;
    assert_eq!(load(&writers.advance, 'a').await.entries().len(), 4);
}

async fn advance_distrusts(writers: &Writers) -> bool {
    let loaded = writers.advance.load(&id('a')).await;
    matches!(loaded, Err(LoadError::Distrusted(_)))
}

#[tokio::test]
async fn a_key_may_be_changed_once_while_releases_are_open() {
    let moto = Moto::start().await;
    rolling_out(&Writers::at(&moto)).await;
    for writer in Writer::ALL {
        moto.new_seal_key(writer).await;
    }
    // Processes that began before the change and after it.
    let after = Writers::at(&moto);
    add(&after.reports, reported("x")).await;
    let release = load(&after.advance, 'a').await;
    assert_eq!(release.entries().len(), 4);
    let seal = moto
        .text_of(&release_key('a'), "E#000000000004", "seal")
        .await
        .unwrap();
    assert!(seal.starts_with("deployment-event/2/"), "{seal}");

    // Changed once more, nothing is done on the word of what was sealed with the first key, and what
    // is proven by it is known.
    moto.new_seal_key(Writer::Advance).await;
    let late = Writers::at(&moto);
    let distrust = distrust(&late.advance).await;
    assert_eq!(
        distrust.problem,
        "entry 3 is sealed with version 1 of the key of advance, which counts no more"
    );
    assert_eq!(distrust.trusted, Some(release));
}

#[tokio::test]
async fn what_has_ended_is_evidence_however_often_keys_were_changed() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    let release = rolling_out(&writers).await;
    let end = [rollout_ended(Outcome::Succeeded), ended()];
    let release = append(&writers.advance, &release, &end, 2).await.unwrap();
    for _ in 0..3 {
        for writer in Writer::ALL {
            moto.new_seal_key(writer).await;
        }
    }
    let late = Writers::at(&moto);
    assert_eq!(load(&late.advance, 'a').await, release);
}

#[tokio::test]
async fn a_key_that_was_changed_after_the_keys_were_read_is_read_as_well() {
    let moto = Moto::start().await;
    let before = Writers::at(&moto);
    rolling_out(&before).await;
    load(&before.advance, 'a').await;
    moto.new_seal_key(Writer::DeploymentEvent).await;
    let after = Writers::at(&moto);
    add(&after.reports, reported("x")).await;
    assert_eq!(load(&before.advance, 'a').await.entries().len(), 4);

    // A version that there is not is no key at all.
    let (key, last) = (release_key('a'), "E#000000000004");
    let seal = moto.text_of(&key, last, "seal").await.unwrap();
    let later = seal.replace("deployment-event/2/", "deployment-event/3/");
    moto.set(&key, last, "seal", text(later)).await;
    let distrust = distrust(&before.advance).await;
    assert_eq!(
        distrust.problem,
        "entry 4 is sealed with version 3 of the key of deployment-event, which there is not"
    );
}

#[tokio::test]
async fn a_service_is_let_go_by_the_release_that_has_it() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    rolling_out(&writers).await;
    let aws = &writers.advance;
    let (service, owner) = (service(), id('a'));
    let let_go = async |of: ReleaseId| aws.let_go_of(&service, &of, "why", at(5)).await.unwrap();
    assert!(!let_go(id('b')).await);
    assert!(let_go(owner.clone()).await);
    let row = aws.service(&service).await.unwrap();
    let held = "towpath freed it and held it: why";
    assert_eq!(
        (row.owner, row.hold.map(|hold| hold.to_string())),
        (None, Some(held.to_owned()))
    );
    assert_eq!(row.epoch, 1, "whoever had it is fenced off");
    assert!(!let_go(owner).await);
}

#[tokio::test]
async fn a_summary_that_says_what_the_seals_do_not_ends_no_release_silently() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    let release = rolling_out(&writers).await;
    for (name, value) in [("distrust", "because"), ("trusted", "0")] {
        let value = match name {
            "trusted" => AttributeValue::N(value.into()),
            _ => text(value),
        };
        moto.set(&release_key('a'), "SUMMARY", name, value).await;
    }
    let distrust = distrust(&writers.advance).await;
    assert!(
        distrust.problem.contains("somebody closed its summary"),
        "{}",
        distrust.problem
    );
    assert_eq!(distrust.trusted, Some(release));
}

#[tokio::test]
async fn nor_does_it_keep_advance_from_adding_to_one_that_has_ended() {
    let moto = Moto::start().await;
    let writers = Writers::at(&moto);
    let release = rolling_out(&writers).await;
    append(&writers.advance, &release, &[ended()], 2)
        .await
        .unwrap();
    for (name, value) in [
        ("distrust", text("because")),
        ("trusted", AttributeValue::N("0".into())),
    ] {
        moto.set(&release_key('a'), "SUMMARY", name, value).await;
    }
    let known = load(&writers.advance, 'a').await;
    append(&writers.advance, &known, &[reported("x")], 3)
        .await
        .unwrap();
}
