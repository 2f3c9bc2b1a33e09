//! What is stored is read back as it was written, now and in years.

use std::collections::BTreeSet;

use serde_json::Value;
use towpath_taskdef::json;

use super::given::{Story, deployment, given, in_progress, stage};
use crate::names::ReleaseId;
use crate::pipeline::{Channel, HookPoint};
use crate::release::{
    Accepted, ActionKind, Block, BlockedBy, CheckResult, Decision, DeploymentStatus,
    DeploymentStep, EndReason, Entry, EntryText, Event, Incoming, Outcome, Phase, Principal,
    Release, ReplyRefusal, ScalingState, ShiftedStep, StoredEntry, StoredNow, VoidReason, accept,
    reason, verify_chain,
};
use crate::sample::{self, notified};
use crate::token::TokenError;

/// A release to which everything happens that can: not a likely one, but every kind of event, with
/// and without what is optional in it.
pub(crate) fn eventful() -> Story {
    let words = || "because".to_owned();
    let story = given(sample::shop())
        .pushed("3f2c1ab")
        .planned("test", sample::plan())
        .happened(Event::Blocked {
            stage: stage("test"),
            by: BlockedBy::Hold {
                hold: Block::hold(sample::slack("U1"), words()),
            },
        })
        .happened(Event::Replaced {
            stage: "test".parse().unwrap(),
            by: "shop-api-0123456789abcdef".parse().unwrap(),
            tag: "d00dad1".parse().ok(),
            is_rollback: true,
            epoch: 7,
        })
        .happened(Event::BroughtBack {
            stage: "test".parse().unwrap(),
            by: "shop-api-0123456789abcdef".parse().unwrap(),
            epoch: 8,
        })
        .happened(Event::PredecessorNotified {
            predecessor: "shop-api-0123456789abcdef".parse().unwrap(),
            service: sample::home().service_of(&sample::shop().stages[0]),
        })
        .happened(Event::Overtook {
            older: "shop-api-0123456789abcdef".parse().unwrap(),
        })
        .took("test", 1)
        .intended()
        .registered(8)
        .suspended()
        .intended()
        .started("ecs-svc/1")
        .happened(Event::DeploymentReported {
            deployment: deployment("ecs-svc/1"),
            state: "SERVICE_DEPLOYMENT_COMPLETED".into(),
        })
        .observed("ecs-svc/1", in_progress("1 of 2 tasks"))
        .observed("ecs-svc/1", DeploymentStatus::Succeeded)
        .intended()
        .restored()
        .happened(Event::ScalingLeft {
            target: sample::scalable(ScalingState::default()),
            desired: 0,
            restoring: true,
        })
        .ended("test", Outcome::Succeeded, Some(8))
        .woke()
        .planned_but("staging", |plan| plan.unknown_fields = vec!["novel".into()])
        .took("staging", 4)
        .intended()
        .registered(9)
        .suspended()
        .intended()
        .started("d-1")
        .happened(Event::Checked {
            stage: stage("staging"),
            deployment: Some(deployment("d-1")),
            at: HookPoint::AfterTestTraffic,
            results: vec![CheckResult {
                check: "answers".parse().unwrap(),
                passed: true,
                detail: words(),
            }],
        })
        .at(60)
        .intended()
        .happened(Event::RollbackStarted {
            deployment: Some(deployment("d-2")),
            alias: Some(deployment("ecs-svc/2")),
            reason: sample::too_late(),
            outcome: Outcome::RolledBack,
            hold: false,
        })
        .refused(ActionKind::Observe, "for the format's sake")
        .happened(Event::HookCalled {
            stage: stage("staging"),
            deployment: deployment("d-1"),
            at: HookPoint::BeforeTraffic,
            execution: Some("execution".into()),
        })
        .happened(Event::TaskStarted {
            stage: stage("staging"),
            check: "smoke".parse().unwrap(),
            task: deployment("task-1"),
            found: false,
        })
        .happened(Event::Watched {
            stage: stage("staging"),
        })
        .happened(Event::HookAnswered {
            deployment: deployment("d-1"),
            at: HookPoint::BeforeTraffic,
            passed: true,
        })
        .happened(Event::TrafficAllowed {
            deployment: deployment("d-1"),
            pause: Some("pause-1".parse().unwrap()),
        })
        .happened(Event::BaselineChanged {
            stage: stage("production"),
            found: sample::revision(9),
        })
        .happened(Event::RunsAlready {
            stage: stage("production"),
        })
        .happened(Event::GroupTaken {
            stage: stage("staging"),
            by: Some(deployment("d-3")),
        })
        .happened(Event::GroupFreed {
            stage: stage("staging"),
        })
        .happened(Event::RollbackRequested {
            stage: stage("production"),
            by: sample::slack("U1"),
            reason: Some(words()),
        })
        .happened(Event::Held {
            stage: stage("production"),
            reason: sample::hold(),
        })
        .happened(Event::Vetoed {
            by: sample::slack("U1"),
            reason: words(),
        })
        .observed("d-1", DeploymentStatus::Succeeded)
        .intended()
        .restored()
        .ended("staging", Outcome::Succeeded, Some(9))
        .happened(Event::NextNotified {
            service: given(sample::shop()).pushed("3f2c1ab").service(1),
            next: Some("shop-api-0123456789abcdef".parse().unwrap()),
        })
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", Principal::TokenHolder, Decision::Approve)
        .happened(Event::ApprovalVoided {
            approval: "production-1".parse().unwrap(),
            reason: VoidReason::DefinitionChanged,
        })
        .asked("production", 2)
        .happened(Event::ReplyRefused {
            approval: "production-2".parse().unwrap(),
            message: "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().unwrap(),
            reason: ReplyRefusal::Token {
                problem: TokenError::Mismatch,
            },
        })
        .happened(Event::Voted {
            approval: "production-2".parse().unwrap(),
            by: sample::slack("U2"),
            decision: Decision::Reject,
            reason: Some(words()),
            message: "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().ok(),
        })
        .happened(Event::Superseded {
            by: "shop-api-fedcba9876543210".parse().unwrap(),
            tag: "4a5b6c7".parse().unwrap(),
        })
        .happened(Event::OutcomeUnknown {
            actions: vec![ActionKind::Start],
            said: "no answer in time".into(),
        })
        .happened(Event::NotSeen {
            action: ActionKind::Start,
        })
        .happened(Event::NotPerformed {
            action: ActionKind::Start,
            said: "Rate exceeded".into(),
        })
        .happened(Event::NotificationIntended {
            channel: Channel::Slack,
            through: Some(12),
            until: sample::minute(3),
        })
        .ended("production", Outcome::Refused, None)
        .happened(Event::Ended {
            outcome: Outcome::Refused,
            reason: EndReason::at(
                &stage("production"),
                reason::rejected(&sample::slack("U2"), None),
            ),
        });
    notify_everybody(notify_everybody(story))
}

