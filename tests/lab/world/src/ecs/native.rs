//! Native blue/green, linear and canary deployments: a second fleet comes up beside the first,
//! test and production traffic shift to it, hooks decide.
//!
//! | stage                         | leaves when                                  | to                          |
//! |-------------------------------|----------------------------------------------|-----------------------------|
//! | RECONCILE_SERVICE             | hooks are through, leftovers told to go      | PRE_SCALE_UP                |
//! | PRE_SCALE_UP                  | hooks are through                            | SCALE_UP                    |
//! | SCALE_UP                      | all green tasks run                          | POST_SCALE_UP               |
//! | POST_SCALE_UP                 | hooks are through                            | TEST_TRAFFIC_SHIFT          |
//! | TEST_TRAFFIC_SHIFT            | test traffic has moved, hooks are through    | POST_TEST_TRAFFIC_SHIFT     |
//! | POST_TEST_TRAFFIC_SHIFT       | hooks are through                            | PRE_PRODUCTION_TRAFFIC_SHIFT|
//! | PRE_PRODUCTION_TRAFFIC_SHIFT  | hooks are through                            | PRODUCTION_TRAFFIC_SHIFT    |
//! | PRODUCTION_TRAFFIC_SHIFT      | a step has moved, hooks are through, it baked| PRE_PRODUCTION… or POST_…   |
//! | POST_PRODUCTION_TRAFFIC_SHIFT | hooks are through                            | BAKE_TIME                   |
//! | BAKE_TIME                     | the bake time is over                        | CLEAN_UP                    |
//! | CLEAN_UP                      | all blue tasks are gone                      | successful                  |
//! | any but CLEAN_UP              | a hook fails, an alarm, a stop               | rolled back                 |
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html>

mod checks;
mod control;
mod describe;
mod hook_events;
mod hook_payload;
mod hooks;
mod rollback;
mod stages;
mod start;
mod traffic;

use crate::{World, elb::TargetGroup};

pub(super) use checks::{check, check_traffic};
pub(super) use control::{abandon, proceed, stop};
pub(super) use describe::{hook_details, pause_details};
pub(crate) use hooks::Waiting;
pub(super) use hooks::{HookRun, answered, pause_rolling};
pub(super) use stages::reconcile;
pub(super) use start::{adopt_rules, is_native, is_under_way, start};

/// `lifecycleStage` of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    ReconcileService,
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }
}

/// How production traffic moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Strategy {
    BlueGreen,
    Linear { percent: f64, minutes: u64 },
    Canary { percent: f64, minutes: u64 },
}

/// Where a deployment is heading.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Direction {
    Forward,
    /// Back to blue. `left`: stages whose hooks still have to run.
    Back {
        left: Vec<Stage>,
        hook_failed: bool,
    },
}

/// A native deployment under way.
#[derive(Debug)]
pub(super) struct Native {
    /// Fleet that serves.
    blue: String,
    /// Fleet that is to serve.
    green: String,
    strategy: Strategy,
    stage: Stage,
    direction: Direction,
    /// Green's percent of test and of production traffic.
    test_share: f64,
    production_share: f64,
    blue_group: Option<TargetGroup>,
    green_group: Option<TargetGroup>,
    production: Option<String>,
    test: Option<String>,
    /// Minutes.
    bake: u64,
    /// Fleets of a superseded deployment.
    leftovers: Vec<String>,
    /// Hooks of the stage it is in, or was in last.
    hooks: Vec<HookRun>,
}

/// A native deployment moves on, or a wait is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NativeTimer {
    /// ARN of the service deployment.
    pub(super) deployment: String,
    wake: Wake,
}

#[derive(Clone, Debug, PartialEq)]
enum Wake {
    /// The stage is through.
    Advance,
    /// Green did not come up in time.
    ScaleUpTimeout,
    /// A stop that was requested takes effect.
    StopDue,
    /// The function of this hook is to be asked again.
    Callback(String),
    /// This hook has run out of time.
    HookExpiry(String),
}

pub(super) fn wake(world: &mut World, timer: &NativeTimer) {
    let deployment = timer.deployment.as_str();
    match &timer.wake {
        Wake::Advance => stages::advance(world, deployment),
        Wake::ScaleUpTimeout => {
            rollback::start(
                world,
                deployment,
                "Service deployment rolled back because the lifecycle stage SCALE_UP timed out.",
            );
        }
        Wake::StopDue => control::stop_due(world, deployment),
        Wake::Callback(hook) => hook_payload::invoke(world, deployment, hook),
        Wake::HookExpiry(hook) => hooks::expire(world, deployment, hook),
    }
}

/// The native part of a service deployment.
fn get<'a>(world: &'a mut World, deployment: &str) -> Option<&'a mut Native> {
    world.ecs.deployments.get_mut(deployment)?.native.as_mut()
}
