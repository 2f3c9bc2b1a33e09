//! A release that is not trusted: it has ended, and nothing is added to it.

use super::given::{Story, checked, given, kept, other, stage, vote};
use crate::message::card;
use crate::pipeline::Channel;
use crate::release::{
    Accepted, BlockedBy, ClosedReason, Decision, Event, Incoming, Outcome, Recomputed, Refusal,
    Summary, Untrusted, accept,
};
use crate::sample::{self, slack};

const REASON: &str = "entry 9 is sealed by approval, which does not write such entries";

/// The story's release, of which all entries but the last so many are trusted.
fn distrusted(mut story: Story, but: u64) -> Story {
    let last = story.release.entries().last().expect("an entry").sequence;
    story.release = story.release.distrusted(Untrusted {
        trusted: last - but,
        reason: REASON.into(),
    });
    story
}

fn asking() -> Story {
    given(sample::shop())
        .pushed("3f2c1ab")
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
}

fn summary(story: &Story) -> Summary {
    Summary::of(&story.release).expect("a summary")
}

#[test]
fn it_ends_with_the_entry_that_is_not_trusted_as_the_reason() {
    let forged = asking().took("production", 1);
    assert!(summary(&forged).open);
    let summary = summary(&distrusted(forged, 1));
    assert_eq!(summary.outcome, Some(Outcome::NotTrusted));
    assert_eq!(
        crate::message::state(&summary),
        format!("not trusted: {REASON}")
    );
    assert!(!summary.open, "nothing is left to do");
    assert_eq!((summary.moving_since, summary.blocked_by), (None, None));
}

#[test]
fn what_it_waited_behind_keeps_nobody() {
    let waiting = given(sample::shop()).pushed("3f2c1ab");
    let waiting = waiting.planned("test", sample::plan());
    let by = BlockedBy::Owner {
        release: "shop-api-0123456789abcdef".parse().unwrap(),
    };
    let waiting = waiting.happened(Event::Blocked {
        stage: stage("test"),
        by: by.clone(),
    });
    assert_eq!(summary(&waiting).blocked_by, Some(by));
    assert_eq!(summary(&distrusted(waiting, 0)).blocked_by, None);
}

#[test]
fn only_an_end_that_is_trusted_is_one() {
    let ended = |outcome| Event::Ended {
        outcome,
        reason: sample::end("r"),
    };
    let over = asking().happened(ended(Outcome::Failed));
    let written_to = over.clone().took("production", 1);
    assert_eq!(
        summary(&distrusted(written_to, 1)).outcome,
        Some(Outcome::Failed)
    );
    let forged = asking().happened(ended(Outcome::Succeeded));
    assert_eq!(
        summary(&distrusted(forged, 1)).outcome,
        Some(Outcome::NotTrusted)
    );
}

#[test]
fn what_is_not_trusted_makes_nothing_of_a_services_row() {
    let live = given(sample::shop()).pushed("3f2c1ab").deploying_at_test();
    let service = live.service(0);
    let row = |story: &Story| Recomputed::of(&service, [&story.release], &[], false).row;
    let taken = row(&live);
    assert_eq!(taken.owner.as_ref(), Some(live.id()));
    let forged = live.clone().ended("test", Outcome::Succeeded, Some(8));
    assert_ne!(row(&forged), taken);
    assert_eq!(row(&distrusted(forged, 1)), taken);
}

#[test]
fn nothing_is_added_to_it_and_who_decides_is_told_why() {
    let asking = distrusted(asking(), 0);
    let decided = vote("production-1", slack("U1"), Decision::Approve);
    let Err(Refusal::Closed { why, .. }) = asking.accepts(decided) else {
        panic!("a vote counts");
    };
    let problem = REASON.to_owned();
    assert_eq!(why, ClosedReason::NotTrusted { problem });
    let live = distrusted(
        given(sample::shop()).pushed("3f2c1ab").deploying_at_test(),
        0,
    );
    for incoming in [
        checked("test", "d-1", true),
        Incoming::Superseded {
            by: other("4a5b6c7", sample::minute(3)),
            service: live.service(0),
        },
        Incoming::Veto {
            by: slack("U1"),
            reason: "r".into(),
        },
    ] {
        let answer = accept(&live.release, incoming.clone(), live.now);
        assert_eq!(answer, Ok(Accepted::Known), "{incoming:?}");
    }
    let back = |by: &str| {
        live.accepts(Incoming::RollBack {
            stage: stage("test"),
            by: slack(by),
            reason: None,
            stored: kept(),
        })
    };
    assert!(matches!(back("U9"), Err(Refusal::NotAnOperator { .. })));
}

#[test]
fn its_card_says_so_and_asks_nobody() {
    let card = |story: &Story| {
        let card = card(Channel::Slack, &story.release.overview()).expect("a card");
        card.blocks.expect("blocks").to_string()
    };
    assert!(card(&asking()).contains("towpath_approve"));
    let card = card(&distrusted(asking(), 0));
    assert!(!card.contains("towpath_approve"), "{card}");
    assert!(card.contains(&format!("*not trusted*: {REASON}")), "{card}");
}