fn notify_everybody(mut story: Story) -> Story {
    for action in story.pending_notifications() {
        let notified = notified(&story.release, &action).expect("it notifies");
        story = story.happened(notified);
    }
    story
}

/// Its place in the list of all kinds of event. A new kind breaks the build here: add it to
/// [`eventful`].
fn kind(event: &Event) -> usize {
    match event {
        Event::Opened { .. } => 0,
        Event::DeploymentReported { .. } => 1,
        Event::Voted { .. } => 2,
        Event::Checked { .. } => 3,
        Event::Superseded { .. } => 4,
        Event::Overtook { .. } => 5,
        Event::NextNotified { .. } => 6,
        Event::Planned { .. } => 7,
        Event::ApprovalRequested { .. } => 8,
        Event::ApprovalVoided { .. } => 9,
        Event::Blocked { .. } => 10,
        Event::RolloutStarted { .. } => 11,
        Event::Intended { .. } => 12,
        Event::Registered { .. } => 13,
        Event::ScalingSuspended { .. } => 14,
        Event::DeploymentStarted { .. } => 15,
        Event::DeploymentObserved { .. } => 16,
        Event::RollbackStarted { .. } => 17,
        Event::ActionRefused { .. } => 18,
        Event::ScalingRestored { .. } => 19,
        Event::RolloutEnded { .. } => 20,
        Event::Ended { .. } => 21,
        Event::CardShown { .. } => 22,
        Event::Notified { .. } => 23,
        Event::ScalingLeft { .. } => 24,
        Event::PredecessorNotified { .. } => 25,
        Event::RollbackRequested { .. } => 26,
        Event::Vetoed { .. } => 27,
        Event::HookCalled { .. } => 28,
        Event::HookAnswered { .. } => 29,
        Event::TaskStarted { .. } => 30,
        Event::Watched { .. } => 31,
        Event::BaselineChanged { .. } => 32,
        Event::TrafficAllowed { .. } => 33,
        Event::Held { .. } => 34,
        Event::GroupTaken { .. } => 35,
        Event::GroupFreed { .. } => 36,
        Event::RunsAlready { .. } => 37,
        Event::ReplyRefused { .. } => 38,
        Event::Replaced { .. } => 39,
        Event::BroughtBack { .. } => 40,
        Event::OutcomeUnknown { .. } => 41,
        Event::NotSeen { .. } => 42,
        Event::NotPerformed { .. } => 43,
        Event::NotificationIntended { .. } => 44,
    }
}

