//! `accept`: what each decision and each newer release adds, and every way in which it adds nothing.

use super::given::{Story, given, kept, other, stage, vote, vote_while};
use crate::names::MessageId;
use crate::pipeline::{ApprovalGate, Pipeline};
use crate::release::{
    Accepted, Candidate, Decision, DeploymentStatus, Event, Incoming, Outcome, Principal, Refusal,
    ReplyRefusal, ServiceId, StoredNow, VoidReason,
};
use crate::sample::{self, slack};
use crate::token::TokenError;
use Decision::{Approve, Reject};

const ECS: &str = "ecs-svc/1";

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn asking() -> Story {
    pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
}

pub(super) fn granted() -> Story {
    asking()
        .voted("production-1", slack("U1"), Approve)
        .planned("production", sample::plan())
}

pub(super) fn adds(story: &Story, incoming: Incoming) -> Vec<Event> {
    match story.accepts(incoming) {
        Ok(Accepted::Add(events)) => events,
        answer @ (Ok(Accepted::Known) | Err(_)) => panic!("it adds nothing: {answer:?}"),
    }
}

fn why_closed(story: &Story, incoming: Incoming) -> String {
    match story.accepts(incoming) {
        Err(Refusal::Closed { why, .. }) => why.to_string(),
        answer => panic!("it is not closed: {answer:?}"),
    }
}

#[test]
fn an_approver_decides() {
    let words = Incoming::Vote {
        approval: "production-1".parse().unwrap(),
        by: slack("U2"),
        decision: Reject,
        reason: Some("not on a Friday".into()),
        message: None,
        stored: kept(),
    };
    assert_eq!(
        adds(&asking(), words),
        [Event::Voted {
            approval: "production-1".parse().unwrap(),
            by: slack("U2"),
            decision: Reject,
            reason: Some("not on a Friday".into()),
            message: None,
        }]
    );
    assert_eq!(
        adds(&asking(), vote("production-1", slack("U1"), Approve)).len(),
        1
    );
    let token = vote("production-1", Principal::TokenHolder, Approve);
    assert_eq!(adds(&asking(), token).len(), 1);
}

/// The example's pipeline after an edit.
fn edited(edit: impl FnOnce(&mut Pipeline)) -> StoredNow {
    let mut pipeline = sample::shop();
    edit(&mut pipeline);
    StoredNow::Kept(Box::new(pipeline))
}

/// Production's approvers after an edit.
fn approvers(edit: impl FnOnce(&mut ApprovalGate)) -> StoredNow {
    edited(|pipeline| {
        let gate = pipeline.stages[2].approval.as_mut();
        edit(gate.expect("production asks"));
    })
}

#[test]
fn only_who_is_named_by_the_release_and_by_what_is_stored_now_decides() {
    let without_u1 = || approvers(|gate| gate.slack.retain(|user| user.as_str() != "U1"));
    let without_sns = || approvers(|gate| gate.sns = false);
    let asks_nobody = || edited(|pipeline| pipeline.stages[2].approval = None);
    let without_stage = || {
        edited(|pipeline| {
            pipeline.stages.pop();
        })
    };
    let unknown = || StoredNow::Unknown("SSM did not answer".into());
    let refused = |stored: StoredNow, by: Principal, decision: Decision| {
        let vote = vote_while(stored, "production-1", by, decision);
        match asking().accepts(vote) {
            Ok(Accepted::Add(_)) => None,
            Err(refusal) => Some(refusal),
            known @ Ok(Accepted::Known) => panic!("it was not known: {known:?}"),
        }
    };
    let longer = |by: Principal| {
        Some(Refusal::NoLongerEligible {
            by,
            stage: stage("production"),
        })
    };
    for decision in [Approve, Reject] {
        assert_eq!(
            refused(without_u1(), slack("U1"), decision),
            longer(slack("U1"))
        );
        assert_eq!(refused(without_u1(), slack("U2"), decision), None);
        let token = Principal::TokenHolder;
        assert_eq!(refused(without_u1(), token.clone(), decision), None);
        assert_eq!(
            refused(without_sns(), token.clone(), decision),
            longer(token)
        );
        assert_eq!(
            refused(asks_nobody(), slack("U1"), decision),
            longer(slack("U1"))
        );
        assert_eq!(
            refused(without_stage(), slack("U1"), decision),
            longer(slack("U1"))
        );
        let removed = refused(StoredNow::Removed, slack("U1"), decision).expect("refused");
        assert!(removed.to_string().contains("was removed"), "{removed}");
        // Who is named now and was not then decides about the next release.
        let newcomer = approvers(|gate| gate.slack.push("U3".parse().expect("a user")));
        let refusal = refused(newcomer, slack("U3"), decision);
        assert!(
            matches!(refusal, Some(Refusal::NotEligible { .. })),
            "{refusal:?}"
        );
    }
    // What is not known is no yes, and a no is no risk.
    let refusal = refused(unknown(), slack("U1"), Approve).expect("refused");
    assert!(
        refusal.to_string().ends_with("Try again in a moment"),
        "{refusal}"
    );
    assert_eq!(refused(unknown(), slack("U1"), Reject), None);
    assert!(refused(unknown(), slack("U9"), Reject).is_some());
}

