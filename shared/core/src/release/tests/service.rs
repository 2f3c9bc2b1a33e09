//! `service_change`: what each append writes to the service's row.

use super::given::{Story, given, other, stage};
use crate::pipeline::Channel;
use crate::release::{
    Block, BlockedBy, Decision, Event, GoodRelease, Outcome, ServiceChange, ServiceWrite,
    service_change,
};
use crate::sample;

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn writes(story: &Story, events: &[Event]) -> Option<ServiceWrite> {
    service_change(&story.release, events, story.now).map(|change| change.write)
}

fn planned(at: &str) -> Event {
    Event::Planned {
        stage: stage(at),
        plan: Box::new(sample::plan()),
    }
}

fn ended(outcome: Outcome, revision: Option<u64>) -> Vec<Event> {
    vec![
        Event::RolloutEnded {
            stage: stage("test"),
            outcome,
            reason: sample::reason("r"),
            revision: revision.map(sample::revision),
        },
        Event::Ended {
            outcome,
            reason: sample::end("r"),
        },
    ]
}

fn notified(through: u64) -> Event {
    Event::Notified {
        channel: Channel::Slack,
        through,
    }
}

#[test]
fn a_plan_makes_the_release_arrive_at_its_stages_service() {
    let story = pushed();
    assert_eq!(
        service_change(&story.release, &[planned("test")], story.now),
        Some(ServiceChange {
            service: story.service(0),
            release: story.id().clone(),
            tag: story.release.image().tag.clone(),
            arrived_at: sample::dawn(),
            digest: story.release.image().digest,
            write: ServiceWrite::Arrive,
        })
    );
    let story = story.stands_at_production();
    let change = service_change(&story.release, &[planned("production")], story.now);
    assert_eq!(change.expect("it arrives").service, story.service(2));
}

#[test]
fn the_start_of_a_rollout_takes_the_service() {
    let story = pushed().planned("test", sample::plan());
    let started = Event::RolloutStarted {
        stage: stage("test"),
        epoch: 5,
    };
    assert_eq!(
        writes(&story, &[started]),
        Some(ServiceWrite::Take { epoch: 5 })
    );
}

#[test]
fn whatever_a_live_release_decides_is_fenced_by_its_epoch() {
    let story = pushed().planned("test", sample::plan()).took("test", 5);
    let intended = Event::Intended {
        actions: story.asks_for(),
        until: story.now,
    };
    let vote = Event::Voted {
        approval: "test-1".parse().unwrap(),
        by: sample::slack("U1"),
        decision: Decision::Reject,
        reason: None,
        message: None,
    };
    let fence = Some(ServiceWrite::Fence { epoch: 5 });
    for event in [intended, notified(3)] {
        assert_eq!(writes(&story, std::slice::from_ref(&event)), fence);
        assert_eq!(writes(&story, &[vote.clone(), event]), fence);
    }
    assert_eq!(
        writes(&story, &[vote]),
        None,
        "it was told, and decides nothing"
    );
}

#[test]
fn success_frees_the_service_and_leaves_what_is_good() {
    let story = pushed()
        .planned("test", sample::plan())
        .took("test", 5)
        .at(9);
    let good = GoodRelease {
        release: story.id().clone(),
        digest: Some(story.release.image().digest),
        revision: sample::revision(8),
        anew: None,
        at: sample::minute(9),
        is_from_before: false,
    };
    // It is the first one here, and something ran before it.
    let before = GoodRelease {
        digest: None,
        revision: sample::revision(7),
        anew: None,
        is_from_before: true,
        ..good.clone()
    };
    for events in [
        &ended(Outcome::Succeeded, Some(8))[..],
        &ended(Outcome::Succeeded, Some(8))[..1],
    ] {
        assert_eq!(
            writes(&story, events),
            Some(ServiceWrite::LetGo {
                epoch: 5,
                good: Some((good.clone(), vec![before.clone()])),
                baseline: None,
                hold: None,
            })
        );
    }
}

#[test]
fn any_other_end_frees_the_service_and_keeps_what_was_good() {
    let story = pushed().planned("test", sample::plan()).took("test", 5);
    for outcome in [
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::Superseded,
        Outcome::Stopped,
        Outcome::Refused,
        Outcome::Expired,
    ] {
        for revision in [None, Some(8)] {
            assert_eq!(
                writes(&story, &ended(outcome, revision)),
                Some(ServiceWrite::LetGo {
                    epoch: 5,
                    good: None,
                    baseline: Some(sample::plan().previous),
                    hold: None,
                })
            );
        }
    }
}

#[test]
fn what_ends_without_having_taken_the_service_does_not_touch_it() {
    let story = pushed().planned("test", sample::plan());
    for outcome in [Outcome::Succeeded, Outcome::Refused] {
        assert_eq!(writes(&story, &ended(outcome, None)), None);
    }
}

#[test]
fn a_release_that_owns_nothing_touches_no_service() {
    let voted = Event::Voted {
        approval: "production-1".parse().unwrap(),
        by: sample::slack("U1"),
        decision: Decision::Approve,
        reason: None,
        message: None,
    };
    let blocked = Event::Blocked {
        stage: stage("test"),
        by: BlockedBy::Hold {
            hold: Block::hold(sample::slack("U1"), "x"),
        },
    };
    for event in [voted, blocked, notified(1)] {
        assert_eq!(writes(&pushed(), &[event]), None);
    }
}

#[test]
fn once_let_go_the_service_is_not_fenced_any_more() {
    let story = pushed()
        .deploying_at_test()
        .ended("test", Outcome::Succeeded, Some(8));
    let woke = Event::NextNotified {
        service: story.service(0),
        next: None,
    };
    assert_eq!(writes(&story, &[woke]), None);
}

#[test]
fn a_release_that_learns_of_a_newer_one_records_it_without_arriving() {
    // A row's conditions are those of the whole transaction: arriving after a newer release would
    // be refused, and with it the plan by which this one learns that it is superseded.
    let story = pushed();
    let mut plan = sample::plan();
    plan.service.candidate = Some(other("fffffff", sample::minute(60)));
    let planned = Event::Planned {
        stage: stage("test"),
        plan: Box::new(plan),
    };
    assert_eq!(writes(&story, &[planned]), None);
}
