//! Rolling back: a new deployment that gives traffic back to the original and drains the
//! replacement. It creates no task set and runs no hooks.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>

use std::collections::BTreeSet;

use super::{
    configs, create,
    deployment::{AutoRollback, Creator, Deployment, RollbackInfo, Stage, Status},
    event::EventStatus,
    finish, lifecycle, traffic,
    traffic::Traffic,
};
use crate::{World, ecs, timers::seconds};

const QUEUED_SECONDS: u64 = 3;
const DRAINING_SECONDS: u64 = 10;

/// Creates the rollback of a deployment that has ended. Traffic goes back at once.
pub(super) fn start(world: &mut World, id: &str) {
    let now = world.now;
    let Some(failed) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let last_good = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| {
            held.place == failed.place
                && held.application == failed.application
                && held.group == failed.group
                && held.status == Status::Succeeded
        })
        .max_by_key(|held| held.number);
    let source = last_good.unwrap_or(failed);
    let rollback = Deployment {
        id: String::new(),
        number: 0,
        place: failed.place.clone(),
        application: failed.application.clone(),
        group: failed.group.clone(),
        group_id: failed.group_id.clone(),
        config: configs::ALL_AT_ONCE.to_owned(),
        traffic: Traffic::AllAtOnce,
        creator: Creator::Rollback,
        description: None,
        content: source.content.clone(),
        sha256: source.sha256.clone(),
        previous_sha256: Some(failed.sha256.clone()),
        spec: source.spec.clone(),
        status: Status::Created,
        stage: Stage::RollingBack,
        error: None,
        created_at: now,
        started_at: None,
        completed_at: None,
        updated_at: now,
        service: failed.service.clone(),
        original: failed.original.clone(),
        replacement: failed.replacement.clone(),
        blue: failed.blue.clone(),
        green: failed.green.clone(),
        production: failed.production.clone(),
        test: failed.test.clone(),
        green_share: 0,
        lifecycle: create::lifecycle_of(!failed.test.is_empty()),
        looked: BTreeSet::new(),
        rollback: AutoRollback::default(),
        rollback_info: Some(RollbackInfo::RollsBack(id.to_owned())),
        alarms: Vec::new(),
        override_alarms: None,
        blue_green: failed.blue_green.clone(),
        style: failed.style.clone(),
        balancers: failed.balancers.clone(),
        termination_started: false,
    };
    let new = create::register(world, rollback);
    if let Some(failed) = world.codedeploy.deployments.get_mut(id) {
        failed.rollback_info = Some(RollbackInfo::RolledBackBy(new.clone()));
        failed.green_share = 0;
    }
    traffic::route_production(world, &new, 0);
    traffic::route_test(world, &new, false);
    lifecycle::set_timer(world, &new, lifecycle::Wake::Begin, seconds(QUEUED_SECONDS));
}

/// Makes the original primary again and lets the replacement go.
pub(super) fn run(world: &mut World, id: &str) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let (service, original, replacement) = (
        held.service.clone(),
        held.original.clone(),
        held.replacement.clone(),
    );
    if let Some(original) = original {
        ecs::task_sets::make_primary(world, &service, &original);
    }
    if let Some(replacement) = replacement {
        ecs::task_sets::drain(world, &service, &replacement);
    }
    lifecycle::set_timer(
        world,
        id,
        lifecycle::Wake::RollbackDone,
        seconds(DRAINING_SECONDS),
    );
}

pub(super) fn done(world: &mut World, id: &str) {
    let now = world.now;
    if let Some(held) = world.codedeploy.deployments.get_mut(id) {
        let started = held.started_at;
        for entry in &mut held.lifecycle {
            entry.status = EventStatus::Succeeded;
            entry.started_at = started;
            entry.ended_at = Some(now);
        }
    }
    finish::succeed(world, id);
}
