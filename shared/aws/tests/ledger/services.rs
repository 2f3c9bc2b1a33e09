//! Who may change a service, against a DynamoDB.

use aws_sdk_dynamodb::types::AttributeValue;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Block, Outcome, Principal, ServiceRow};
use towpath_deployer::ports::{AppendError, Ledger};

use crate::support::aws;
use crate::support::moto::{Moto, text};
use crate::support::releases::{
    actor, append, at, blocked, held, id, load, open, open_under, planned, reported, rollback,
    rollout_ended, service, started,
};

#[tokio::test]
async fn a_service_has_one_owner_and_newer_releases_go_first() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let row = async || aws.service(&service()).await.unwrap();
    assert_eq!(row().await, ServiceRow::default());

    let old = open(&aws, 'a', 0).await;
    let new = open(&aws, 'b', 10).await;
    let old = append(&aws, &old, &[planned()], 1).await.unwrap();
    assert_eq!(row().await.candidate.unwrap().release, id('a'));
    let old = append(&aws, &old, &[started(1)], 2).await.unwrap();
    assert_eq!((row().await.epoch, row().await.owner), (1, Some(id('a'))));

    // The newer one arrives, and does not get a service that is owned.
    let new = append(&aws, &new, &[planned()], 11).await.unwrap();
    assert_eq!(row().await.candidate.unwrap().release, id('b'));
    for epoch in [1, 2] {
        refused(append(&aws, &new, &[started(epoch)], 12).await);
    }

    // Whose service was taken away cannot write any more, not even in its own name.
    let key = format!("SERVICE#{}", service());
    for (attribute, other, own) in [
        ("owner", text(id('b')), text(id('a'))),
        (
            "epoch",
            AttributeValue::N("2".into()),
            AttributeValue::N("1".into()),
        ),
    ] {
        moto.set(&key, "SERVICE", attribute, other).await;
        refused(append(&aws, &old, &[blocked("still here")], 13).await);
        refused(append(&aws, &old, &[rollout_ended(Outcome::Succeeded)], 13).await);
        assert_eq!(load(&aws, 'a').await, old);
        moto.set(&key, "SERVICE", attribute, own).await;
    }

    // The owner writes on, then lets go.
    let old = append(&aws, &old, &[reported("going on")], 13)
        .await
        .unwrap();
    let ended = [rollout_ended(Outcome::Succeeded)];
    append(&aws, &old, &ended, 14).await.unwrap();
    let good = row().await.last_good.unwrap();
    assert_eq!(
        (row().await.owner, good.release, good.at),
        (None, id('a'), at(14))
    );

    // Who is older than the candidate does not arrive.
    let late = open(&aws, 'c', 5).await;
    refused(append(&aws, &late, &[planned()], 16).await);
    assert_eq!(load(&aws, 'c').await, late);

    // A hold keeps the service, and only the right epoch takes it.
    let hold = Block::hold(Principal::Aws("ada".into()), "the sale");
    let stored = serde_json::to_string(&hold).unwrap();
    moto.set(&key, "SERVICE", "hold", text(&stored)).await;
    assert_eq!(row().await.hold, Some(hold));
    refused(append(&aws, &new, &[started(2)], 17).await);
    moto.remove(&key, "SERVICE", "hold").await;
    refused(append(&aws, &new, &[started(3)], 18).await);
    let new = append(&aws, &new, &[started(2)], 19).await.unwrap();
    let ended = [rollout_ended(Outcome::Failed)];
    append(&aws, &new, &ended, 20).await.unwrap();
    assert_eq!((row().await.epoch, row().await.owner), (2, None));
    assert_eq!(row().await.last_good.unwrap().release, id('a'));
}

#[tokio::test]
async fn of_tags_that_arrived_at_the_same_instant_neither_overtakes_the_other() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let first = open(&aws, 'a', 0).await;
    let second = open(&aws, 'b', 0).await;
    append(&aws, &second, &[planned()], 1).await.unwrap();
    append(&aws, &first, &[planned()], 2).await.unwrap();
    append(&aws, &load(&aws, 'b').await, &[planned()], 3)
        .await
        .unwrap();
}

