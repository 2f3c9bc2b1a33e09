//! Native blue/green, linear and canary deployments.

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::bench::{ACCOUNT, Bench, PRODUCTION, REGION, TEST, text};

pub(crate) const EVENT: &str = "ECS Hook State Change";

pub(crate) fn pause(stages: &[&str], more: Value) -> Value {
    let mut hook = json!({"targetType": "PAUSE", "lifecycleStages": stages});
    if let (Some(hook), Some(more)) = (hook.as_object_mut(), more.as_object()) {
        hook.extend(more.clone());
    }
    hook
}

pub(crate) fn configuration(strategy: &str, hooks: &[Value]) -> Value {
    json!({"strategy": strategy, "bakeTimeInMinutes": 5, "lifecycleHooks": hooks})
}

pub(crate) fn bench(configuration: Value) -> Bench {
    let mut bench = Bench::with_image();
    bench.native_service(configuration);
    bench.events.clear();
    bench
}

/// Updates the service to a tag; answers with the ARN of the service deployment.
pub(crate) fn update(bench: &mut Bench, tag: &str) -> String {
    let definition = bench.register(tag);
    let input = json!({"cluster": "shop", "service": "api", "taskDefinition": definition});
    text(&bench.ecs("UpdateService", input)["service"]["currentServiceDeployment"])
}

pub(crate) fn deployment(bench: &mut Bench, arn: &str) -> Value {
    bench.ecs(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": [arn]}),
    )["serviceDeployments"][0]
        .clone()
}

pub(crate) fn status(bench: &mut Bench, arn: &str) -> String {
    text(&deployment(bench, arn)["status"])
}

