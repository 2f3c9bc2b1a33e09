//! The card, the replies and the notices of the main situations, as they are sent.

use serde_json::{Value, json};

use super::{card, replies};
use crate::message::{ROLL_BACK, entry_messages, state};
use crate::pipeline::{Channel, HookPoint};
use crate::release::tests::given::{Story, deployment, given, in_progress, stage};
use crate::release::{
    ActionKind, AwsSaid, Block, BlockedBy, CheckResult, Decision, DeploymentFault,
    DeploymentStatus, DeploymentStep, EndReason, Event, FaultCause, FaultLeft, HoldReason, Outcome,
    Principal, Reason, Release, ReplyRefusal, RollbackReason, Summary, VoidReason, reason,
};
use crate::sample::{self, slack};
use crate::token::TokenError;

/// Everything that is said about a release.
fn said(release: &Release) -> Value {
    json!({
        "card": card(release),
        "replies": replies(release),
        "notices": entry_messages(Channel::Sns, release),
    })
}

fn pushed() -> Story {
    given(sample::shop()).pushed("3f2c1ab")
}

/// It ends with its rollout to that stage.
fn ended(story: Story, outcome: Outcome, at: &str, because: impl Into<Reason>) -> Story {
    let reason = EndReason::at(&stage(at), because);
    story.happened(Event::Ended { outcome, reason })
}

fn asking() -> Story {
    pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
}

fn at_staging() -> Story {
    pushed()
        .planned("test", sample::plan())
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .planned("staging", sample::plan())
        .took("staging", 1)
        .started("d-1")
}

fn checked(passed: bool, detail: &str) -> Event {
    Event::Checked {
        stage: "staging".parse().unwrap(),
        deployment: Some(deployment("d-1")),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: "answers".parse().unwrap(),
            passed,
            detail: detail.into(),
        }],
    }
}

#[test]
fn an_image_has_been_pushed() {
    insta::assert_json_snapshot!(said(&pushed().release));
}

