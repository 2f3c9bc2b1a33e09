//! What the sweeper finds and wakes.

use jiff::Timestamp;
use towpath_aws::Aws;
use towpath_core::names::ReleaseId;
use towpath_core::release::{BlockedBy, Event, Outcome};
use towpath_deployer::ports::{Append, Ledger as _};

use crate::release_key;
use crate::support::aws;
use crate::support::moto::{Moto, text};
use crate::support::releases::{actor, append, at, ended, id, open, planned, reported, started};

#[tokio::test]
async fn the_sweeper_wakes_what_is_still_due_and_knows_how_often_it_did() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    let seen = async || aws.watched(9).await.unwrap().remove(0);
    let opened = seen().await;
    assert_eq!((opened.due, opened.woken), (Some(at(120)), 0));

    assert!(aws.wake_due(&opened, at(130), at(250)).await.unwrap());
    let once = seen().await;
    assert_eq!((once.due, once.woken), (Some(at(250)), 1));
    let wake = moto.text_of(&release_key('a'), "SUMMARY", "wake").await;
    assert_eq!(wake.as_deref(), Some("0@2026-11-23T10:02:10Z#1"));
    // The index showed it as it was.
    assert!(!aws.wake_due(&opened, at(131), at(999)).await.unwrap());
    assert_eq!(seen().await, once);
    assert!(aws.wake_due(&once, at(260), at(500)).await.unwrap());
    assert_eq!(seen().await.woken, 2);

    // Somebody drives it: it is not woken, and counted anew.
    let before = seen().await;
    aws.set_due(&release, Some(at(600))).await.unwrap();
    assert!(!aws.wake_due(&before, at(510), at(999)).await.unwrap());
    let driven = seen().await;
    assert_eq!((driven.due, driven.woken), (Some(at(600)), 0));
}

#[tokio::test]
async fn the_sweeper_finds_what_is_open_and_due_and_the_stream_what_is_to_wake() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    open(&aws, 'b', 1).await;
    let wake = async || moto.text_of(&release_key('a'), "SUMMARY", "wake").await;
    assert_eq!(wake().await.as_deref(), Some("1@2026-11-23T10:00:00Z"));

    // A call to wake up may get lost, so that it is checked after two minutes.
    assert!(due(&aws, at(119), 9).await.is_empty());
    assert_eq!(due(&aws, at(120), 9).await, [id('a')]);
    assert_eq!(due(&aws, at(999), 9).await, [id('a'), id('b')]);
    assert_eq!(due(&aws, at(999), 1).await, [id('a')]);

    // What `advance` writes wakes nobody, and says when to look again, or that nothing is due.
    let before = release.clone();
    let release = append(&aws, &release, &[reported("x")], 5).await.unwrap();
    assert_eq!(wake().await, None);
    assert_eq!(due(&aws, at(999), 9).await, [id('b')]);
    aws.set_due(&release, Some(at(60))).await.unwrap();
    assert_eq!(due(&aws, at(60), 9).await, [id('a')]);
    let listed = aws.open_releases(9).await.unwrap();
    assert_eq!(listed[0].due, Some(at(60)));

    // Woken twice, the summary changes twice, so that the stream has it twice.
    aws.wake(&id('a'), at(70)).await.unwrap();
    let first = wake().await.unwrap();
    aws.wake(&id('a'), at(71)).await.unwrap();
    assert_ne!(wake().await.unwrap(), first);
    assert_eq!(due(&aws, at(191), 9).await, [id('b'), id('a')]);
    aws.set_due(&release, None).await.unwrap();
    assert_eq!(wake().await, None);
    assert_eq!(due(&aws, at(999_999), 9).await, [id('b')]);

    // Who has loaded it before others wrote does not say when it is looked at.
    aws.set_due(&before, Some(at(9))).await.unwrap();
    assert_eq!(due(&aws, at(999_999), 9).await, [id('b')]);

    // A release that has ended, and of which everybody knows, is not in the index at all.
    let over = aws
        .append(Append {
            release: &release,
            events: &[ended()],
            actor: &actor(),
            at: at(80),
            wake: false,
            due: Some(at(81)),
        })
        .await
        .unwrap();
    assert_eq!(over.conclusion().unwrap().outcome, Outcome::Succeeded);
    aws.set_due(&over, Some(at(82))).await.unwrap();
    assert_eq!(due(&aws, at(999_999), 9).await, [id('b')]);
    let open: Vec<_> = aws.open_releases(9).await.unwrap();
    assert_eq!(open.len(), 1);
    let summary = aws.summary(&id('a')).await.unwrap().unwrap().summary;
    assert_eq!(summary.outcome, Some(Outcome::Succeeded));

    // One that cannot be read hides none of the others.
    moto.set("RELEASE#?", "SUMMARY", "open", text("open")).await;
    moto.set("RELEASE#?", "SUMMARY", "due", text("0")).await;
    assert_eq!(due(&aws, at(999_999), 9).await, [id('b')]);
    assert_eq!(aws.open_releases(9).await.unwrap().len(), 1);

    let nobody = aws.wake(&id('f'), at(1)).await.unwrap_err();
    assert_eq!(nobody.code(), Some("ConditionalCheckFailedException"));
}

/// The releases that are due, of the first `limit`.
async fn due(aws: &Aws, now: Timestamp, limit: usize) -> Vec<ReleaseId> {
    let open = aws.watched(limit).await.unwrap().into_iter();
    let due = open.filter(|release| release.due.is_some_and(|due| due <= now));
    due.map(|release| release.release).collect()
}

#[tokio::test]
async fn the_sweeper_sees_from_when_on_a_release_is_to_go_on_and_what_it_waits_behind() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let release = open(&aws, 'a', 0).await;
    let seen = async || aws.watched(9).await.unwrap().remove(0);
    let first = seen().await;
    assert_eq!(first.moving_since, Some(release.entries()[0].at));
    assert_eq!(first.blocked_by, None);

    let other = id('b');
    let by = BlockedBy::Owner {
        release: other.clone(),
    };
    let blocked = Event::Blocked {
        stage: "test".parse().unwrap(),
        by: by.clone(),
    };
    let release = append(&aws, &release, &[planned(), blocked], 50)
        .await
        .unwrap();
    assert_eq!(seen().await.blocked_by, Some(by));
    append(&aws, &release, &[started(1)], 70).await.unwrap();
    let live = seen().await;
    assert_eq!((live.moving_since, live.blocked_by), (Some(at(70)), None));
}
