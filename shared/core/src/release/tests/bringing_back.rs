//! Rollbacks of what serves: what is brought back.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::given::{Story, given, other, stage};
use crate::names::ReleaseId;
use crate::pipeline::Stage;
use crate::release::{
    Accepted, Actor, Block, DeploymentStatus, DeploymentStep, Entry, Event, GoodRelease, Image,
    Incoming, NewRollback, Outcome, PlanRequest, Principal, Release, Rollback, RollbackRefused,
    ServiceId, ServiceRow, ServiceWrite, ShiftedStep, Unfounded, WantedRollback, ran,
    service_change, verify_rollback,
};
use crate::sample;

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

pub(super) fn somebody() -> Principal {
    Principal::Aws("arn:aws:iam::111111111111:user/ada".into())
}

/// A release that succeeded at `test` with revision 8.
fn good() -> Release {
    pushed()
        .planned("test", sample::plan())
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .release
}

fn wanted_back(stage: &str) -> WantedRollback {
    WantedRollback {
        stage: stage.parse().expect("a stage name"),
        from: None,
        before: false,
        by: somebody(),
        reason: Some("it is slow".into()),
    }
}

fn new_rollback(
    wanted: WantedRollback,
    epoch: u64,
    attempt: u32,
) -> Result<(ReleaseId, Vec<Event>), RollbackRefused> {
    let good = good();
    Ok(NewRollback::new(&good, &good, wanted, epoch)?.opened(attempt))
}

fn opened(epoch: u64) -> (ReleaseId, Vec<Event>) {
    new_rollback(wanted_back("test"), epoch, 0).expect("a rollback")
}

fn rolling_back() -> Story {
    let (id, mut events) = opened(3);
    let mut story = pushed();
    let actor = Actor::Function("towpath".into());
    let entry = Entry::after(None, &id, sample::dawn(), actor, events.remove(0));
    story.release = Release::fold(id, vec![entry]).expect("a release");
    story
}

#[test]
fn asking_twice_is_one_rollback_and_asking_later_another() {
    assert_eq!(opened(3).0, opened(3).0);
    assert_ne!(opened(3).0, opened(4).0);
    // One that has ended without having had the service is no reason not to ask again.
    let again = new_rollback(wanted_back("test"), 3, 1).expect("a rollback");
    assert_ne!(opened(3).0, again.0);
    let nowhere = new_rollback(wanted_back("nowhere"), 3, 0);
    assert_eq!(nowhere, Err(RollbackRefused::NoSuchStage(stage("nowhere"))));
    assert_eq!(
        ran(&good(), &at_test(), false).map(|(revision, _)| revision.clone()),
        Some(sample::revision(8))
    );
    let staging = new_rollback(wanted_back("staging"), 3, 0);
    let never = RollbackRefused::NeverServed {
        release: good().id().clone(),
        stage: stage("staging"),
    };
    assert_eq!(staging, Err(never), "it never came there");
}

/// The service of the stage `test`.
pub(super) fn at_test() -> ServiceId {
    good().service_id(0).expect("a service")
}

#[test]
fn a_rollback_brings_back_nothing_but_what_the_good_release_ran_with() {
    let story = rolling_back();
    let (rollback, image) = (
        story.release.rollback().expect("it is one"),
        story.release.image(),
    );
    let (good, service) = (good(), at_test());
    assert_eq!(rollback.revision, sample::revision(8));
    let verify = |rollback: &Rollback, image: &Image, good: Option<&Release>| {
        verify_rollback(rollback, image, &service, good).map_err(|error| error.to_string())
    };
    assert_eq!(verify(rollback, image, Some(&good)), Ok(()));
    let refused = |rollback: &Rollback, image: &Image, good: Option<&Release>, why: &str| {
        let said = verify(rollback, image, good).expect_err(why);
        assert!(said.contains(why), "{said}");
    };
    let forged = Rollback {
        revision: sample::revision(6),
        ..rollback.clone()
    };
    refused(
        &forged,
        image,
        Some(&good),
        "the rollback names arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:6",
    );
    let other_image = Image {
        digest: towpath_taskdef::image::Digest::of(b"other"),
        ..image.clone()
    };
    refused(rollback, &other_image, Some(&good), "by the entries of");
    refused(rollback, image, None, "the ledger has no release");
    let never = pushed().planned("test", sample::plan()).took("test", 1);
    for ended in [
        never.clone(),
        never.clone().ended("test", Outcome::Failed, Some(8)),
        never.clone().ended("test", Outcome::RolledBack, Some(8)),
        never.ended("test", Outcome::Succeeded, None),
    ] {
        refused(rollback, image, Some(&ended.release), "never served in");
    }
    let elsewhere = good.service_id(1).expect("another service");
    let said = verify_rollback(rollback, image, &elsewhere, Some(&good));
    assert!(
        matches!(said, Err(Unfounded::NeverServed { .. })),
        "{said:?}"
    );
    // One rollback is no ground for the next: the release that it brought back is.
    let through = rolling_back()
        .planned("test", sample::plan())
        .took("test", 2);
    let through = through.ended("test", Outcome::Succeeded, Some(8));
    refused(rollback, image, Some(&through.release), "never served in");
}