#[tokio::test]
async fn releases_that_wait_in_order_are_told_apart_by_when_they_were_pushed() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let row = async || aws.service(&service()).await.unwrap();
    let waiting = async || -> Vec<_> {
        let row = row().await;
        row.waiting.into_iter().map(|it| it.release).collect()
    };

    // The last one pushed comes first, and one comes twice.
    let third = open_under(&aws, "queue", 'c', 20).await;
    let third = append(&aws, &third, &[planned()], 21).await.unwrap();
    let first = open_under(&aws, "queue", 'a', 0).await;
    let first = append(&aws, &first, &[planned()], 22).await.unwrap();
    let second = open_under(&aws, "queue", 'b', 10).await;
    let second = append(&aws, &second, &[planned()], 23).await.unwrap();
    let second = append(&aws, &second, &[planned()], 24).await.unwrap();
    assert_eq!(waiting().await, [id('a'), id('b'), id('c')]);
    assert_eq!(row().await.waiting[1].arrived_at, at(10));
    assert_eq!(row().await.candidate, None, "nobody takes another's place");

    // A rollback goes before all of them, and does not wait any more when it has the service.
    let (back_id, opened) = rollback(&first);
    aws.open(&back_id, &opened, &actor(), at(25)).await.unwrap();
    let back = aws.load(&back_id).await.unwrap().unwrap();
    let back = append(&aws, &back, &[planned(), blocked("somebody")], 25)
        .await
        .unwrap();
    assert_eq!(
        waiting().await,
        [back_id.clone(), id('a'), id('b'), id('c')]
    );
    let back = append(&aws, &back, &[started(1)], 26).await.unwrap();
    assert_eq!(waiting().await, [id('a'), id('b'), id('c')]);
    append(&aws, &back, &[rollout_ended(Outcome::Succeeded)], 27)
        .await
        .unwrap();

    // One takes the service, one ends without having had it, and then the last one has nobody
    // before it; who is the last to leave leaves no empty list behind.
    let first = append(&aws, &first, &[started(2)], 28).await.unwrap();
    append(&aws, &first, &[rollout_ended(Outcome::Succeeded)], 29)
        .await
        .unwrap();
    assert_eq!(waiting().await, [id('b'), id('c')]);
    append(&aws, &second, &[rollout_ended(Outcome::Expired)], 30)
        .await
        .unwrap();
    assert_eq!(waiting().await, [id('c')]);
    append(&aws, &third, &[started(3)], 31).await.unwrap();
    assert_eq!(waiting().await, Vec::<ReleaseId>::new());
    assert_eq!(row().await.owner, Some(id('c')));
}

#[tokio::test]
async fn who_holds_its_stage_as_it_arrives_has_arrived() {
    for (policy, in_order) in [("newest_wins", false), ("queue", true)] {
        let moto = Moto::start().await;
        let aws = aws(&moto.url);
        let release = open_under(&aws, policy, 'a', 0).await;
        append(&aws, &release, &[planned(), held(), blocked("a hold")], 1)
            .await
            .unwrap();
        let row = aws.service(&service()).await.unwrap();
        assert_eq!(
            row.hold.map(|hold| hold.to_string()).as_deref(),
            Some(
                "another deployment was started outside of Towpath; 3f2c1ab was about to be rolled out"
            )
        );
        let candidate = row.candidate.map(|it| it.release);
        let waiting: Vec<_> = row.waiting.into_iter().map(|it| it.release).collect();
        let expected = match in_order {
            true => (None, vec![id('a')]),
            false => (Some(id('a')), Vec::new()),
        };
        assert_eq!((candidate, waiting), expected, "{policy}");
        // Another one finds it held, and arrives all the same.
        let second = open_under(&aws, policy, 'b', 10).await;
        refused(append(&aws, &second, &[planned(), held()], 11).await);
        append(&aws, &second, &[planned()], 12).await.unwrap();
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, AppendError>) {
    assert!(
        matches!(outcome, Err(AppendError::ServiceCondition)),
        "{outcome:?}"
    );
}
