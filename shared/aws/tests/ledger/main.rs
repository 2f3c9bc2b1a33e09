//! The ledger against a DynamoDB: what two writers may do to each other, and what is found again.
//!
//! moto's conditional writes are not atomic under threads, so that nothing here races: a writer is
//! late because it read early.

#[path = "../support/mod.rs"]
mod support;

mod bulletins;
mod distrusted;
mod hooks;
mod orders;
mod rollbacks;
mod rows;
mod seals;
mod services;
mod sweeper;

use aws_sdk_dynamodb::types::AttributeValue;
use support::aws;
use support::http::{Reply, Server, forward};
use support::moto::{Moto, text};
use support::releases::{
    actor, append, at, id, load, open, opened, planned, reported, service, started,
};
use towpath_core::message::state;
use towpath_core::names::DeploymentId;
use towpath_core::release::{
    BrokenChain, DeploymentFault, DeploymentStatus, Event, Outcome, RollbackReason, verify_chain,
};
use towpath_deployer::ports::{AppendError, Ledger, LoadError};

#[tokio::test]
async fn a_release_is_opened_once_and_found_again() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    assert!(aws.load(&id('a')).await.unwrap().is_none());
    assert!(aws.summary(&id('a')).await.unwrap().is_none());

    let release = open(&aws, 'a', 0).await;
    assert_eq!(release.id(), &id('a'));
    assert_eq!(release.entries().len(), 1);
    let again = aws.open(&id('a'), &[opened('a', 0)], &actor(), at(5)).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");

    let listed = aws.summary(&id('a')).await.unwrap().unwrap();
    assert_eq!(state(&listed.summary), "test: about to start");
    assert_eq!((listed.summary.head, listed.summary.version), (1, 3));
    assert_eq!(listed.summary.arrived_at, at(0));
    assert!(listed.summary.open && listed.summary.outcome.is_none());

    open(&aws, 'c', 20).await;
    open(&aws, 'b', 10).await;
    let newest = aws
        .releases_of(&"shop-api".parse().unwrap(), 2)
        .await
        .unwrap();
    let newest: Vec<_> = newest.into_iter().map(|l| l.summary.release).collect();
    assert_eq!(newest, [id('c'), id('b')]);
    let last = aws.newest(&"shop-api".parse().unwrap()).await.unwrap();
    assert_eq!(last, Some((id('c'), at(20))));
    let others = aws.releases_of(&"other".parse().unwrap(), 9).await.unwrap();
    assert!(others.is_empty());
}

#[tokio::test]
async fn entries_are_chained_and_a_change_behind_the_ledgers_back_is_found() {
    let moto = Moto::start().await;
    let behind = moto.url.clone();
    let server = Server::start(move |request| forward(request, &behind));
    let aws = aws(&server.url);
    let release = open(&aws, 'a', 0).await;
    // Three of these are more than one page of a Query.
    let long = "x".repeat(350_000);
    let mut release = append(&aws, &release, &[planned(), started(1)], 1)
        .await
        .unwrap();
    for _ in 0..4 {
        release = append(&aws, &release, &[reported(&long)], 2).await.unwrap();
    }
    assert_eq!(load(&aws, 'a').await, release);
    assert_eq!(release.entries().len(), 7);
    let further_pages = server
        .requests_of("Query")
        .iter()
        .filter(|request| !request.json()["ExclusiveStartKey"].is_null())
        .count();
    assert!(further_pages > 0, "the entries fit one page");

    let head = aws.summary(&id('a')).await.unwrap().unwrap().summary;
    let head = Some((head.head, &head.head_fingerprint));
    let stored = aws.stored_entries(&id('a')).await.unwrap().entries;
    assert_eq!(verify_chain(&id('a'), &stored, head), Ok(()));

    moto.set(
        &release_key('a'),
        "E#000000000004",
        "event",
        text(reported_json("other")),
    )
    .await;
    let stored = aws.stored_entries(&id('a')).await.unwrap().entries;
    assert_eq!(
        verify_chain(&id('a'), &stored, head),
        Err(BrokenChain::Edited(4))
    );

    moto.set(&release_key('a'), "E#000000000004", "event", text("{"))
        .await;
    let error = aws.load(&id('a')).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("event of E#000000000004 is wrong: EOF while parsing"),
        "{error}"
    );

    moto.delete(&release_key('a'), "E#000000000004").await;
    let error = aws.load(&id('a')).await.unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }));
    assert!(error.to_string().ends_with("entry 4 is missing"), "{error}");
}

