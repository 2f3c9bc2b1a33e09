//! What the function of a hook is asked.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html>

use serde_json::{Map, Value, json};

use super::{Native, Stage, hooks::Waiting};
use crate::{
    World,
    call::{Place, put},
    effect::Effect,
};

/// Asks the function of a hook.
pub(super) fn invoke(world: &mut World, deployment: &str, hook: &str) {
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return;
    };
    let Some(native) = &held.native else {
        return;
    };
    let Some(run) = native
        .hooks
        .iter()
        .find(|run| run.id == hook && run.status.is_open())
    else {
        return;
    };
    let mut payload = json!({
        "executionId": run.execution,
        "lifecycleStage": run.stage.name(),
        "resourceArn": deployment,
        "executionDetails": {
            "serviceArn": held.service,
            "targetServiceRevisionArn": held.target,
            "testTrafficWeights": test_weights(native, held.target.as_str(), held.sources.first()),
            "productionTrafficWeights": production_weights(native, held.target.as_str(), held.sources.first()),
        },
    });
    put(&mut payload, "hookDetails", run.details.clone());
    let function = run.target.clone().unwrap_or_default();
    let Some(place) = Place::of_arn(&held.service) else {
        return;
    };
    let token = world.ecs.wait_for(Waiting {
        deployment: deployment.to_owned(),
        hook: hook.to_owned(),
    });
    world.effects.push(Effect::Invoke {
        account: place.account,
        region: place.region,
        function,
        payload,
        token: Some(token),
    });
}

/// Weights are only given at the stages that change them.
fn test_weights(native: &Native, target: &str, source: Option<&String>) -> Value {
    match native.stage {
        Stage::TestTrafficShift => weights(native.test_share, target, source),
        Stage::ReconcileService
        | Stage::PreScaleUp
        | Stage::ScaleUp
        | Stage::PostScaleUp
        | Stage::PostTestTrafficShift
        | Stage::PreProductionTrafficShift
        | Stage::ProductionTrafficShift
        | Stage::PostProductionTrafficShift
        | Stage::BakeTime
        | Stage::CleanUp => json!({}),
    }
}

fn production_weights(native: &Native, target: &str, source: Option<&String>) -> Value {
    match native.stage {
        Stage::PreProductionTrafficShift | Stage::ProductionTrafficShift => {
            weights(native.production_share, target, source)
        }
        Stage::ReconcileService
        | Stage::PreScaleUp
        | Stage::ScaleUp
        | Stage::PostScaleUp
        | Stage::TestTrafficShift
        | Stage::PostTestTrafficShift
        | Stage::PostProductionTrafficShift
        | Stage::BakeTime
        | Stage::CleanUp => json!({}),
    }
}

fn weights(share: f64, target: &str, source: Option<&String>) -> Value {
    let mut weights = Map::new();
    weights.insert(target.to_owned(), number(share));
    if let Some(source) = source {
        weights.insert(
            source.clone(),
            number(((100.0 - share) * 10.0).round() / 10.0),
        );
    }
    Value::Object(weights)
}

/// Whole weights are written as whole numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a weight is between 0 and 100"
)]
fn number(weight: f64) -> Value {
    if weight.fract() == 0.0 {
        Value::from(weight as i64)
    } else {
        Value::from(weight)
    }
}