#[test]
fn what_was_decided_stays_decided_when_the_person_is_removed() {
    let removed = || approvers(|gate| gate.slack.retain(|user| user.as_str() != "U1"));
    let again = vote_while(removed(), "production-1", slack("U1"), Approve);
    assert_eq!(granted().accepts(again), Ok(Accepted::Known));
    assert!(matches!(
        &granted().records()[..],
        [Event::RolloutStarted { .. }]
    ));
    let taken_back = vote_while(removed(), "production-1", slack("U1"), Reject);
    let refusal = granted().accepts(taken_back);
    assert!(
        matches!(refusal, Err(Refusal::NoLongerEligible { .. })),
        "{refusal:?}"
    );
    assert_eq!(
        adds(&granted(), vote("production-1", slack("U2"), Reject)).len(),
        1
    );
}

#[test]
fn who_may_roll_back_is_asked_of_what_is_stored_now_and_nothing_missing_keeps_a_rollback() {
    let live = || granted().took("production", 1);
    let back = |stored: StoredNow, by: Principal| {
        let incoming = Incoming::RollBack {
            stage: stage("production"),
            by,
            reason: None,
            stored,
        };
        match live().accepts(incoming) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refusal.to_string()),
        }
    };
    assert_eq!(back(kept(), slack("U1")), Ok(()));
    let removed = || approvers(|gate| gate.slack.retain(|user| user.as_str() != "U1"));
    let said = back(removed(), slack("U1")).expect_err("removed");
    assert!(
        said.contains("may not roll production back any more"),
        "{said}"
    );
    assert_eq!(back(removed(), slack("U2")), Ok(()));
    for missing in [StoredNow::Removed, StoredNow::Unknown("no answer".into())] {
        assert_eq!(back(missing.clone(), slack("U1")), Ok(()));
        assert!(back(missing, slack("U9")).is_err(), "strangers never");
    }
    let arn = Principal::Aws("arn:aws:iam::111111111111:user/ada".into());
    assert_eq!(back(StoredNow::Removed, arn), Ok(()));
}

#[test]
fn a_stage_that_was_renamed_is_still_that_of_its_service() {
    let renamed = || edited(|pipeline| pipeline.stages[2].name = stage("live"));
    for decision in [Approve, Reject] {
        let vote = vote_while(renamed(), "production-1", slack("U1"), decision);
        assert_eq!(adds(&asking(), vote).len(), 1);
    }
    let back = Incoming::RollBack {
        stage: stage("production"),
        by: slack("U1"),
        reason: None,
        stored: renamed(),
    };
    assert_eq!(adds(&granted().took("production", 1), back).len(), 1);
}

#[test]
fn nobody_else_decides() {
    let arn = Principal::Aws("arn:aws:iam::111111111111:user/U1".into());
    for by in [slack("U3"), arn] {
        for story in [asking(), granted(), granted().took("production", 1)] {
            for decision in [Approve, Reject] {
                assert_eq!(
                    story.accepts(vote("production-1", by.clone(), decision)),
                    Err(Refusal::NotEligible {
                        by: by.clone(),
                        stage: stage("production"),
                    })
                );
            }
        }
    }
}

