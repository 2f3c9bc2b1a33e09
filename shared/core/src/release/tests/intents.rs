//! What a run is about to do is written first, and whoever comes next knows how to find out what came
//! of it.

use jiff::SignedDuration;

use super::given::{Story, given, stage};
use crate::release::{ActionKind, Event, Outcome, Tried, Unwritten};
use crate::sample;

#[test]
fn an_intent_whose_outcome_is_unknown_is_performed_with_a_look_for_evidence() {
    let first = live();
    assert!(first.tasks().iter().all(|task| task.tried == Tried::Never));
    let lost = first.intended().at(2);
    assert!(lost.tasks().iter().all(|task| task.tried == Tried::Perhaps));
    let half = lost.registered(8);
    let tasks = half.tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].tried, Tried::Perhaps);
    assert_eq!(tasks[0].action.kind(), ActionKind::SuspendScaling);
    let start = half.suspended();
    assert!(start.tasks().iter().all(|task| task.tried == Tried::Never));
    let lost = start.intended().at(4);
    assert!(lost.tasks().iter().all(|task| task.tried == Tried::Perhaps));
}

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn live() -> Story {
    pushed().planned("test", sample::plan()).took("test", 1)
}

fn not_seen(action: ActionKind) -> Event {
    Event::NotSeen { action }
}

fn not_performed(action: ActionKind) -> Event {
    Event::NotPerformed {
        action,
        said: "Rate exceeded".into(),
    }
}

fn unknown(action: ActionKind) -> Event {
    Event::OutcomeUnknown {
        actions: vec![action],
        said: "no answer in time".into(),
    }
}

/// What is known of whether the start was performed, once it may be performed again.
fn start_tried(story: &Story) -> Tried {
    let tasks = story.tasks();
    assert_eq!(tasks[0].action.kind(), ActionKind::Start);
    tasks[0].tried
}

#[test]
fn what_was_not_seen_is_looked_for_once_more_some_time_later() {
    let lost = pushed().ready_at_test().intended().at(1);
    assert_eq!(start_tried(&lost), Tried::Perhaps);
    let looked = lost.intended().happened(not_seen(ActionKind::Start));
    let half_a_minute = SignedDuration::from_secs(30);
    let again = sample::minute(1) + half_a_minute;
    assert_eq!(looked.waits().1, Some(again), "and not until the run's end");
    let looked = looked.at(2);
    assert_eq!(start_tried(&looked), Tried::NotSeen);

    // Whoever sees nothing again performs it, so that it may be there from then on.
    let performed = looked.intended();
    assert_eq!(start_tried(&performed.at(4)), Tried::Perhaps);
}

#[test]
fn what_was_not_seen_says_nothing_of_what_is_not_intended() {
    let story = pushed().ready_at_test();
    let story = story.happened(not_seen(ActionKind::Start));
    assert_eq!(start_tried(&story), Tried::Never);
    let register = live().intended();
    let before = register.waits();
    let story = register.happened(not_seen(ActionKind::Start));
    assert_eq!(story.waits(), before);
}

#[test]
fn a_run_that_is_done_lets_others_look_at_once() {
    let lost = pushed().ready_at_test().intended();
    assert!(lost.waits().1.is_some());
    let done = lost.happened(unknown(ActionKind::Start));
    assert_eq!(start_tried(&done), Tried::Perhaps);
}

/// What a run leaves open is written once, and only of what it has intended itself.
#[test]
fn a_run_leaves_open_what_it_has_intended_and_nothing_else() {
    let lost = pushed().ready_at_test().intended();
    let (now, until) = (sample::dawn(), sample::minute(1));
    let leave = |not_done: &[ActionKind], until, now| {
        let mut view = lost.release.clone();
        let mut unwritten = Unwritten::default();
        let not_done = not_done
            .iter()
            .map(|kind| (*kind, "Rate exceeded".to_owned()));
        let said = "no answer in time";
        unwritten.leave_open(&mut view, until, said, not_done.collect(), now);
        unwritten.events()
    };
    let start = ActionKind::Start;
    assert_eq!(leave(&[], until, now), [unknown(start)]);
    assert_eq!(leave(&[start], until, now), [not_performed(start)]);
    for not_done in [&[][..], &[start]] {
        let theirs = leave(not_done, sample::minute(2), now);
        assert_eq!(theirs, [], "that is another run's");
        let late = leave(not_done, until, until);
        assert_eq!(late, [], "nobody waits for it any more");
    }
}

#[test]
fn what_aws_has_not_done_is_done_again_without_a_look() {
    let lost = pushed().ready_at_test().intended();
    let not_done = lost.happened(not_performed(ActionKind::Start));
    assert_eq!(start_tried(&not_done), Tried::Never);
    assert_eq!(start_tried(&not_done.intended().at(1)), Tried::Perhaps);
}

