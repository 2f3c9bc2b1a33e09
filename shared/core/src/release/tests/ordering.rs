//! Which of several arrivals a service ends with, in whatever order they are heard of.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use towpath_taskdef::image::Digest;

use super::given::other;
use crate::release::{
    Candidate, GoodRelease, ServiceChange, ServiceId, ServiceRow, ServiceWrite, open, release_id,
};
use crate::sample;

/// What a release that arrived at that minute writes into a service's row. There are only three
/// images, so that one has several tags.
fn arrival(minute: usize, write: ServiceWrite) -> ServiceChange {
    let image = sample::image(&format!("{minute:07}"), at(minute));
    let digest = Digest::of(&[b"abc"[minute % 3]]);
    ServiceChange {
        service: ServiceId {
            account: "111111111111".parse().expect("an account"),
            region: "eu-west-1".parse().expect("a region"),
            cluster: "test".parse().expect("a cluster"),
            service: "api".parse().expect("a service"),
        },
        release: release_id(&"shop-api".parse().expect("a name"), &digest, &image.tag),
        tag: image.tag,
        arrived_at: image.arrived_at,
        digest,
        write,
    }
}

fn at(minute: usize) -> Timestamp {
    sample::dawn() + SignedDuration::from_mins(minute as i64)
}

/// Minutes at which tags arrive, in the order in which they are heard of; some are heard of again.
fn hearsay() -> impl Strategy<Value = Vec<usize>> {
    let minutes = prop::collection::vec(0_usize..12, 1..24);
    minutes.prop_shuffle()
}

proptest! {
    #[test]
    fn the_last_to_arrive_wins_in_whatever_order_they_are_heard_of(heard in hearsay()) {
        let mut row = ServiceRow::default();
        for minute in &heard {
            if let Ok(changed) = row.changed(&arrival(*minute, ServiceWrite::Arrive)) {
                row = changed;
            }
        }
        let last = heard.iter().max().expect("at least one");
        prop_assert_eq!(&row.candidate, &Some(arrival(*last, ServiceWrite::Arrive).candidate()));
        for minute in &heard {
            let takes = arrival(*minute, ServiceWrite::Take { epoch: 1 });
            prop_assert_eq!(row.allows(&takes), minute == last, "{}", minute);
        }
    }

    #[test]
    fn in_a_queue_they_wait_in_the_order_of_their_arrivals(heard in hearsay()) {
        let mut row = ServiceRow::default();
        for minute in &heard {
            row = row.changed(&arrival(*minute, ServiceWrite::Enqueue)).expect("nothing keeps it");
        }
        let mut minutes = heard;
        minutes.sort_unstable();
        minutes.dedup();
        let waiting: Vec<_> = row.waiting.iter().map(|one| one.arrived_at).collect();
        prop_assert_eq!(waiting, minutes.into_iter().map(at).collect::<Vec<_>>());
    }
}

#[test]
fn an_image_that_gets_a_second_tag_is_a_release_that_is_newer_than_what_came_between() {
    let shop = sample::shop();
    let again = crate::release::Image {
        digest: sample::image("aaaaaaa", sample::dawn()).digest,
        ..sample::image("ccccccc", sample::minute(20))
    };
    let first = release_id(&shop.pipeline, &again.digest, &"aaaaaaa".parse().unwrap());
    let id = release_id(&shop.pipeline, &again.digest, &again.tag);
    assert_ne!(id, first);
    assert!(open(shop, 1, sample::home(), again.clone()).is_ok());
    let between = other("bbbbbbb", sample::minute(10));
    assert!(!between.is_newer_than(again.arrived_at));
    let itself = Candidate {
        release: id,
        tag: again.tag,
        arrived_at: again.arrived_at,
    };
    assert!(itself.is_newer_than(between.arrived_at));
}

#[test]
fn a_release_that_runs_with_an_earlier_ones_revision_is_rolled_back_to_what_came_between() {
    let good = |tag: &str, revision: u64| GoodRelease {
        release: other(tag, sample::dawn()).release,
        digest: Some(Digest::of(tag.as_bytes())),
        revision: sample::revision(revision),
        anew: None,
        at: sample::dawn(),
        is_from_before: false,
    };
    let row = ServiceRow {
        last_good: Some(good("bbbbbbb", 9)),
        history: vec![good("aaaaaaa", 8)],
        ..ServiceRow::default()
    };
    let second_tag = row.history_after(&good("ccccccc", 8));
    assert_eq!(second_tag, [good("bbbbbbb", 9), good("aaaaaaa", 8)]);
    let brought_back = row.history_after(&good("aaaaaaa", 8));
    assert_eq!(brought_back, []);
}