#[test]
fn a_release_waits_behind_a_hold() {
    let story = pushed()
        .planned("test", sample::plan())
        .happened(Event::Blocked {
            stage: "test".parse().unwrap(),
            by: BlockedBy::Hold {
                hold: Block::hold(sample::slack("U1"), "the sale runs until Monday"),
            },
        });
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn traffic_moves_to_green() {
    let status = DeploymentStatus::InProgress {
        at: DeploymentStep::named("AllowTraffic"),
        traffic: Some(10),
    };
    let story = at_staging()
        .happened(checked(true, "GET http://green.internal answered 200"))
        .observed("d-1", status);
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn a_failed_check_rolls_back() {
    let detail = "GET http://green.internal answered 500 in 3 of 3 attempts, expected 200";
    let rolling_back = DeploymentStatus::RollingBack {
        reason: sample::fault("a hook failed"),
        by: Some(deployment("d-2")),
    };
    let story = at_staging()
        .happened(checked(false, detail))
        .observed("d-1", rolling_back);
    let live = story.release.active_rollout().expect("it is rolled out");
    let checks = reason::failed_checks(live).expect("one failed");
    let story = story.ended("staging", Outcome::RolledBack, None);
    let story = ended(story, Outcome::RolledBack, "staging", checks);
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn people_are_asked() {
    insta::assert_json_snapshot!(said(&asking().release));
}

#[test]
fn two_people_are_needed() {
    let mut json = sample::shop_json();
    json["stages"][2]["approval"]["required"] = 2.into();
    let story = given(sample::pipeline(json))
        .pushed("3f2c1ab")
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", Principal::TokenHolder, Decision::Approve);
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn a_reply_is_refused_while_people_are_asked() {
    let story = asking().happened(Event::ReplyRefused {
        approval: "production-1".parse().unwrap(),
        message: "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().unwrap(),
        reason: ReplyRefusal::Token {
            problem: TokenError::Mismatch,
        },
    });
    let said = said(&story.release);
    let last = |kind: &str| said[kind].as_array().and_then(|all| all.last().cloned());
    insta::assert_json_snapshot!(last("replies"), @r#"":warning: a reply to `production-1` was refused (message 82833b5c-8d5d-56d0-b0e1-7511f8253eb8), and the request is still open: the token does not allow this decision""#);
    let notice = last("notices").expect("a notice");
    assert_eq!(notice["asks"], Value::Null);
    let text = notice["text"].as_str().unwrap_or_default();
    assert!(
        text.starts_with("A reply to production-1 of shop-api 3f2c1ab was refused, and the request is still open: the token does not allow this decision\n\nmessage: 82833b5c-"),
        "{text}"
    );
}

#[test]
fn somebody_rejects() {
    let story = asking()
        .happened(Event::Voted {
            approval: "production-1".parse().unwrap(),
            by: slack("U2"),
            decision: Decision::Reject,
            reason: Some("not on a Friday".into()),
            message: None,
        })
        .ended("production", Outcome::Refused, None);
    let story = ended(
        story,
        Outcome::Refused,
        "production",
        reason::rejected(&slack("U2"), Some("not on a Friday")),
    );
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn an_approval_no_longer_counts() {
    let story = asking()
        .voted("production-1", slack("U1"), Decision::Approve)
        .happened(Event::ApprovalVoided {
            approval: "production-1".parse().unwrap(),
            reason: VoidReason::DefinitionChanged,
        })
        .asked("production", 2);
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn a_rollout_is_rolled_back_for_its_time() {
    let story = at_staging()
        .observed("d-1", in_progress("Install"))
        .happened(Event::RollbackStarted {
            deployment: None,
            alias: None,
            reason: sample::too_late(),
            outcome: Outcome::RolledBack,
            hold: false,
        });
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn aws_refuses() {
    let story = pushed()
        .planned("test", sample::plan())
        .took("test", 1)
        .refused(ActionKind::Register, "too many containers");
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn a_newer_release_takes_its_place() {
    let story = pushed().ended("test", Outcome::Superseded, None);
    let story = ended(
        story,
        Outcome::Superseded,
        "test",
        Reason::Superseded {
            by: "d00dad1".parse().unwrap(),
        },
    );
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn nobody_decides() {
    let story = asking().ended("production", Outcome::Expired, None);
    let nobody = RollbackReason::NobodyDecided {
        stage: stage("production"),
        until: sample::minute(1440),
    };
    let story = ended(story, Outcome::Expired, "production", nobody);
    insta::assert_json_snapshot!(said(&story.release));
}

/// It was approved, and is about to take production.
fn approved() -> Story {
    asking()
        .voted("production-1", slack("U1"), Decision::Approve)
        .planned("production", sample::plan())
}

/// It serves in production, since its approval.
fn serving() -> Story {
    let story = approved()
        .took("production", 1)
        .ended("production", Outcome::Succeeded, Some(9));
    story.happened(Event::Ended {
        outcome: Outcome::Succeeded,
        reason: EndReason::Serves {
            name: "3f2c1ab".into(),
            stage: stage("production"),
        },
    })
}

#[test]
fn it_serves_in_production() {
    insta::assert_json_snapshot!(said(&serving().release));
}

/// A release is rolled out where this one served, or a rollback; and another one brings it back.
fn replaced(back: bool) -> Story {
    serving().happened(Event::Replaced {
        stage: "production".parse().unwrap(),
        by: "shop-api-0123456789abcdef".parse().unwrap(),
        tag: "d00dad1".parse().ok(),
        is_rollback: back,
        epoch: 2,
    })
}

#[test]
fn another_one_serves_where_it_did() {
    let again = replaced(true).happened(Event::BroughtBack {
        stage: "production".parse().unwrap(),
        by: "shop-api-fedcba9876543210".parse().unwrap(),
        epoch: 3,
    });
    let cards = [replaced(false), replaced(true), again];
    insta::assert_json_snapshot!(cards.map(|story| card(&story.release)));
}

/// A card has no button that would only be refused: the service knows another release for what runs.
#[test]
fn what_ran_already_is_not_rolled_back_from_its_card() {
    let story = approved();
    let says = |story: &Story| serde_json::to_string(&card(&story.release)).expect("JSON");
    let took = story.clone().took("production", 1);
    let took = took.ended("production", Outcome::Succeeded, Some(9));
    assert!(says(&took).contains(ROLL_BACK), "{}", says(&took));
    let ran = story.ended("production", Outcome::Succeeded, Some(9));
    assert!(!says(&ran).contains(ROLL_BACK), "{}", says(&ran));
    assert!(says(&ran).contains("*production*: 3f2c1ab ran there already"));
}

/// Everything that the ledger says of a rollback: a check while it bakes, a button.
fn rolled_back_by_hand() -> Story {
    let by = slack("U1");
    let reason = Some("orders get lost".to_owned());
    let because = reason::rolled_back(&by, reason.as_deref());
    let stopped = DeploymentFault::from(FaultCause::StoppedByTowpath {
        because: Box::new(because.clone()),
    });
    let story = at_staging()
        .happened(Event::RollbackRequested {
            stage: "staging".parse().unwrap(),
            by,
            reason,
        })
        .happened(Event::RollbackStarted {
            deployment: None,
            alias: None,
            reason: because.clone(),
            outcome: Outcome::RolledBack,
            hold: true,
        })
        .observed(
            "d-1",
            DeploymentStatus::RollingBack {
                reason: stopped.clone(),
                by: None,
            },
        )
        .observed(
            "d-1",
            DeploymentStatus::RollingBack {
                reason: stopped,
                by: Some(deployment("d-2")),
            },
        )
        .happened(Event::Held {
            stage: "staging".parse().unwrap(),
            reason: HoldReason::RolledBack {
                tag: "3f2c1ab".parse().unwrap(),
                because: because.clone(),
            },
        })
        .happened(Event::RolloutEnded {
            stage: "staging".parse().unwrap(),
            outcome: Outcome::RolledBack,
            reason: because.clone().into(),
            revision: None,
        });
    ended(story, Outcome::RolledBack, "staging", because)
}

#[test]
fn somebody_rolls_back_and_is_repeated_nowhere() {
    insta::assert_json_snapshot!(said(&rolled_back_by_hand().release));
}

#[test]
fn it_is_stopped_by_hand_and_nothing_rolls_it_back() {
    let stopped = DeploymentFault::from(FaultCause::StoppedByUser {
        said: AwsSaid {
            code: Some("MANUAL_STOP".into()),
            message: "The deployment was stopped by a user.".into(),
        },
    });
    let left = (stopped.clone()).leaving(FaultLeft::Traffic { percent: 10 });
    let story = at_staging()
        .observed("d-1", DeploymentStatus::Halted { reason: stopped })
        .observed(
            "d-1",
            DeploymentStatus::FailedInPlace {
                reason: left.clone(),
            },
        )
        .happened(Event::RollbackStarted {
            deployment: Some(deployment("d-2")),
            alias: None,
            reason: RollbackReason::LeftInPlace { fault: left },
            outcome: Outcome::RolledBack,
            hold: false,
        });
    insta::assert_json_snapshot!(said(&story.release));
}

#[test]
fn what_serves_is_watched() {
    let mut json = sample::shop_json();
    json["stages"][1]["bake"] = "10m".into();
    json["stages"][1]["checks"] = json!([
        { "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } }
    ]);
    let story = given(sample::pipeline(json))
        .pushed("3f2c1ab")
        .planned("test", sample::plan())
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .planned("staging", sample::plan())
        .took("staging", 1)
        .started("d-1")
        .observed("d-1", DeploymentStatus::Succeeded);
    let state = state(&Summary::of(&story.release).unwrap());
    insta::assert_json_snapshot!(json!({ "said": said(&story.release), "status": state }));
}

#[test]
fn checks_that_fail_for_one_reason_are_each_told_with_it() {
    let Event::Checked {
        stage,
        deployment,
        at,
        results,
    } = checked(false, "it could not be read: refused")
    else {
        panic!("it is a check");
    };
    let other = CheckResult {
        check: "errors".parse().unwrap(),
        ..results[0].clone()
    };
    let story = at_staging().happened(Event::Checked {
        stage,
        deployment,
        at,
        results: [results, vec![other]].concat(),
    });
    let replies = replies(&story.release);
    let told = replies.last().expect("a reply");
    assert_eq!(
        told.matches("could not be read: refused").count(),
        2,
        "{told}"
    );
}

#[test]
fn traffic_that_is_let_through_is_told_in_each_stage() {
    let allowed = |id: &str| Event::TrafficAllowed {
        deployment: deployment(id),
        pause: None,
    };
    let story = at_staging()
        .happened(allowed("d-1"))
        .ended("staging", Outcome::Succeeded, Some(8))
        .planned("production", sample::plan())
        .took("production", 1)
        .started("d-2")
        .happened(allowed("d-2"));
    let replies = replies(&story.release);
    let told = replies.iter().filter(|it| it.contains("let through"));
    assert_eq!(told.count(), 2, "{replies:#?}");
}

#[test]
fn the_card_says_who_rolls_back() {
    let story = at_staging().observed(
        "d-1",
        DeploymentStatus::RollingBack {
            reason: sample::fault("tasks failed to start"),
            by: None,
        },
    );
    let text = card(&story.release).text;
    let says = "staging: AWS rolls it back: tasks failed to start; fails if not through by 20";
    assert!(text.contains(says), "{text}");
}