#[test]
fn the_token_decides_only_where_the_gate_takes_it() {
    let mut json = sample::shop_json();
    json["stages"][2]["approval"]["sns"] = false.into();
    let story = given(sample::pipeline(json))
        .pushed("3f2c1ab")
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1);
    let answer = story.accepts(vote("production-1", Principal::TokenHolder, Approve));
    assert!(
        matches!(answer, Err(Refusal::NotEligible { .. })),
        "{answer:?}"
    );
}

#[test]
fn the_same_decision_twice_is_known_even_after_the_end() {
    let again = || vote("production-1", slack("U1"), Approve);
    let over = granted().happened(Event::Ended {
        outcome: Outcome::Failed,
        reason: sample::end("r"),
    });
    for story in [granted(), granted().took("production", 1), over] {
        assert_eq!(story.accepts(again()), Ok(Accepted::Known));
    }
}

#[test]
fn who_has_rejected_cannot_approve_after_all() {
    let story = asking().voted("production-1", slack("U1"), Reject);
    assert_eq!(
        story.accepts(vote("production-1", slack("U1"), Approve)),
        Err(Refusal::Decided {
            by: slack("U1"),
            decided: Reject,
        })
    );
}

#[test]
fn what_others_have_decided_already_needs_no_more_votes() {
    let approved = granted().accepts(vote("production-1", slack("U2"), Approve));
    assert_eq!(approved, Ok(Accepted::Known));
    let rejected = asking().voted("production-1", slack("U1"), Reject);
    for decision in [Approve, Reject] {
        let answer = rejected.accepts(vote("production-1", slack("U2"), decision));
        assert_eq!(answer, Ok(Accepted::Known));
    }
}

#[test]
fn a_rejection_counts_until_the_start_is_meant() {
    let reject = || vote("production-1", slack("U1"), Reject);
    let live = granted().took("production", 1);
    let preparing = live.clone().intended();
    let ready = preparing.clone().registered(9).suspended();
    for story in [granted(), live, preparing, ready.clone()] {
        assert_eq!(adds(&story, reject()).len(), 1);
    }
    let starting = ready.intended();
    let started = starting.clone().started("d-1");
    for story in [starting, started] {
        let why = why_closed(&story, reject());
        assert!(why.contains("roll back"), "{why}");
    }
}

#[test]
fn a_request_that_is_over_takes_no_votes() {
    let approve = || vote("production-1", slack("U1"), Approve);
    assert_eq!(why_closed(&asking().at(1440), approve()), "it has expired");
    assert_eq!(adds(&asking().at(1439), approve()).len(), 1);
    let over = asking().happened(Event::Ended {
        outcome: Outcome::Superseded,
        reason: sample::end("a newer one is there"),
    });
    assert_eq!(
        why_closed(&over, approve()),
        "the release has ended (superseded): test: a newer one is there"
    );
    let voided = granted().happened(Event::ApprovalVoided {
        approval: "production-1".parse().unwrap(),
        reason: VoidReason::DefinitionChanged,
    });
    let asked_again = voided.clone().asked("production", 2);
    let again = asked_again
        .clone()
        .voted("production-2", slack("U1"), Approve)
        .planned("production", sample::plan());
    let live = again.clone().took("production", 1);
    for story in [voided, asked_again, again, live] {
        let why = why_closed(&story, vote("production-1", slack("U2"), Approve));
        assert!(
            why.starts_with("another request has taken its place"),
            "{why}"
        );
    }
}

#[test]
fn a_vote_where_nobody_is_asked_is_refused() {
    let why = why_closed(&pushed(), vote("test-1", slack("U1"), Approve));
    assert_eq!(why, "test asks nobody");
    let pending = pushed().stands_at_production();
    let planned = pending.clone().planned("production", sample::plan());
    for story in [pending, planned] {
        let why = why_closed(&story, vote("production-1", slack("U1"), Approve));
        assert!(why.contains("none is open"), "{why}");
    }
    let mut pipeline = sample::shop();
    pipeline.stages.clear();
    let nowhere = given(pipeline).pushed("3f2c1ab");
    let why = why_closed(&nowhere, vote("x-1", slack("U1"), Approve));
    assert_eq!(why, "the release has no stages");
}

