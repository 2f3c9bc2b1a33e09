//! What the core notifies people of is what there are words for, and a card is edited when it says
//! something else.

use super::card;
use crate::message::{self, Message, entry_messages};
use crate::pipeline::{Channel, HookPoint};
use crate::release::tests::given::{deployment, given, stage};
use crate::release::tests::stored::eventful;
use crate::release::{
    Actor, BlockedBy, CheckResult, DeploymentStatus, DeploymentStep, Entry, Event, NotRestored,
    Outcome, Reason, Release, Rollback, ScalingState, ShiftedStep, WhyNotRestored,
};
use crate::sample;

#[test]
fn a_card_is_made_for_just_the_channels_that_have_one() {
    let overview = eventful().release.overview();
    for channel in Channel::ALL {
        let made = message::card(channel, &overview).is_some();
        assert_eq!(made, channel.has_card(), "{channel}");
    }
}

/// A release that is opened and rolled out to a stage, to which then this happens.
fn to_which_happens(event: Event) -> Release {
    let story = given(sample::shop()).pushed("3f2c1ab");
    let story = story.planned("test", sample::plan());
    // What is said twice in the same words is said once.
    let story = if matches!(event, Event::RolloutStarted { .. }) {
        story
    } else {
        story.took("test", 1)
    };
    let mut release = story.release;
    let last = release.entries().last().expect("an entry");
    let entry = Entry::after(
        Some((last.sequence, &last.fingerprint)),
        release.id(),
        sample::minute(1),
        Actor::Function("advance".into()),
        event,
    );
    release.push(entry);
    release
}

fn scaling_not_restored() -> Reason {
    let state = ScalingState::default();
    let target = sample::scalable(state);
    let release = given(sample::shop()).pushed("3f2c1ab").release;
    Reason::ScalingNotRestored {
        because: Box::new(sample::reason("because")),
        service: release.service_id(0).expect("a service"),
        scaling: NotRestored {
            why_not: WhyNotRestored::WouldChangeCount {
                target,
                desired: 99,
            },
            state,
        },
    }
}

/// A success that leaves auto scaling suspended is no news to those who read e-mails alone but for this.
#[test]
fn an_e_mail_says_that_auto_scaling_is_to_be_put_back() {
    let release = to_which_happens(Event::RolloutEnded {
        stage: stage("test"),
        outcome: Outcome::Succeeded,
        reason: scaling_not_restored(),
        revision: None,
    });
    let last = release.entries().last().expect("an entry").sequence;
    let mut mails = entry_messages(Channel::Sns, &release);
    mails.retain(|it| it.sequence == last);
    assert_eq!(mails.len(), 1, "{mails:?}");
    let Message { subject, text, .. } = &mails[0].message;
    insta::assert_snapshot!(format!(
        "{}\n\n{text}",
        subject.as_deref().unwrap_or_default()
    ));
}