pub(crate) fn stage(bench: &mut Bench, arn: &str) -> String {
    deployment(bench, arn)["lifecycleStage"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn blue_green_shifts_test_then_production_and_bakes() {
    let mut bench = bench(configuration("BLUE_GREEN", &[]));
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    assert_eq!(status(&mut bench, &arn), "PENDING");
    bench.until(60, "test traffic", |bench| {
        bench.get(TEST).body.contains(&new)
    });
    assert_eq!(bench.share(&new), 0);
    bench.until(60, "production", |bench| bench.share(&new) == 10);
    bench.until(60, "the bake", |bench| stage(bench, &arn) == "BAKE_TIME");
    assert_eq!(bench.describe()["runningCount"], 4, "blue waits");
    bench.pass(290);
    assert_eq!(status(&mut bench, &arn), "IN_PROGRESS");
    bench.until(60, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
    let service = bench.describe();
    assert_eq!(service["runningCount"], 2);
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        bench.details("ECS Deployment State Change", "eventName"),
        [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED"
        ]
    );

    // And back again onto the first target group.
    let third = bench.push("v3", Behaviour::Healthy);
    let next = update(&mut bench, "v3");
    bench.until(900, "the next", |bench| {
        status(bench, &next) == "SUCCESSFUL"
    });
    assert_eq!(bench.share(&third), 10);
}

#[test]
fn a_pause_waits_for_its_action() {
    for (action, expected) in [
        ("CONTINUE", "SUCCESSFUL"),
        ("ROLLBACK", "ROLLBACK_SUCCESSFUL"),
    ] {
        let mut bench = bench(configuration(
            "BLUE_GREEN",
            &[pause(&["POST_TEST_TRAFFIC_SHIFT"], json!({}))],
        ));
        bench.push("v2", Behaviour::Healthy);
        let arn = update(&mut bench, "v2");
        bench.until(120, "the pause", |bench| {
            bench.details(EVENT, "eventName") == ["HOOK_AWAITING_ACTION"]
        });
        let hook = deployment(&mut bench, &arn)["lifecycleHookDetails"][0].clone();
        assert_eq!(hook["status"], "AWAITING_ACTION");
        assert_eq!(hook["timeoutAction"], "ROLLBACK");
        assert_eq!(bench.details(EVENT, "hookId"), [text(&hook["hookId"])]);
        bench.pass(3600);
        assert_eq!(status(&mut bench, &arn), "IN_PROGRESS");
        let wrong =
            json!({"serviceDeploymentArn": arn, "hookId": "ecs-pause-other", "action": action});
        assert_eq!(
            bench.refused("ecs", "ContinueServiceDeployment", wrong),
            "InvalidParameterException"
        );
        let right =
            json!({"serviceDeploymentArn": arn, "hookId": hook["hookId"], "action": action});
        bench.ecs("ContinueServiceDeployment", right.clone());
        assert_eq!(
            bench.refused("ecs", "ContinueServiceDeployment", right),
            "InvalidParameterException"
        );
        bench.until(600, expected, |bench| status(bench, &arn) == expected);
    }
}

#[test]
fn a_pause_that_nobody_ends_does_what_it_is_configured_to() {
    for (action, expected) in [
        ("CONTINUE", "SUCCESSFUL"),
        ("ROLLBACK", "ROLLBACK_SUCCESSFUL"),
    ] {
        let timeout = json!({"timeoutConfiguration": {"timeoutInMinutes": 10, "action": action}});
        let mut bench = bench(configuration(
            "BLUE_GREEN",
            &[pause(&["PRE_PRODUCTION_TRAFFIC_SHIFT"], timeout)],
        ));
        bench.push("v2", Behaviour::Healthy);
        let arn = update(&mut bench, "v2");
        bench.until(120, "the pause", |bench| {
            bench.details(EVENT, "eventName").len() == 1
        });
        bench.pass(599);
        assert_eq!(bench.details(EVENT, "eventName"), ["HOOK_AWAITING_ACTION"]);
        bench.pass(1);
        assert_eq!(
            bench.details(EVENT, "eventName"),
            ["HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"]
        );
        bench.until(600, expected, |bench| status(bench, &arn) == expected);
    }
}

#[test]
fn a_linear_deployment_pauses_before_every_step_with_a_new_id() {
    let mut settings = configuration(
        "LINEAR",
        &[pause(&["PRE_PRODUCTION_TRAFFIC_SHIFT"], json!({}))],
    );
    settings["linearConfiguration"] = json!({"stepPercent": 40.0, "stepBakeTimeInMinutes": 2});
    let mut bench = bench(settings);
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    let mut ids = Vec::new();
    for (at, share) in [4, 8, 10].into_iter().enumerate() {
        bench.until(300, "the pause", |bench| {
            bench
                .details(EVENT, "eventName")
                .iter()
                .filter(|name| *name == "HOOK_AWAITING_ACTION")
                .count()
                == at + 1
        });
        let hook = text(&deployment(&mut bench, &arn)["lifecycleHookDetails"][0]["hookId"]);
        assert!(!ids.contains(&hook));
        ids.push(hook.clone());
        bench.ecs(
            "ContinueServiceDeployment",
            json!({"serviceDeploymentArn": arn, "hookId": hook, "action": "CONTINUE"}),
        );
        assert_eq!(bench.share(&new), share);
    }
    bench.until(600, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
}

#[test]
fn a_canary_bakes_before_the_rest_follows() {
    let mut settings = configuration("CANARY", &[]);
    settings["canaryConfiguration"] = json!({"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 3});
    let mut bench = bench(settings);
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the canary", |bench| bench.share(&new) == 1);
    let held = deployment(&mut bench, &arn);
    assert_eq!(
        held["targetServiceRevision"]["requestedProductionTrafficWeight"],
        10.0
    );
    assert_eq!(
        held["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"],
        90.0
    );
    bench.pass(170);
    assert_eq!(bench.share(&new), 1);
    bench.pass(15);
    assert_eq!(bench.share(&new), 10);
}

#[test]
fn an_alarm_rolls_back_until_clean_up() {
    let mut settings = configuration("BLUE_GREEN", &[]);
    settings["alarms"] = json!({"alarmNames": ["5xx"], "enable": true, "rollback": true});
    let mut bench = bench(settings);
    bench.until(900, "the first", |bench| {
        bench.describe()["deployments"][0]["rolloutState"] == "COMPLETED"
    });
    bench.push("v2", Behaviour::DegradesAfterShift);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the bake", |bench| stage(bench, &arn) == "BAKE_TIME");
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    assert_eq!(status(&mut bench, &arn), "ROLLBACK_IN_PROGRESS");
    assert_eq!(bench.get(PRODUCTION).status, 200);
    bench.until(60, "the rollback", |bench| {
        status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
    });
}

#[test]
fn without_rollback_a_failure_ends_it_where_it_stands() {
    let mut settings = configuration("BLUE_GREEN", &[]);
    settings["alarms"] = json!({"alarmNames": ["5xx"], "enable": true, "rollback": false});
    settings["deploymentCircuitBreaker"] = json!({"enable": true, "rollback": false});
    let mut bench = bench(settings);
    bench.until(900, "the first", |bench| {
        bench.describe()["deployments"][0]["rolloutState"] == "COMPLETED"
    });
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the bake", |bench| stage(bench, &arn) == "BAKE_TIME");
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    assert_eq!(status(&mut bench, &arn), "STOPPED");
    bench.pass(600);
    let primary = bench.describe()["deployments"][0].clone();
    assert_eq!(primary["rolloutState"], "FAILED");
    assert_eq!(bench.share(&new), 10, "what failed still serves");

    // Another deployment starts from what completed last.
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", false, bench.now);
    bench.push("v3", Behaviour::CrashLoop);
    let third = update(&mut bench, "v3");
    bench.until(600, "the third", |bench| status(bench, &third) == "STOPPED");
    let last = bench.push("v4", Behaviour::Healthy);
    let fourth = update(&mut bench, "v4");
    bench.until(900, "the fourth", |bench| {
        status(bench, &fourth) == "SUCCESSFUL"
    });
    assert_eq!(bench.share(&last), 10);
}

#[test]
fn an_alarm_that_is_on_already_is_not_looked_at() {
    let mut settings = configuration("BLUE_GREEN", &[]);
    settings["alarms"] = json!({"alarmNames": ["5xx"], "enable": true, "rollback": true});
    let mut bench = bench(settings);
    bench.until(900, "the first", |bench| {
        bench.describe()["deployments"][0]["rolloutState"] == "COMPLETED"
    });
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(900, "the second", |bench| {
        status(bench, &arn) == "SUCCESSFUL"
    });
}

#[test]
fn a_stop_rolls_back_once() {
    let mut bench = bench(configuration("BLUE_GREEN", &[]));
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the bake", |bench| stage(bench, &arn) == "BAKE_TIME");
    let abort = json!({"serviceDeploymentArn": arn, "stopType": "ABORT"});
    assert_eq!(
        bench.refused("ecs", "StopServiceDeployment", abort),
        "InvalidParameterException"
    );
    bench.ecs(
        "StopServiceDeployment",
        json!({"serviceDeploymentArn": arn}),
    );
    assert_eq!(status(&mut bench, &arn), "ROLLBACK_REQUESTED");
    assert_eq!(
        bench.refused(
            "ecs",
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": arn})
        ),
        "ConflictException"
    );
    bench.pass(2);
    assert_eq!(status(&mut bench, &arn), "ROLLBACK_IN_PROGRESS");
    bench.until(60, "the rollback", |bench| {
        status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
    });
    let unknown = json!({"serviceDeploymentArn": "arn:aws:ecs:eu-central-1:111111111111:service-deployment/shop/api/x"});
    assert_eq!(
        bench.refused("ecs", "StopServiceDeployment", unknown),
        "ServiceDeploymentNotFoundException"
    );
}

#[test]
fn crashing_green_trips_the_breaker_or_times_out() {
    for (enabled, within) in [(true, 900), (false, 90_000)] {
        let mut settings = configuration("BLUE_GREEN", &[]);
        settings["deploymentCircuitBreaker"] = json!({"enable": enabled, "rollback": true});
        let mut bench = bench(settings);
        bench.push("v2", Behaviour::CrashLoop);
        let arn = update(&mut bench, "v2");
        bench.until(within, "the rollback", |bench| {
            status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
        });
        assert_eq!(bench.describe()["runningCount"], 2);
        assert_eq!(bench.get(PRODUCTION).status, 200);
    }
}

#[test]
fn a_newer_update_supersedes_one_that_waits() {
    let mut bench = bench(configuration(
        "BLUE_GREEN",
        &[pause(&["POST_TEST_TRAFFIC_SHIFT"], json!({}))],
    ));
    bench.push("v2", Behaviour::Healthy);
    let third = bench.push("v3", Behaviour::Healthy);
    let first = update(&mut bench, "v2");
    bench.until(120, "the pause", |bench| {
        stage(bench, &first) == "POST_TEST_TRAFFIC_SHIFT"
    });
    let second = update(&mut bench, "v3");
    assert_eq!(status(&mut bench, &first), "STOPPED");
    bench.until(120, "its pause", |bench| {
        stage(bench, &second) == "POST_TEST_TRAFFIC_SHIFT"
    });
    assert!(bench.get(TEST).body.contains(&third));
    let hook = deployment(&mut bench, &second)["lifecycleHookDetails"][0]["hookId"].clone();
    bench.ecs(
        "ContinueServiceDeployment",
        json!({"serviceDeploymentArn": second, "hookId": hook, "action": "CONTINUE"}),
    );
    bench.until(600, "the end", |bench| {
        status(bench, &second) == "SUCCESSFUL"
    });
    bench.pass(60);
    let service = bench.describe();
    assert_eq!(service["runningCount"], 2);
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(bench.share(&third), 10);
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let mut bench = bench(configuration("BLUE_GREEN", &[]));
    let pauses: Vec<Value> = (0..11)
        .map(|_| pause(&["POST_SCALE_UP"], json!({})))
        .collect();
    let wrong = [
        json!({"strategy": "SIDEWAYS"}),
        json!({"lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}]}),
        json!({"lifecycleHooks": [pause(&["TEST_TRAFFIC_SHIFT"], json!({}))]}),
        json!({"lifecycleHooks": [pause(&["SCALE_UP"], json!({}))]}),
        json!({"lifecycleHooks": [pause(&["POST_SCALE_UP"], json!({"timeoutConfiguration": {"timeoutInMinutes": 20161}}))]}),
        json!({"lifecycleHooks": pauses}),
        json!({"canaryConfiguration": {"canaryPercent": 0.05}}),
        json!({"linearConfiguration": {"stepPercent": 2.0}}),
        json!({"bakeTimeInMinutes": 1441}),
    ];
    for configuration in wrong {
        let input =
            json!({"cluster": "shop", "service": "api", "deploymentConfiguration": configuration});
        assert_eq!(
            bench.refused("ecs", "UpdateService", input),
            "InvalidParameterException",
            "{configuration}"
        );
    }
}