/// A start was meant so often within a minute, and nobody has seen anything of it.
fn tried_in_vain(times: u32) -> Story {
    let ready = pushed().ready_at_test();
    let actions = ready.asks_for();
    let story = (0..times).fold(ready, |story, _| {
        story.happened(Event::Intended {
            actions: actions.clone(),
            until: sample::minute(1),
        })
    });
    story.happened(not_seen(ActionKind::Start))
}

#[test]
fn every_start_is_written_before_it_and_the_later_the_rarer() {
    let often = tried_in_vain(19).at(1);
    assert_eq!(start_tried(&often), Tried::NotSeen);
    let more = tried_in_vain(23).at(1);
    assert_eq!(more.waits().1, Some(sample::minute(4)));
    let again = more.at(4);
    assert_eq!(start_tried(&again), Tried::NotSeen);
    for story in [often, again] {
        let mut unwritten = Unwritten::default();
        let until = sample::minute(9);
        assert!(unwritten.intend(&story.release, &story.tasks(), until));
        assert!(unwritten.has_decisions());
    }
    let last = tried_in_vain(40).at(59);
    assert_eq!(last.waits().1, Some(sample::minute(60)), "its time limit");
}

#[test]
fn a_look_is_no_change_and_is_not_intended() {
    let lost = pushed().ready_at_test().intended().at(1);
    let mut unwritten = Unwritten::default();
    assert!(!unwritten.intend(&lost.release, &lost.tasks(), sample::minute(2)));
    assert!(unwritten.is_empty());
}

/// Nothing is started any more by a rollout that somebody has ended, or whose time is up: it may have
/// been started, so that it is looked for twice.
#[test]
fn what_may_have_been_started_is_looked_for_before_its_rollout_ends() {
    let lost = pushed().ready_at_test().intended();
    for story in [
        lost.clone().at(60),
        lost.at(1).happened(Event::RollbackRequested {
            stage: stage("test"),
            by: sample::slack("U1"),
            reason: None,
        }),
    ] {
        assert_eq!(start_tried(&story), Tried::Perhaps);
        let once = story.happened(not_seen(ActionKind::Start)).at(61);
        assert_eq!(
            start_tried(&once),
            Tried::Perhaps,
            "it is not started again"
        );
        let twice = once.happened(not_seen(ActionKind::Start));
        assert_eq!(twice.kinds(), [ActionKind::RestoreScaling]);
        let found = twice.started("d-1");
        assert_eq!(found.kinds(), [ActionKind::RollBack]);
    }
}

/// AWS may not let us look for as long as it likes: what is not known to be absent holds its stage.
#[test]
fn a_rollout_that_may_have_started_and_cannot_be_looked_for_holds_its_stage_and_ends() {
    let lost = pushed().ready_at_test().intended();
    let look = |story: &Story, minute| {
        let mut view = story.release.clone();
        let mut unwritten = Unwritten::default();
        unwritten.look_failed(&mut view, "AccessDenied", sample::minute(minute));
        unwritten.events()
    };
    let last = lost.clone().at(120);
    assert_eq!(start_tried(&last), Tried::Perhaps);
    assert_eq!(look(&lost, 119), [], "it may still be found");
    let failed = look(&lost, 120);
    let said = Event::OutcomeUnknown {
        actions: vec![ActionKind::Start],
        said: "AccessDenied".into(),
    };
    assert_eq!(failed, [said]);
    let failed = last.happened(failed[0].clone()).at(121);
    assert_eq!(look(&failed, 121), [], "that is written once");
    let held = failed.records();
    let [Event::Held { reason, .. }] = &held[..] else {
        panic!("it holds its stage: {held:?}");
    };
    assert_eq!(
        reason.to_string(),
        "3f2c1ab may be under way, and Towpath cannot see whether it is: AccessDenied; look at what serves"
    );
    let held = failed.happened(held[0].clone());
    assert_eq!(held.kinds(), [ActionKind::RestoreScaling]);
    let (outcome, why) = held.intended().restored().gives_up();
    assert_eq!(outcome, Outcome::Failed);
    assert!(
        why.contains("whether it was is not known: AccessDenied"),
        "{why}"
    );
}

#[test]
fn what_was_not_seen_is_not_written_over_what_others_have_done() {
    let lost = pushed().ready_at_test().intended().at(1);
    let mut view = lost.release.clone();
    let mut unwritten = Unwritten::default();
    let now = sample::minute(1);
    unwritten.learn(&mut view, not_seen(ActionKind::Start), now);
    assert!(unwritten.has_facts());
    let mut theirs = lost.intended().release;
    unwritten.others_wrote(&mut theirs, now, |_| true);
    assert!(unwritten.is_empty());
}