#[tokio::test]
async fn a_text_with_a_key_that_is_there_twice_is_not_read() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    append(&aws, &release, &[planned(), started(1)], 1)
        .await
        .unwrap();
    let twice = |text: &str, key: &str| {
        let second = format!(r#"{{"{key}":null,"#);
        AttributeValue::S(text.replacen('{', &second, 1))
    };
    let (key, first) = (release_key('a'), "E#000000000001");
    for (attribute, name) in [("event", "pipeline"), ("actor", "function")] {
        let was = moto.text_of(&key, first, attribute).await.unwrap();
        moto.set(&key, first, attribute, twice(&was, name)).await;
        let error = aws.load(&id('a')).await.unwrap_err().to_string();
        let expected = format!("{attribute} of {first} is wrong: key \"{name}\" is there twice");
        assert!(error.contains(&expected), "{error}");
        moto.set(&key, first, attribute, text(was)).await;
    }
    let row = format!("SERVICE#{}", service());
    let good = r#"{"release":"shop-api-0123456789abcdef","release":"shop-api-0123456789abcde0"}"#;
    for (attribute, wrong) in [
        ("last_good", good.to_owned()),
        ("history", format!("[{good}]")),
    ] {
        moto.set(&row, "SERVICE", attribute, text(wrong)).await;
        let error = aws.service(&service()).await.unwrap_err().to_string();
        assert!(error.contains("\"release\" is there twice"), "{error}");
        moto.remove(&row, "SERVICE", attribute).await;
    }
    aws.service(&service()).await.unwrap();
    load(&aws, 'a').await;
}

#[tokio::test]
async fn an_entry_that_was_changed_and_still_reads_well_is_not_acted_on() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    append(&aws, &release, &[reported("COMPLETED")], 1)
        .await
        .unwrap();
    let (key, second) = (release_key('a'), "E#000000000002");
    let was = moto.text_of(&key, second, "event").await.unwrap();
    moto.set(&key, second, "event", text(reported_json("FAILED")))
        .await;
    let error = aws.load(&id('a')).await.unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("entry 2 was edited"), "{error}");
    moto.set(&key, second, "event", text(was)).await;
    moto.set(&key, second, "type", text("voted")).await;
    let error = aws.load(&id('a')).await.unwrap_err().to_string();
    assert!(error.contains("type of E#000000000002 is wrong"), "{error}");
}

#[tokio::test]
async fn a_writer_that_read_early_writes_nothing() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let seen = open(&aws, 'a', 0).await;
    let first = append(&aws, &seen, &[reported("first")], 1).await.unwrap();
    let second = append(&aws, &seen, &[reported("second"), reported("third")], 2).await;
    assert!(matches!(second, Err(AppendError::Conflict)), "{second:?}");
    assert_eq!(load(&aws, 'a').await, first);

    // The very same entries, as a second run at the same moment would write them.
    let twin = append(&aws, &seen, &[reported("first")], 1).await;
    assert!(matches!(twin, Err(AppendError::Conflict)), "{twin:?}");

    // The entries alone are a barrier: here the summary was put back.
    let old = AttributeValue::N("1".into());
    moto.set(&release_key('a'), "SUMMARY", "head", old).await;
    let over = append(&aws, &seen, &[reported("second")], 3).await;
    assert!(matches!(over, Err(AppendError::Conflict)), "{over:?}");
    assert_eq!(load(&aws, 'a').await, first);
    let head = AttributeValue::N("2".into());
    moto.set(&release_key('a'), "SUMMARY", "head", head).await;

    // The summary alone is a barrier too: here an entry was cut off the end.
    moto.delete(&release_key('a'), "E#000000000002").await;
    let over = append(&aws, &seen, &[reported("second")], 3).await;
    assert!(matches!(over, Err(AppendError::Conflict)), "{over:?}");
    assert_eq!(load(&aws, 'a').await, seen);
}

#[tokio::test]
async fn a_deployment_leads_to_its_release() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let deployment = "d-ABCDEF123".parse().unwrap();
    assert_eq!(aws.release_of(&deployment).await, Ok(None));
    let release = open(&aws, 'a', 0).await;
    let begun = Event::DeploymentStarted {
        deployment: deployment.clone(),
        alias: None,
        found: false,
    };
    append(&aws, &release, std::slice::from_ref(&begun), 1)
        .await
        .unwrap();
    assert_eq!(aws.release_of(&deployment).await, Ok(Some(id('a'))));
    // A writer that read early does not get hold of a deployment either.
    let other = open(&aws, 'b', 1).await;
    append(&aws, &other, &[reported("x")], 2).await.unwrap();
    let late = append(&aws, &other, &[begun], 3).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    assert_eq!(aws.release_of(&deployment).await, Ok(Some(id('a'))));
}

