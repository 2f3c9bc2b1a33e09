//! Each engine with an image that is good, one that is bad, and one that turns out bad once it serves.

use serde_json::{Value, json};
use towpath_core::release::Outcome::{RolledBack, Succeeded};
use towpath_lab_world::Behaviour::{CrashLoop, Healthy, UnhealthyGreen};

use super::{patient, pipeline};
use crate::pipelines;
use crate::scenario::{Act, Scenario, Sign};

pub(super) fn all() -> Vec<Scenario> {
    let (rolling, codedeploy, native) = (
        pipelines::rolling(),
        pipelines::codedeploy(),
        pipelines::native(),
    );
    vec![
        pushed("rolling_good", &rolling, Healthy).ends(&[Succeeded]),
        pushed("codedeploy_good", &codedeploy, Healthy).ends(&[Succeeded]),
        pushed("native_good", &native, Healthy).ends(&[Succeeded]),
        pushed("rolling_crash_loop", &rolling, CrashLoop).ends(&[RolledBack]),
        pushed("codedeploy_crash_loop", &codedeploy, CrashLoop).ends(&[RolledBack]),
        pushed("native_crash_loop", &native, CrashLoop).ends(&[RolledBack]),
        pushed("codedeploy_bad_green", &codedeploy, UnhealthyGreen).ends(&[RolledBack]),
        pushed("native_bad_green", &native, UnhealthyGreen).ends(&[RolledBack]),
        alarm("rolling_alarm", &rolling, "test"),
        alarm("codedeploy_alarm", &codedeploy, "staging"),
        alarm("native_alarm", &native, "production"),
        pushed(
            "rolling_careful",
            &pipelines::careful(rolling.clone()),
            Healthy,
        )
        .ends(&[Succeeded]),
        three_stages(rolling, codedeploy, native),
    ]
}

/// Somebody pushes an image.
pub(super) fn pushed(name: &str, stage: &Value, image: towpath_lab_world::Behaviour) -> Scenario {
    Scenario::of(name, pipeline(stage)).then(Act::Push("aaaaaaa", image))
}

/// An alarm goes on while what serves is watched.
fn alarm(name: &str, stage: &Value, cluster: &'static str) -> Scenario {
    pushed(name, &pipelines::careful(stage.clone()), Healthy)
        .when(Sign::Serves(cluster), Act::Wait)
        .when(Sign::Called("cloudwatch:DescribeAlarms", 1), Act::TurnAlarm)
        .ends(&[RolledBack])
}

fn three_stages(rolling: Value, codedeploy: Value, native: Value) -> Scenario {
    let stages = json!([rolling, patient(codedeploy), patient(native)]);
    Scenario::of("three_stages", pipelines::of(stages))
        .then(Act::Push("aaaaaaa", Healthy))
        .ends(&[Succeeded])
}