#[test]
fn what_served_can_be_brought_back_however_its_rollout_ended() {
    let shifted = |status: DeploymentStatus| {
        pushed()
            .planned("test", sample::plan())
            .took("test", 1)
            .registered(8)
            .started("d-1")
            .observed("d-1", status)
            .ended("test", Outcome::RolledBack, Some(8))
            .release
    };
    let served = |status| {
        let release = shifted(status);
        ran(&release, &at_test(), false).map(|(revision, _)| revision.clone())
    };
    let eight = Some(sample::revision(8));
    let at = ShiftedStep::KeepingOldTasks;
    assert_eq!(served(DeploymentStatus::Shifted { at }), eight);
    assert_eq!(served(DeploymentStatus::Succeeded), eight);
    let (at, traffic) = (DeploymentStep::named("AllowTraffic"), Some(50));
    let reason = sample::fault("it failed");
    for never in [
        DeploymentStatus::InProgress { at, traffic },
        DeploymentStatus::Ready { pause: None },
        DeploymentStatus::Failed { reason },
    ] {
        assert_eq!(served(never.clone()), None, "{never:?}");
    }
}

#[test]
fn what_ran_before_the_first_release_is_in_that_releases_own_entries() {
    let before =
        |release: &Release| ran(release, &at_test(), true).map(|(revision, _)| revision.clone());
    assert_eq!(before(&good()), Some(sample::revision(7)));
    let untaken = pushed().planned("test", sample::plan());
    assert_eq!(before(&untaken.release), None, "it never took the service");

    let wanted = WantedRollback {
        before: true,
        ..wanted_back("test")
    };
    let (id, mut events) = new_rollback(wanted, 3, 0).expect("a rollback");
    assert_ne!(id, opened(3).0);
    let entry = Entry::after(
        None,
        &id,
        sample::dawn(),
        Actor::Function("towpath".into()),
        events.remove(0),
    );
    let release = Release::fold(id, vec![entry]).expect("a release");
    let rollback = release.rollback().expect("it is one");
    assert_eq!(rollback.revision, sample::revision(7));
    assert_eq!(
        rollback.called(&release.image().tag),
        "shop:7, which ran before 3f2c1ab"
    );
    let verify =
        |rollback: &Rollback| verify_rollback(rollback, release.image(), &at_test(), Some(&good()));
    assert_eq!(verify(rollback), Ok(()));
    for (revision, before) in [(8, true), (7, false), (6, true)] {
        let forged = Rollback {
            revision: sample::revision(revision),
            is_from_before: before,
            ..rollback.clone()
        };
        assert!(
            matches!(verify(&forged), Err(Unfounded::Otherwise { .. })),
            "{forged:?}"
        );
    }
}

#[test]
fn what_had_to_be_registered_anew_is_still_the_release_that_it_was() {
    let story = rolling_back()
        .planned_but("test", |plan| {
            plan.service.last_good = Some(GoodRelease {
                release: other("worse00", sample::dawn()).release,
                digest: Some(towpath_taskdef::image::Digest::of(b"worse")),
                revision: sample::revision(9),
                anew: None,
                at: sample::dawn(),
                is_from_before: false,
            });
            plan.service.history = vec![GoodRelease {
                release: good().id().clone(),
                digest: Some(good().image().digest),
                revision: sample::revision(8),
                anew: None,
                at: sample::dawn(),
                is_from_before: false,
            }];
        })
        .took("test", 2);
    let ended = Event::RolloutEnded {
        stage: stage("test"),
        outcome: Outcome::Succeeded,
        reason: sample::reason("it serves"),
        revision: Some(sample::revision(12)),
    };
    let change = service_change(&story.release, &[ended], story.now).expect("a change");
    let ServiceWrite::LetGo {
        good: Some((now_good, earlier)),
        ..
    } = change.write
    else {
        panic!("it frees: {:?}", change.write);
    };
    assert_eq!(
        (&now_good.release, now_good.revision),
        (good().id(), sample::revision(8))
    );
    assert_eq!(earlier, [], "what was rolled back is nowhere to go back to");
}

#[test]
fn a_rollback_changes_nothing_but_the_revision_whoever_opened_it() {
    let (id, mut events) = opened(3);
    let Event::Opened { pipeline, .. } = &mut events[0] else {
        panic!("it is opened: {events:?}");
    };
    let gated = sample::shop();
    let stages = gated.stages.iter();
    let is_gated = |stage: &&Stage| stage.approval.is_some() || !stage.checks.is_empty();
    pipeline.stages = stages.filter(is_gated).cloned().collect();
    assert!(!pipeline.stages.is_empty(), "the sample has gates");
    let set = [("MODE".to_owned(), "evil".to_owned())].into();
    for stage in &mut pipeline.stages {
        let container = stage.containers[0].clone();
        stage.environment = [(container, BTreeMap::clone(&set))].into();
        stage.tags = set.clone();
    }
    let actor = Actor::Function("towpath".into());
    let entry = Entry::after(None, &id, sample::dawn(), actor, events.remove(0));
    let release = Release::fold(id, vec![entry]).expect("a release");
    for stage in &release.pipeline().stages {
        assert!(stage.containers.is_empty() && stage.checks.is_empty());
        assert!(stage.environment.is_empty() && stage.tags.is_empty());
        assert_eq!(stage.approval, None);
    }
}

