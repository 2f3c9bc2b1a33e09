//! The part of AWS that the lab simulates itself, without any input or output: ECR, ECS,
//! CodeDeploy for ECS, Application Auto Scaling and what clients see on a load balancer, as one
//! deterministic state machine over virtual time.
//!
//! Time is a parameter. Whoever drives the world calls [`World::advance`] (or any other method,
//! which does so first), delivers what [`World::take_effects`] gives, and asks
//! [`World::next_due`] how far it may sleep. The same seed, calls and times give the same answers
//! and effects.
//!
//! # Where AWS is silent
//! Names, shapes, limits, orders and messages are those of AWS's API models, documentation and
//! observed deployments. Where these say nothing, the world takes the following, and whoever
//! relies on one of them should know:
//! - times: 20 s from launch to RUNNING, 10 s to stop, a few seconds for each change of a listener;
//! - a CodeDeploy deployment that fails or stops without automatic rollback leaves traffic and
//!   replacement as they are; the next deployment clears the replacement away;
//! - a READY wait that times out is rolled back if the group rolls back failures or stops;
//! - CodeDeploy's rollback runs no hooks; a scaling conflict has the code `ECS_UPDATE_ERROR`;
//! - a rolling deployment with alarms watches them for five minutes after its tasks are up;
//! - the circuit breaker, when it is on, also ends a native deployment whose green does not come up;
//! - where the circuit breaker or the alarms do not roll back, a native deployment that fails for them
//!   is STOPPED where it stands, with its revision in the service and its share of the traffic;
//! - a native deployment that another one supersedes is STOPPED and its green drained at
//!   RECONCILE_SERVICE, unless all traffic was on it already;
//! - a hook that fails while a native deployment rolls back makes it ROLLBACK_FAILED, with traffic
//!   back on blue all the same.

mod alarms;
mod autoscaling;
mod behaviour;
mod call;
mod codedeploy;
mod data_plane;
mod ecr;
mod ecs;
mod effect;
mod elb;
mod ids;
mod listeners;
mod overview;
mod timers;

use jiff::Timestamp;
use serde_json::Value;

pub use autoscaling::ScaleOut;
pub use behaviour::{Behaviour, UnknownBehaviour};
pub use call::{ApiError, Call};
pub use data_plane::DataPlaneAnswer;
pub use ecr::Push;
pub use ecs::Script;
pub use effect::Effect;

use call::Place;
use timers::Timer;

/// The simulated services of all accounts and regions.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Timestamp,
    pub(crate) ids: ids::Ids,
    pub(crate) timers: timers::Timers,
    pub(crate) effects: Vec<Effect>,
    pub(crate) alarms: alarms::Alarms,
    pub(crate) elb: elb::Listeners,
    pub(crate) ecr: ecr::Registries,
    pub(crate) ecs: ecs::Ecs,
    pub(crate) codedeploy: codedeploy::CodeDeploy,
    pub(crate) autoscaling: autoscaling::AutoScaling,
}

impl World {
    /// An empty world. All identifiers derive from the seed.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            now,
            ids: ids::Ids::new(seed),
            timers: timers::Timers::default(),
            effects: Vec::new(),
            alarms: alarms::Alarms::default(),
            elb: elb::Listeners::default(),
            ecr: ecr::Registries::default(),
            ecs: ecs::Ecs::default(),
            codedeploy: codedeploy::CodeDeploy::default(),
            autoscaling: autoscaling::AutoScaling::default(),
        }
    }

    /// Whether this world answers an operation; others belong elsewhere.
    #[must_use]
    pub fn handles(service: &str, operation: &str) -> bool {
        let operations = match service {
            "ecr" => ecr::OPERATIONS,
            "ecs" => ecs::OPERATIONS,
            "codedeploy" => codedeploy::OPERATIONS,
            "application-autoscaling" => autoscaling::OPERATIONS,
            _elsewhere => &[],
        };
        operations.contains(&operation)
    }

    /// Answers a call as AWS would.
    ///
    /// # Errors
    /// The modelled exceptions of the service; `UnknownOperationException` for what
    /// [`World::handles`] denies.
    pub fn call(&mut self, call: &Call, now: Timestamp) -> Result<Value, ApiError> {
        self.advance(now);
        match call.service {
            "ecr" => ecr::call(self, call),
            "ecs" => ecs::call(self, call),
            "codedeploy" => codedeploy::call(self, call),
            "application-autoscaling" => autoscaling::call(self, call),
            other => Err(ApiError::new(
                "UnknownOperationException",
                format!("service {other} is not simulated"),
            )),
        }
    }

    /// When something happens next by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Lets everything happen that is due up to `now`, in time order. Time never goes back.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((at, timer)) = self.timers.pop_due(now) {
            self.now = self.now.max(at);
            match timer {
                Timer::Task(timer) => ecs::task_timer(self, &timer),
                Timer::Service(timer) => ecs::service_timer(self, &timer),
                Timer::Native(timer) => ecs::native_timer(self, &timer),
                Timer::CodeDeploy(timer) => codedeploy::wake(self, &timer),
                Timer::Scan(timer) => ecr::finish_scan(self, &timer),
            }
        }
        self.now = self.now.max(now);
    }

    /// What happened since the last time, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The answer of a function that was invoked with a token: what it returned, or its error.
    /// A token that nobody waits for (any more) changes nothing.
    pub fn function_answered(&mut self, token: u64, answer: Result<Value, String>, now: Timestamp) {
        self.advance(now);
        ecs::function_answered(self, token, answer);
    }

    /// An asynchronous invocation (an [`Effect::Invoke`] without a token) was refused, because the
    /// function does not exist or may not be called: CodeDeploy fails the deployment at once.
    pub fn invocation_refused(&mut self, function: &str, payload: &Value, now: Timestamp) {
        self.advance(now);
        codedeploy::invocation_refused(self, function, payload);
    }

    /// Says what one-off tasks do that run a command, from now on.
    pub fn set_script(&mut self, script: Script) {
        self.ecs.one_off.set(script);
    }

    /// `GetLogEvents` of a stream that a one-off task wrote; `None` for others.
    #[must_use]
    pub fn log_events(&self, call: &Call) -> Option<Result<Value, ApiError>> {
        ecs::log_events(self, call)
    }

    /// Sets a CloudWatch alarm to ALARM or to another state. Deployments that watch it stop.
    pub fn set_alarm(&mut self, account: &str, region: &str, name: &str, on: bool, now: Timestamp) {
        self.advance(now);
        let place = Place::new(account, region);
        self.alarms.set(&place, name, on);
        if on {
            codedeploy::alarm_raised(self, &place);
            ecs::alarm_raised(self, &place);
        }
    }
}
