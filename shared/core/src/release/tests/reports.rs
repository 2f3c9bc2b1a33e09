//! `accept`: what AWS reports about deployments, and what came out of checks.

use super::accept::{adds, granted};
use super::given::{Story, checked, deployment, given, stage};
use crate::pipeline::HookPoint;
use crate::release::{
    Accepted, Event, Home, Incoming, Outcome, Refusal, Reporter, Sender, checks_of,
};
use crate::sample::{self};

const ECS: &str = "ecs-svc/1";

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn reported(id: &str, state: &str) -> Incoming {
    Incoming::DeploymentReported {
        deployment: deployment(id),
        state: state.into(),
        from: at_home(Sender::Ecs),
    }
}

fn at_home(sender: Sender) -> Reporter {
    let Home { account, region } = sample::home();
    Reporter {
        account,
        region,
        sender,
    }
}
#[test]
fn a_report_is_taken_once_and_only_about_the_deployment_that_is_followed() {
    let story = pushed().deploying_at_test();
    let started = || reported(ECS, "SERVICE_DEPLOYMENT_IN_PROGRESS");
    let events = adds(&story, started());
    let known = story.clone().happened(events[0].clone());
    assert_eq!(known.accepts(started()), Ok(Accepted::Known));
    assert_eq!(
        adds(&known, reported(ECS, "SERVICE_DEPLOYMENT_COMPLETED")).len(),
        1
    );
    let foreign = reported("ecs-svc/2", "SERVICE_DEPLOYMENT_COMPLETED");
    assert_eq!(story.accepts(foreign), Ok(Accepted::Known));
    let over = story.ended("test", Outcome::Succeeded, Some(8));
    let late = reported(ECS, "SERVICE_DEPLOYMENT_COMPLETED");
    assert_eq!(over.accepts(late), Ok(Accepted::Known));
    assert_eq!(pushed().accepts(started()), Ok(Accepted::Known));
}

#[test]
fn a_report_of_another_account_region_or_engine_is_not_taken() {
    let from = |account: &str, region: &str, sender| Incoming::DeploymentReported {
        deployment: deployment(ECS),
        state: "SERVICE_DEPLOYMENT_COMPLETED".into(),
        from: Reporter {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
            sender,
        },
    };
    let (here, there) = ("111111111111", "222222222222");
    let test = pushed().deploying_at_test();
    let elsewhere = [
        from(there, "eu-west-1", Sender::Ecs),
        from(here, "eu-central-1", Sender::Ecs),
        from(here, "eu-west-1", Sender::CodeDeploy),
        from(here, "eu-west-1", Sender::Task),
    ];
    for foreign in elsewhere {
        let refusal = test.accepts(foreign.clone()).expect_err("it is not taken");
        assert!(
            matches!(refusal, Refusal::ForeignReport { .. }),
            "{refusal}"
        );
    }
    assert_eq!(adds(&test, from(here, "eu-west-1", Sender::Ecs)).len(), 1);

    // Production is in another account and region, and CodeDeploy's.
    let production = granted().took("production", 1).started(ECS);
    let refusal = production.accepts(from(here, "eu-west-1", Sender::CodeDeploy));
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "CodeDeploy in 111111111111/eu-west-1 does not report about ecs-svc/1: CodeDeploy in 222222222222/eu-central-1 does"
    );
    let own = from(there, "eu-central-1", Sender::CodeDeploy);
    assert_eq!(adds(&production, own).len(), 1);
}

#[test]
fn checks_are_taken_once_for_a_deployment_and_hook_point() {
    let story = pushed().deploying_at_test();
    let events = adds(&story, checked("test", ECS, false));
    let [Event::Checked { results, .. }] = &events[..] else {
        panic!("they are taken: {events:?}");
    };
    let known = story.clone().happened(events[0].clone());
    let point = HookPoint::AfterTestTraffic;
    let (id, later) = (deployment(ECS), HookPoint::AfterTraffic);
    let of = |id, point| checks_of(&known.release, id, point).collect::<Vec<_>>();
    assert_eq!(of(&id, point), results.iter().collect::<Vec<_>>());
    assert!(of(&id, later).is_empty());
    assert!(of(&deployment("d-2"), point).is_empty());
    // The second answer is not asked for: the first one stands.
    assert_eq!(
        known.accepts(checked("test", ECS, true)),
        Ok(Accepted::Known)
    );
}

#[test]
fn checks_may_run_before_it_is_recorded_that_the_deployment_began() {
    let story = pushed().ready_at_test().intended();
    assert_eq!(adds(&story, checked("test", ECS, true)).len(), 1);
}

#[test]
fn checks_of_another_deployment_say_nothing_about_this_one() {
    let story = pushed().deploying_at_test();
    let other = checked("test", "ecs-svc/2", false);
    assert_eq!(story.accepts(other), Ok(Accepted::Known));
}

#[test]
fn checks_of_a_stage_where_the_release_does_not_stand_add_nothing() {
    let live = pushed().deploying_at_test();
    let staging = checked("staging", "d-1", false);
    assert_eq!(live.accepts(staging), Ok(Accepted::Known));
    let over = live.ended("test", Outcome::Succeeded, Some(8));
    assert_eq!(
        over.accepts(checked("test", ECS, true)),
        Ok(Accepted::Known)
    );
    assert_eq!(
        pushed().accepts(checked("test", ECS, true)),
        Ok(Accepted::Known)
    );
    assert_eq!(
        pushed().accepts(checked("nowhere", ECS, true)),
        Err(Refusal::NoSuchStage(stage("nowhere")))
    );
}