#[test]
fn a_decision_by_a_message_says_which_message() {
    let message: MessageId = "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().unwrap();
    let incoming = Incoming::Vote {
        approval: "production-1".parse().unwrap(),
        by: Principal::TokenHolder,
        decision: Approve,
        reason: None,
        message: Some(message.clone()),
        stored: kept(),
    };
    let events = adds(&asking(), incoming);
    let [Event::Voted { message: said, .. }] = &events[..] else {
        panic!("it is a vote: {events:?}");
    };
    assert_eq!(said.as_ref(), Some(&message));
}

#[test]
fn a_reply_that_is_refused_is_written_down_once_while_its_request_is_open() {
    let refused = |approval: &str, message: &str, problem| Incoming::ReplyRefused {
        approval: approval.parse().unwrap(),
        message: message.parse().unwrap(),
        reason: ReplyRefusal::Token { problem },
    };
    let first = || refused("production-1", "m-1", TokenError::Shape);
    let events = adds(&asking(), first());
    let told = asking().happened(events[0].clone());
    for known in [first(), refused("production-1", "m-2", TokenError::Shape)] {
        assert_eq!(told.accepts(known), Ok(Accepted::Known));
    }
    let another = refused("production-1", "m-3", TokenError::Mismatch);
    assert_eq!(adds(&told, another).len(), 1);
    // It neither decides nor keeps anybody from deciding.
    assert_eq!(
        adds(&told, vote("production-1", slack("U1"), Approve)).len(),
        1
    );

    let rejected = asking().voted("production-1", slack("U1"), Reject);
    let expired = asking().at(40 * 60);
    let closed = [
        granted(),
        rejected,
        expired,
        pushed(),
        pushed().stands_at_production(),
    ];
    for story in closed {
        assert_eq!(story.accepts(first()), Ok(Accepted::Known));
    }
    let other = refused("production-2", "m-1", TokenError::Shape);
    assert_eq!(asking().accepts(other), Ok(Accepted::Known));
}

#[test]
fn refusals_say_why_to_whoever_asked() {
    let not_eligible = asking()
        .accepts(vote("production-1", slack("U3"), Approve))
        .expect_err("it is refused");
    assert_eq!(
        not_eligible.to_string(),
        "Slack user U3 may not decide about production: the pipeline does not name them as an approver"
    );
}

fn overtaken_by(by: &Candidate, service: ServiceId) -> Incoming {
    Incoming::Superseded {
        by: by.clone(),
        service,
    }
}

#[test]
fn a_newer_release_supersedes_what_is_not_live() {
    let newer = other("fffffff", sample::minute(60));
    let incoming = || overtaken_by(&newer, pushed().service(0));
    let expected = Event::Superseded {
        by: newer.release.clone(),
        tag: newer.tag.clone(),
    };
    for story in [pushed(), pushed().planned("test", sample::plan())] {
        assert_eq!(adds(&story, incoming()), std::slice::from_ref(&expected));
        let known = story.happened(expected.clone());
        assert_eq!(known.accepts(incoming()), Ok(Accepted::Known));
    }
    let live = pushed().deploying_at_test();
    let seen = live.clone().observed(ECS, DeploymentStatus::Succeeded);
    let over = pushed().happened(Event::Ended {
        outcome: Outcome::Failed,
        reason: sample::end("r"),
    });
    for story in [live, seen, over] {
        assert_eq!(story.accepts(incoming()), Ok(Accepted::Known));
    }
}

#[test]
fn a_newer_release_at_an_earlier_stage_does_not_take_back_a_request_to_decide() {
    let newer = other("fffffff", sample::minute(60));
    for earlier in [0, 1] {
        let incoming = overtaken_by(&newer, asking().service(earlier));
        assert_eq!(asking().accepts(incoming), Ok(Accepted::Known));
    }
    let here = overtaken_by(&newer, asking().service(2));
    assert_eq!(adds(&asking(), here).len(), 1);
}

#[test]
fn an_older_release_supersedes_nothing() {
    let older = other("0000001", sample::minute(-60));
    let itself = Candidate::of(&pushed().release);
    for by in [older, itself] {
        let incoming = overtaken_by(&by, pushed().service(0));
        assert_eq!(pushed().accepts(incoming), Ok(Accepted::Known));
    }
}
