//! Whether auto scaling is suspended although nothing is rolled out.

use serde_json::{Value, json};
use towpath_core::release::{ScalableTarget, ScalingState};

use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items};

/// Looks at the service's scalable target, if it is one.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("auto-scaling");
    let id = &seen.at.place.service;
    let resource = format!("service/{}/{}", id.cluster, id.service);
    let input = json!({
        "ServiceNamespace": "ecs",
        "ResourceIds": [resource],
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    let read = reads.read(
        &seen.at.spot,
        "application-autoscaling:DescribeScalableTargets",
        input,
    );
    let found = match read.await {
        Ok(found) => found,
        Err(error) => return vec![check.unknown(&error)],
    };
    let Some(target) = items(&found, "ScalableTargets").first() else {
        return Vec::new();
    };
    let state = &target["SuspendedState"];
    let suspended: Vec<&str> = [
        ("DynamicScalingInSuspended", "scaling in"),
        ("DynamicScalingOutSuspended", "scaling out"),
        ("ScheduledScalingSuspended", "schedules"),
    ]
    .into_iter()
    .filter(|(member, _)| state[member] == Value::Bool(true))
    .map(|(_, what)| what)
    .collect();
    vec![match (&seen.row.owner, suspended.is_empty()) {
        (_, true) => check.ok("auto scaling is on"),
        (Some(owner), false) => check.ok(format!("suspended while {owner} is being rolled out")),
        (None, false) => check.error(
            format!(
                "{} suspended, although nothing is being rolled out: the service does not scale",
                suspended.join(", ")
            ),
            bounds(target).way_to(ScalingState::default(), desired(&seen.service), id),
        ),
    }]
}

/// The target with its bounds: outside of them, a call about it changes the number of tasks.
fn bounds(target: &Value) -> ScalableTarget {
    ScalableTarget {
        state: ScalingState::SUSPENDED,
        least: number(&target["MinCapacity"]).unwrap_or(0),
        most: number(&target["MaxCapacity"]).unwrap_or(u32::MAX),
    }
}

fn desired(service: &Value) -> u32 {
    number(&service["desiredCount"]).unwrap_or_default()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::{good_release, stage_state};

    #[tokio::test]
    async fn a_suspension_is_left_over_when_nothing_is_rolled_out() {
        let suspended = |on: bool| {
            Replies::default().say(
                "application-autoscaling:DescribeScalableTargets",
                json!({ "ScalableTargets": [{ "SuspendedState": {
                    "DynamicScalingInSuspended": on, "DynamicScalingOutSuspended": false,
                    "ScheduledScalingSuspended": on } }] }),
            )
        };
        let mut seen = stage_state();
        assert_eq!(
            report(&check(&suspended(false), &seen).await),
            ["ok: auto scaling is on"]
        );
        assert_eq!(
            report(&check(&suspended(true), &seen).await),
            [
                "error: scaling in, schedules suspended, although nothing is being rolled out: the service does not scale"
            ]
        );
        seen.row.owner = Some(good_release(1).release);
        assert!(
            report(&check(&suspended(true), &seen).await)[0].starts_with("ok: suspended while")
        );
        let none =
            Replies::default().say("application-autoscaling:DescribeScalableTargets", json!({}));
        assert!(check(&none, &seen).await.is_empty());
    }
}
