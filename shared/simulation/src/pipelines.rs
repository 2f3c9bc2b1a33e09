//! The pipelines that stories are about.

use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;

/// The pipeline of these stages, in which people are told in Slack and by e-mail.
///
/// # Panics
/// When it contradicts itself: a story needs a good one.
#[must_use]
pub fn of(stages: Value) -> Pipeline {
    arriving(stages, "newest_wins")
}

/// The same, whose arrivals are dealt with in this way.
///
/// # Panics
/// When it contradicts itself.
#[must_use]
pub fn arriving(stages: Value, arrivals: &str) -> Pipeline {
    let json = json!({
        "pipeline": "shop-api",
        "repository": "shop/api",
        "arrivals": arrivals,
        "notify": { "slack": "C0DEPLOYS", "sns": true },
        "operators": ["U1"],
        "stages": stages,
    });
    let pipeline: Pipeline = serde_json::from_value(json).expect("the JSON of a pipeline");
    pipeline.check().expect("a pipeline without contradictions");
    pipeline
}

/// The pipeline, of which people are told in these ways.
///
/// # Panics
/// When people are asked in a way in which they are not told.
#[must_use]
pub fn notifying(mut pipeline: Pipeline, slack: bool, sns: bool) -> Pipeline {
    let notify = &mut pipeline.notify;
    notify.slack = notify.slack.take().filter(|_| slack);
    notify.sns = sns;
    // They click in Slack.
    pipeline.operators.retain(|_| slack);
    pipeline.check().expect("a pipeline without contradictions");
    pipeline
}

/// A stage with whatever else it has.
#[must_use]
pub fn with(mut stage: Value, further: &Value) -> Value {
    for (key, value) in further.as_object().into_iter().flatten() {
        stage[key] = value.clone();
    }
    stage
}

fn stage(name: &str, rollout: Value) -> Value {
    json!({
        "name": name, "cluster": name, "service": "api", "containers": ["api"],
        "environment": { "api": { "RELEASE": "${release}", "STAGE": "${stage}" } },
        "engine": rollout,
    })
}

/// `test`: a rolling update, with auto scaling suspended meanwhile.
#[must_use]
pub fn rolling() -> Value {
    with(
        stage("test", json!({ "rolling": {} })),
        &json!({ "auto_scaling": "suspend" }),
    )
}

/// `staging`: by CodeDeploy, with a check once the tests' traffic is on green.
#[must_use]
pub fn codedeploy() -> Value {
    let rollout = json!({ "codedeploy": {
        "application": "shop-staging", "group": "api",
        "configuration": "CodeDeployDefault.ECSCanary10Percent5Minutes",
        "hook": "towpath-lifecycle-hook",
    }});
    with(
        stage("staging", rollout),
        &json!({ "auto_scaling": "suspend",
            "checks": [{ "name": "answers", "at": "after_test_traffic",
                "http": { "url": "http://staging.internal/health", "attempts": 1 } }] }),
    )
}

/// `production`: traffic is moved by ECS itself, with a check once the tests' traffic is on green.
#[must_use]
pub fn native() -> Value {
    with(
        stage(
            "production",
            json!({ "ecs": { "hook": "towpath-lifecycle-hook" } }),
        ),
        &json!({ "auto_scaling": "suspend",
            "checks": [{ "name": "answers", "at": "after_test_traffic",
                "http": { "url": "http://production.internal/health", "attempts": 1 } }] }),
    )
}

/// The stage, with an approval by `U1`, `U2` or the e-mailed token, at that point.
#[must_use]
pub fn approved(stage: Value, when: &str) -> Value {
    let approval = json!({ "slack": ["U1", "U2"], "sns": true, "when": when, "expires": "4h" });
    with(stage, &json!({ "approval": approval }))
}

/// The stage, with an approval by the e-mailed token alone.
#[must_use]
pub fn approved_by_message(stage: Value, when: &str) -> Value {
    with(
        stage,
        &json!({ "approval": { "sns": true, "when": when, "expires": "4h" } }),
    )
}

/// The stage, where a task comes before the rollout and what serves is watched.
#[must_use]
pub fn careful(stage: Value) -> Value {
    let mut checks = stage["checks"].as_array().cloned().unwrap_or_default();
    checks.push(json!({ "name": "migrate", "at": "before_install",
        "task": { "container": "api", "command": ["./migrate"] } }));
    checks.push(json!({ "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } }));
    with(stage, &json!({ "bake": "10m", "checks": checks }))
}
