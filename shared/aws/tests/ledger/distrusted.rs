//! What becomes of a release that is not trusted, and of those that it was in the way of.

use std::time::Duration;

use serde_json::json;
use towpath_aws::Aws;
use towpath_core::message::state;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Actor, Event, Incoming, Outcome, Release, Reporter, Sender};
use towpath_deployer::handlers::{Recorded, advance, record};
use towpath_deployer::ports::{Append, AppendError, Ledger as _};

use crate::release_key;
use crate::support::aws_of;
use crate::support::moto::{Moto, text};
use crate::support::releases::{
    actor, append, at, blocked, id, load, opened, opened_under, planned, reported, service, started,
};

/// Opens a release as that kind of writer would.
async fn open_as(writer: &Aws, digit: char, events: &[Event]) {
    writer
        .open(&id(digit), events, &actor(), at(0))
        .await
        .unwrap();
}

/// Adds an entry that is another kind's to write.
async fn forge(writer: &Aws, digit: char, event: Event) -> Release {
    let release = load(writer, digit).await;
    let function = Actor::Function("advance".into());
    let append = Append {
        release: &release,
        events: &[event],
        actor: &function,
        at: at(9),
        wake: true,
        due: None,
    };
    writer.append(append).await.unwrap()
}

/// Has `advance` look at a release.
async fn look(moto: &Moto, digit: char) {
    let written = json!({ "Records": [{
        "eventName": "MODIFY",
        "dynamodb": {
            "SequenceNumber": "1",
            "Keys": { "pk": { "S": release_key(digit) }, "sk": { "S": "SUMMARY" } },
        },
    }] });
    let long = || Duration::from_secs(60);
    let aws = aws_of("advance", &moto.url);
    let answer = advance::handle(&aws, "towpath-advance", &written, long).await;
    assert_eq!(answer.unwrap().batch_item_failures, []);
}

async fn waiting(aws: &Aws) -> Vec<ReleaseId> {
    let row = aws.service(&service()).await.unwrap();
    row.waiting.into_iter().map(|one| one.release).collect()
}

async fn wake_of(moto: &Moto, digit: char) -> Option<String> {
    moto.text_of(&release_key(digit), "SUMMARY", "wake").await
}

#[tokio::test]
async fn one_that_waits_in_order_leaves_and_the_next_one_is_woken() {
    let moto = Moto::start().await;
    let of = |writer| aws_of(writer, &moto.url);
    let (push, approval, driver) = (of("image-push"), of("approval"), of("advance"));
    for (digit, pushed) in [('a', 0), ('b', 1)] {
        open_as(&push, digit, &[opened_under("queue", digit, pushed)]).await;
        let release = load(&driver, digit).await;
        append(&driver, &release, &[planned()], 2).await.unwrap();
    }
    let second = load(&driver, 'b').await;
    append(&driver, &second, &[blocked(id('a').as_str())], 3)
        .await
        .unwrap();
    assert_eq!(waiting(&driver).await, [id('a'), id('b')]);
    assert_eq!(wake_of(&moto, 'b').await, None);

    forge(&approval, 'a', reported("x")).await;
    look(&moto, 'a').await;
    assert_eq!(waiting(&driver).await, [id('b')]);
    assert!(wake_of(&moto, 'b').await.is_some());
}

#[tokio::test]
async fn one_of_which_nothing_is_trusted_leaves_too() {
    let moto = Moto::start().await;
    let approval = aws_of("approval", &moto.url);
    open_as(&approval, 'a', &[opened_under("queue", 'a', 0)]).await;
    forge(&approval, 'a', planned()).await;
    assert_eq!(waiting(&approval).await, [id('a')]);
    look(&moto, 'a').await;
    assert!(waiting(&approval).await.is_empty());
    let summary = approval.summary(&id('a')).await.unwrap().unwrap().summary;
    let said = "not trusted: entry 1 is sealed by approval, which does not write such entries";
    assert_eq!((summary.open, state(&summary)), (false, said.to_owned()));
}

#[tokio::test]
async fn its_summary_is_closed_for_good() {
    let moto = Moto::start().await;
    let of = |writer| aws_of(writer, &moto.url);
    let (push, approval, reports) = (of("image-push"), of("approval"), of("deployment-event"));
    let driver = of("advance");
    open_as(&push, 'a', &[opened('a', 0)]).await;
    let release = load(&driver, 'a').await;
    append(&driver, &release, &[planned(), started(1)], 1)
        .await
        .unwrap();
    let before = forge(&approval, 'a', planned()).await;
    look(&moto, 'a').await;

    let listed = approval.summary(&id('a')).await.unwrap().unwrap();
    assert_eq!(listed.summary.outcome, Some(Outcome::NotTrusted));
    assert_eq!((listed.summary.open, listed.due), (false, None));
    assert!(approval.watched(9).await.unwrap().is_empty());
    assert_eq!(wake_of(&moto, 'a').await, None);
    let row = approval.service(&service()).await.unwrap();
    assert!(row.owner.is_none() && row.hold.is_some(), "{row:?}");

    // Whoever has read it before adds nothing any more, and whoever reads it now knows.
    let late = append(&reports, &before, &[reported("x")], 9).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    let known = load(&reports, 'a').await;
    let untrusted = known.untrusted().expect("it is known");
    assert_eq!((untrusted.trusted, known.entries().len()), (3, 4));
    let report = Incoming::DeploymentReported {
        deployment: "ecs-svc/1".parse().unwrap(),
        state: "x".into(),
        from: Reporter {
            account: service().account,
            region: service().region,
            sender: Sender::Ecs,
        },
    };
    let taken = record(&reports, &id('a'), &actor(), report).await.unwrap();
    assert!(matches!(taken, Recorded::Known(_)), "{taken:?}");

    // Whoever writes past all of that has it closed again.
    let key = release_key('a');
    moto.set(&key, "SUMMARY", "open", text("open")).await;
    moto.set(
        &key,
        "SUMMARY",
        "due",
        text("2026-11-23T10:00:00.000000000Z"),
    )
    .await;
    moto.remove(&key, "SUMMARY", "distrust").await;
    moto.remove(&key, "SUMMARY", "outcome").await;
    assert_eq!(approval.watched(9).await.unwrap().len(), 1);
    look(&moto, 'a').await;
    assert!(approval.watched(9).await.unwrap().is_empty());
}