#[test]
fn a_rollback_passes_by_gates_holds_vetoes_and_newer_releases() {
    let story = rolling_back();
    let PlanRequest {
        back_to,
        checkpoints,
        ..
    } = &story.plans();
    assert_eq!(*back_to, Some(sample::revision(8)));
    assert!(checkpoints.hooks.is_empty() && !checkpoints.pause);
    let PlanRequest { changes, .. } = &story.plans();
    assert!(changes.images.is_empty(), "it comes back exactly as it was");
    let story = story.planned_but("test", |plan| {
        plan.veto = Some(Block::veto(sample::slack("U1"), "it leaks"));
        plan.cannot_roll_back = Some(sample::cannot_roll_back());
        plan.service = ServiceRow {
            hold: Some(Block::hold(sample::slack("U1"), "the sale")),
            candidate: Some(other("newer", sample::minute(99))),
            baseline: Some(sample::revision(3)),
            epoch: 4,
            ..ServiceRow::default()
        };
    });
    let [started @ Event::RolloutStarted { .. }] = &story.records()[..] else {
        panic!("it starts: {:?}", story.records());
    };
    let change = service_change(&story.release, std::slice::from_ref(started), story.now);
    assert_eq!(
        change.expect("a change").write,
        ServiceWrite::TakeForRollback { epoch: 5 }
    );
    let veto = Incoming::Veto {
        by: somebody(),
        reason: "bad".into(),
    };
    assert_eq!(story.accepts(veto), Ok(Accepted::Known));
}

#[test]
fn a_rollback_says_that_it_was_done_only_where_it_was() {
    let told = |status: DeploymentStatus| {
        let story = rolling_back()
            .planned("test", sample::plan())
            .took("test", 1)
            .intended()
            .registered(8)
            .suspended()
            .intended()
            .started("ecs-svc/1")
            .observed("ecs-svc/1", status)
            .restored();
        match story.records().first() {
            Some(Event::Held { reason, .. }) => reason.to_string(),
            other => panic!("it is held: {other:?}"),
        }
    };
    let done = told(DeploymentStatus::Succeeded);
    assert!(
        done.contains("user/ada rolled it back to shop-api-") && done.ends_with(": it is slow"),
        "{done}"
    );
    let reason = || sample::fault("the tasks failed to start");
    for status in [
        DeploymentStatus::Failed { reason: reason() },
        DeploymentStatus::RolledBack { reason: reason() },
    ] {
        let said = told(status);
        assert!(
            said.starts_with("it was to be rolled back to shop-api-")
                && said.ends_with("the tasks failed to start; look at what serves"),
            "{said}"
        );
    }
}

#[test]
fn a_rollback_waits_for_who_has_the_service() {
    let story = rolling_back().planned_but("test", |plan| {
        plan.service.owner = Some(other("newer", sample::minute(9)).release);
    });
    let [blocked @ Event::Blocked { .. }] = &story.records()[..] else {
        panic!("it waits: {:?}", story.records());
    };
    // Whoever lets the service go knows to wake it, before anybody else.
    let change = service_change(&story.release, std::slice::from_ref(blocked), story.now);
    let change = change.expect("it waits");
    assert_eq!(
        (change.write, change.arrived_at),
        (ServiceWrite::Enqueue, Timestamp::UNIX_EPOCH)
    );
    let ended = Event::RolloutEnded {
        stage: stage("test"),
        outcome: Outcome::Failed,
        reason: sample::reason("r"),
        revision: None,
    };
    let change = service_change(
        &story.happened(blocked.clone()).release,
        &[ended],
        sample::dawn(),
    );
    assert_eq!(change.expect("it leaves").write, ServiceWrite::Leave);
}

#[test]
fn what_was_brought_back_is_good_and_what_came_after_it_is_not() {
    let at = |number: u64| GoodRelease {
        release: other(&format!("aaaaaa{number}"), sample::dawn()).release,
        digest: Some(towpath_taskdef::image::Digest::of(
            number.to_string().as_bytes(),
        )),
        revision: sample::revision(number),
        anew: None,
        at: sample::dawn(),
        is_from_before: false,
    };
    let row = ServiceRow {
        last_good: Some(at(3)),
        history: vec![at(2), at(1)],
        ..ServiceRow::default()
    };
    assert_eq!(row.previous_good(), Some(&at(2)));
    assert_eq!(row.history_after(&at(4)), [at(3), at(2), at(1)]);
    assert_eq!(row.history_after(&at(2)), [at(1)]);
    assert_eq!(row.history_after(&at(3)), [at(2), at(1)], "deployed again");
}
