//! Shifting production traffic: all at once, a canary, or in equal steps.

use serde_json::{Value, json};

use super::{deployment::Deployment, lifecycle};
use crate::{
    World,
    call::ApiError,
    timers::{minutes, seconds},
};

/// How production traffic moves to the replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    AllAtOnce,
    /// `percent` first, the rest `minutes` later.
    Canary {
        percent: u64,
        minutes: u64,
    },
    /// `percent` every `minutes`.
    Linear {
        percent: u64,
        minutes: u64,
    },
}

/// What rerouting takes once the listener has been changed.
const SETTLING_SECONDS: u64 = 5;

impl Traffic {
    pub(super) fn parse(routing: &Value) -> Result<Self, ApiError> {
        let number = |pointer: &str| routing.pointer(pointer).and_then(Value::as_u64);
        let refuse = |why: &str| ApiError::new("InvalidTrafficRoutingConfigurationException", why);
        let step = |percent: Option<u64>, minutes: Option<u64>| match (percent, minutes) {
            (Some(percent @ 1..=99), Some(minutes @ 1..=2880)) => Ok((percent, minutes)),
            (Some(_) | None, Some(_) | None) => Err(refuse(
                "The percentage must be 1 to 99 and the interval 1 to 2880 minutes",
            )),
        };
        match routing.get("type").and_then(Value::as_str) {
            Some("AllAtOnce") => Ok(Self::AllAtOnce),
            Some("TimeBasedCanary") => {
                let (percent, minutes) = step(
                    number("/timeBasedCanary/canaryPercentage"),
                    number("/timeBasedCanary/canaryInterval"),
                )?;
                Ok(Self::Canary { percent, minutes })
            }
            Some("TimeBasedLinear") => {
                let (percent, minutes) = step(
                    number("/timeBasedLinear/linearPercentage"),
                    number("/timeBasedLinear/linearInterval"),
                )?;
                Ok(Self::Linear { percent, minutes })
            }
            Some(_) | None => Err(refuse(
                "The type must be TimeBasedCanary, TimeBasedLinear or AllAtOnce",
            )),
        }
    }

    pub(super) fn describe(self) -> Value {
        match self {
            Self::AllAtOnce => json!({"type": "AllAtOnce"}),
            Self::Canary { percent, minutes } => json!({
                "type": "TimeBasedCanary",
                "timeBasedCanary": {"canaryPercentage": percent, "canaryInterval": minutes},
            }),
            Self::Linear { percent, minutes } => json!({
                "type": "TimeBasedLinear",
                "timeBasedLinear": {"linearPercentage": percent, "linearInterval": minutes},
            }),
        }
    }

    /// The replacement's share after the next step, and how long it then stays.
    fn next(self, current: u64) -> (u64, Option<u64>) {
        let (share, wait) = match self {
            Self::AllAtOnce => (100, 0),
            Self::Canary { percent, minutes } if current == 0 => (percent, minutes),
            Self::Canary { .. } => (100, 0),
            Self::Linear { percent, minutes } => {
                (current.saturating_add(percent).min(100), minutes)
            }
        };
        (share, (share < 100).then_some(wait))
    }
}

/// Moves production traffic one step on.
pub(super) fn step(world: &mut World, id: &str) {
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    let (share, wait) = held.traffic.next(held.green_share);
    held.green_share = share;
    route_production(world, id, share);
    match wait {
        Some(wait) => lifecycle::set_timer(world, id, lifecycle::Wake::TrafficStep, minutes(wait)),
        None => lifecycle::set_timer(
            world,
            id,
            lifecycle::Wake::EventDone,
            seconds(SETTLING_SECONDS),
        ),
    }
}

/// Gives the replacement this share of production traffic, the original the rest.
pub(super) fn route_production(world: &mut World, id: &str, share: u64) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let listeners = held.production.clone();
    route(world, id, &listeners, share);
}

/// Points the test listener at the replacement, or back at the original.
pub(super) fn route_test(world: &mut World, id: &str, to_replacement: bool) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let listeners = held.test.clone();
    route(world, id, &listeners, if to_replacement { 100 } else { 0 });
}

#[expect(clippy::cast_precision_loss, reason = "a share is at most 100")]
fn route(world: &mut World, id: &str, listeners: &[String], share: u64) {
    let Some(Deployment { blue, green, .. }) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let share = share.min(100);
    let weights = [
        (blue.clone(), (100 - share) as f64),
        (green.clone(), share as f64),
    ];
    for listener in listeners {
        world.elb.shift(listener, &weights);
    }
}

#[cfg(test)]
mod tests {
    use super::Traffic;

    fn shares(traffic: Traffic) -> Vec<(u64, Option<u64>)> {
        let mut shares = Vec::new();
        let mut current = 0;
        loop {
            let (share, wait) = traffic.next(current);
            shares.push((share, wait));
            current = share;
            if wait.is_none() {
                return shares;
            }
        }
    }

    #[test]
    fn each_configuration_reaches_everything_in_its_steps() {
        assert_eq!(shares(Traffic::AllAtOnce), [(100, None)]);
        assert_eq!(
            shares(Traffic::Canary {
                percent: 10,
                minutes: 5
            }),
            [(10, Some(5)), (100, None)]
        );
        assert_eq!(
            shares(Traffic::Linear {
                percent: 40,
                minutes: 3
            }),
            [(40, Some(3)), (80, Some(3)), (100, None)]
        );
    }
}