#[tokio::test]
async fn a_deployment_never_passes_to_another_release() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let deployment: DeploymentId = "ecs-svc/7".parse().unwrap();
    let begun = |alias: Option<DeploymentId>, id: &DeploymentId| Event::DeploymentStarted {
        deployment: id.clone(),
        alias,
        found: false,
    };
    let first = open(&aws, 'a', 0).await;
    let first = append(&aws, &first, &[begun(None, &deployment)], 1)
        .await
        .unwrap();
    // The release itself may name it again.
    append(&aws, &first, &[begun(None, &deployment)], 2)
        .await
        .unwrap();

    let second = open(&aws, 'b', 1).await;
    let taken = append(&aws, &second, &[begun(None, &deployment)], 3).await;
    assert!(
        matches!(&taken, Err(AppendError::Deployment(id)) if *id == deployment),
        "{taken:?}"
    );
    assert_eq!(load(&aws, 'b').await, second, "nothing of it is written");

    // ECS may go back to it, and then it is followed and stays whose it is.
    let other: DeploymentId = "ecs-svc/8".parse().unwrap();
    let going_back = Event::DeploymentObserved {
        deployment: other.clone(),
        status: DeploymentStatus::RollingBack {
            reason: DeploymentFault::said("its tasks fail"),
            by: Some(deployment.clone()),
        },
    };
    let events = [begun(None, &other), going_back];
    append(&aws, &second, &events, 4).await.unwrap();
    assert_eq!(aws.release_of(&deployment).await, Ok(Some(id('a'))));
    assert_eq!(aws.release_of(&other).await, Ok(Some(id('b'))));
}

#[tokio::test]
async fn a_rollback_that_two_entries_of_one_append_name_is_written_down_once() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    let deployment: DeploymentId = "d-ABCDEF123".parse().unwrap();
    let begun = Event::RollbackStarted {
        deployment: Some(deployment.clone()),
        alias: None,
        reason: RollbackReason::LeftInPlace {
            fault: DeploymentFault::said("too slow"),
        },
        outcome: Outcome::RolledBack,
        hold: false,
    };
    let seen = Event::DeploymentObserved {
        deployment: "d-BROKEN123".parse().unwrap(),
        status: DeploymentStatus::RollingBack {
            reason: DeploymentFault::said("stopped"),
            by: Some(deployment.clone()),
        },
    };
    append(&aws, &release, &[begun, seen], 1).await.unwrap();
    assert_eq!(aws.release_of(&deployment).await, Ok(Some(id('a'))));
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_entry() {
    let moto = Moto::start().await;
    let (behind, mut lost) = (moto.url.clone(), false);
    // The first append is carried out, and its answer never comes.
    let server = Server::start(move |request| {
        let answer = forward(request, &behind);
        if request.operation() == "TransactWriteItems"
            && String::from_utf8_lossy(&request.body).contains("deployment_reported")
            && !std::mem::replace(&mut lost, true)
        {
            return Reply::Hangup;
        }
        answer
    });
    let aws = aws(&server.url);
    let release = open(&aws, 'a', 0).await;
    let after = append(&aws, &release, &[reported("once")], 1)
        .await
        .unwrap();
    assert_eq!(load(&aws, 'a').await, after);
    assert_eq!(after.entries().len(), 2);

    let tokens: Vec<_> = server
        .requests_of("TransactWriteItems")
        .iter()
        .skip(1)
        .map(|request| request.json()["ClientRequestToken"].clone())
        .collect();
    assert_eq!(
        tokens.len(),
        2,
        "the SDK repeats a request whose answer is lost"
    );
    assert_eq!(tokens[0], tokens[1]);
}

fn reported_json(state: &str) -> String {
    serde_json::to_string(&reported(state)).unwrap()
}

fn release_key(digit: char) -> String {
    format!("RELEASE#{}", id(digit))
}

#[tokio::test]
async fn an_update_that_a_transaction_gets_in_the_way_of_is_made_all_the_same() {
    let moto = Moto::start().await;
    let (behind, mut refusals) = (moto.url.clone(), 2);
    let server = Server::start(move |request| {
        if request.operation() == "UpdateItem" && refusals > 0 {
            refusals -= 1;
            let code = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
            return Reply::error(400, code, "Transaction is ongoing for the item");
        }
        forward(request, &behind)
    });
    let aws = aws(&server.url);
    let release = open(&aws, 'a', 0).await;
    aws.wake(&id('a'), at(7)).await.unwrap();
    aws.set_due(&release, Some(at(90))).await.unwrap();
    assert_eq!(
        aws.summary(&id('a')).await.unwrap().unwrap().due,
        Some(at(90))
    );
    assert_eq!(server.requests_of("UpdateItem").len(), 4);
}