/// Every kind of event, and each way of those that are told in some ways only.
fn events() -> Vec<Event> {
    let words = || "because".to_owned();
    let story = eventful();
    let entries = story.release.entries().iter();
    let mut events: Vec<Event> = entries.map(|entry| entry.event.clone()).collect();
    let opened = events.remove(0);
    if let Event::Opened {
        pipeline,
        version,
        home,
        image,
        ..
    } = &opened
    {
        events.push(Event::Opened {
            pipeline: pipeline.clone(),
            version: *version,
            home: home.clone(),
            image: image.clone(),
            rollback: Some(Box::new(Rollback {
                stage: stage("production"),
                revision: sample::revision(6),
                good_release: "shop-api-0123456789abcdef".parse().unwrap(),
                is_from_before: false,
                from: None,
                by: sample::slack("U1"),
                reason: None,
            })),
        });
    }
    events.push(opened);
    for outcome in [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::Superseded,
        Outcome::Stopped,
        Outcome::Refused,
        Outcome::Expired,
        Outcome::NotTrusted,
    ] {
        events.push(Event::RolloutEnded {
            stage: stage("test"),
            outcome,
            reason: sample::reason("because"),
            revision: None,
        });
        events.push(Event::Ended {
            outcome,
            reason: sample::end("because"),
        });
    }
    for outcome in [Outcome::Succeeded, Outcome::Failed] {
        events.push(Event::RolloutEnded {
            stage: stage("test"),
            outcome,
            reason: scaling_not_restored(),
            revision: None,
        });
    }
    let traffic = Some(10);
    let at = DeploymentStep::named("Install");
    let fault = || sample::fault("because");
    for status in [
        DeploymentStatus::InProgress { at, traffic: None },
        DeploymentStatus::InProgress {
            at: DeploymentStep::named("AllowTraffic"),
            traffic,
        },
        DeploymentStatus::Ready { pause: None },
        DeploymentStatus::Shifted {
            at: ShiftedStep::KeepingOldTasks,
        },
        DeploymentStatus::RollingBack {
            reason: fault(),
            by: None,
        },
        DeploymentStatus::Halted { reason: fault() },
        DeploymentStatus::Succeeded,
        DeploymentStatus::RolledBack { reason: fault() },
        DeploymentStatus::Failed { reason: fault() },
        DeploymentStatus::FailedInPlace { reason: fault() },
        DeploymentStatus::Stopped { reason: fault() },
        DeploymentStatus::Replaced {
            by: sample::external(),
        },
    ] {
        let deployment = deployment("d-1");
        events.push(Event::DeploymentObserved { deployment, status });
    }
    let result = |passed| CheckResult {
        check: "answers".parse().unwrap(),
        passed,
        detail: words(),
    };
    for results in [Vec::new(), vec![result(true)], vec![result(false)]] {
        events.push(Event::Checked {
            stage: stage("test"),
            deployment: None,
            at: HookPoint::Bake,
            results,
        });
    }
    let release = "shop-api-0123456789abcdef".parse().unwrap();
    events.push(Event::Blocked {
        stage: stage("test"),
        by: BlockedBy::Owner { release },
    });
    events
}

/// Whatever was said before: alone, an event has a message where the core notifies people of it, and
/// nowhere else.
#[test]
fn people_are_notified_of_what_there_are_words_for() {
    for event in events() {
        let release = to_which_happens(event.clone());
        let last = release.entries().last().expect("an entry").sequence;
        for channel in Channel::ALL {
            let messages = entry_messages(channel, &release);
            assert_eq!(
                messages.iter().any(|message| message.sequence == last),
                event.is_notified(channel.detail()),
                "on {channel}: {event:?}"
            );
        }
    }
}

#[test]
fn a_channel_has_cards_or_none() {
    let overview = eventful().release.overview();
    for channel in Channel::ALL {
        let card = message::card(channel, &overview);
        assert_eq!(card.is_some(), channel.has_card(), "{channel}");
    }
}

/// The card is made of nothing but the overview; the other way round, whatever changes in the overview
/// is shown, so that no card is edited for nothing.
#[test]
fn what_changes_in_the_overview_changes_on_the_card() {
    let mut changes = 0;
    let follow = |release: &Release, changes: &mut usize| {
        let (id, entries) = (release.id(), release.entries());
        let mut last: Option<Release> = None;
        for length in 1..=entries.len() {
            let now = Release::fold(id.clone(), entries[..length].to_vec()).expect("a release");
            if let Some(before) = &last {
                let event = &entries[length - 1].event;
                let changed = before.overview() != now.overview();
                assert_eq!(card(before) != card(&now), changed, "{event:?}");
                *changes += usize::from(changed);
            }
            last = Some(now);
        }
    };
    follow(&eventful().release, &mut changes);
    for event in events() {
        follow(&to_which_happens(event), &mut changes);
    }
    assert!(changes > 20, "{changes}");
}