#[test]
fn every_event_is_read_back_as_it_was_written() {
    let story = eventful();
    let entries = story.release.entries();
    let kinds: BTreeSet<_> = entries.iter().map(|entry| kind(&entry.event)).collect();
    assert_eq!(kinds, (0..45).collect(), "every kind of event is tried");
    for entry in entries {
        let json = serde_json::to_string(entry).expect("it is written");
        let back: Entry = serde_json::from_str(&json).expect(&json);
        assert_eq!(back, *entry);
    }
}

#[test]
fn every_status_of_a_deployment_is_read_back_as_it_was_written() {
    let reason = || sample::fault("r");
    for status in [
        DeploymentStatus::InProgress {
            at: DeploymentStep::named("Install"),
            traffic: Some(10),
        },
        DeploymentStatus::Ready {
            pause: Some("pause-1".parse().unwrap()),
        },
        DeploymentStatus::Shifted {
            at: ShiftedStep::KeepingOldTasks,
        },
        DeploymentStatus::RollingBack {
            reason: reason(),
            by: Some(deployment("d-2")),
        },
        DeploymentStatus::RolledBack { reason: reason() },
        DeploymentStatus::Halted { reason: reason() },
        DeploymentStatus::Failed { reason: reason() },
        DeploymentStatus::FailedInPlace { reason: reason() },
        DeploymentStatus::Stopped { reason: reason() },
        DeploymentStatus::Replaced {
            by: sample::external(),
        },
    ] {
        let json = serde_json::to_string(&status).expect("it is written");
        let back: DeploymentStatus = serde_json::from_str(&json).expect(&json);
        assert_eq!(back, status);
    }
}

/// A ledger as version 1 stores it. Once version 1 is released, it is never written anew: what it holds
/// is in people's tables then.
const VERSION_1: &str = include_str!("../../../../../tests/fixtures/ledger/version-1.json");

pub(super) fn version_1() -> (ReleaseId, Vec<StoredEntry>) {
    let stored: Value = serde_json::from_str(VERSION_1).expect("JSON");
    let entries = stored["entries"].as_array().expect("entries");
    let entries = entries.iter().map(|item| {
        let text = |name: &str| item[name].as_str().expect(name).to_owned();
        let text = EntryText {
            at: text("at"),
            actor: text("actor"),
            event: text("event"),
        };
        StoredEntry {
            entry: Entry {
                sequence: item["sequence"].as_u64().expect("a place"),
                at: text.at.parse().expect("a time"),
                actor: json::read_as(text.actor.as_bytes()).expect("an actor"),
                event: json::read_as(text.event.as_bytes()).expect("an event"),
                previous: serde_json::from_value(item["previous"].clone()).expect("a fingerprint"),
                fingerprint: serde_json::from_value(item["fingerprint"].clone())
                    .expect("a fingerprint"),
            },
            text,
            seal: None,
        }
    });
    let id = stored["release"].as_str().expect("an id");
    (id.parse().expect("an id"), entries.collect())
}

#[test]
fn a_ledger_of_version_1_folds_to_what_it_told_then() {
    let (id, entries) = version_1();
    let entries: Vec<_> = entries.into_iter().map(|one| one.entry).collect();
    let kinds: BTreeSet<_> = entries.iter().map(|entry| kind(&entry.event)).collect();
    assert!(
        kinds.len() >= 24,
        "it holds every kind of event of its time"
    );
    let release = Release::fold(id, entries).expect("a release");
    let conclusion = release.conclusion().expect("an end");
    assert_eq!(conclusion.outcome, Outcome::Refused);
    let why = conclusion.reason.to_string();
    assert_eq!(why, "production: Slack user U2 rejected it");
    let outcomes = release.rollouts().iter().map(|rollout| {
        let Phase::Ended {
            conclusion,
            revision,
            ..
        } = &rollout.phase
        else {
            panic!("it has ended: {rollout:?}");
        };
        (conclusion.outcome, revision.clone())
    });
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [
            (Outcome::Succeeded, Some(sample::revision(8))),
            (Outcome::Succeeded, Some(sample::revision(9))),
            (Outcome::Refused, None),
        ]
    );
    assert_eq!(release.image().tag.as_str(), "3f2c1ab");
    let again = Incoming::Vote {
        approval: "production-1".parse().unwrap(),
        by: Principal::TokenHolder,
        decision: Decision::Approve,
        reason: None,
        message: None,
        stored: StoredNow::Removed,
    };
    assert_eq!(
        accept(&release, again, sample::minute(1)),
        Ok(Accepted::Known),
        "what was decided then is still known"
    );
}

#[test]
fn a_ledger_of_version_1_still_verifies() {
    let (id, entries) = version_1();
    let last = &entries.last().expect("an entry").entry;
    let head = Some((last.sequence, &last.fingerprint));
    assert_eq!(verify_chain(&id, &entries, head), Ok(()));
}
