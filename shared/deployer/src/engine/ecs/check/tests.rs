use serde_json::json;

use super::*;

fn service(configuration: Value) -> Value {
    json!({
        "deploymentConfiguration": configuration,
        "loadBalancers": [{"targetGroupArn": "blue", "advancedConfiguration": {
            "alternateTargetGroupArn": "green", "productionListenerRule": "rule", "roleArn": "role"}}],
    })
}

fn blue_green(hooks: Value) -> Value {
    service(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "lifecycleHooks": hooks}))
}

fn checked(service: &Value, checkpoints: &Checkpoints) -> Result<Pace, String> {
    let hook = Some("towpath-lifecycle-hook".parse().unwrap());
    check(
        &Service(service),
        &EcsSettings { hook },
        checkpoints,
        &traffic(service),
    )
    .map_err(|misfit| misfit.to_string())
}

/// What is not met, as people read it.
fn says(service: &Value, stage: &Stage, traffic: &[TrafficMechanism]) -> Vec<String> {
    let problems = unmet(service, stage, traffic);
    problems.iter().map(ToString::to_string).collect()
}

/// With a service revision that has no gateway.
fn traffic(service: &Value) -> Vec<TrafficMechanism> {
    TrafficMechanism::of(service, Some(&json!({})))
}

fn pace(configuration: Value) -> u32 {
    checked(&service(configuration), &Checkpoints::default())
        .unwrap()
        .paced_minutes
}

fn refusal(service: &Value, checkpoints: &Checkpoints) -> String {
    checked(service, checkpoints).unwrap_err()
}

const PAUSE: Checkpoints = Checkpoints {
    hooks: Vec::new(),
    pause: true,
};

#[test]
fn the_pace_is_what_shifting_and_baking_take() {
    assert_eq!(
        pace(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5})),
        5
    );
    let canary = json!({"strategy": "CANARY", "bakeTimeInMinutes": 5, "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 30}});
    assert_eq!(pace(canary), 35);
    assert_eq!(pace(json!({"strategy": "CANARY"})), 10);
    for (percent, minutes) in [(25.0, 3), (33.3, 3), (3.0, 33), (100.0, 0)] {
        let linear = json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": 1}});
        assert_eq!(pace(linear), minutes, "{percent}");
    }
    assert_eq!(pace(json!({"strategy": "LINEAR"})), 54);
}

/// ECS shifts them in steps since February 2026, and waits ten minutes after each.
#[test]
fn a_network_load_balancer_takes_ten_minutes_more_for_each_shift() {
    let canary =
        json!({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 30}});
    let linear = json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 1}});
    for (configuration, minutes) in [
        (json!({"strategy": "BLUE_GREEN"}), 10),
        (canary, 30 + 20),
        (linear, 3 + 40),
    ] {
        let mut service = service(configuration);
        let advanced = &mut service["loadBalancers"][0]["advancedConfiguration"];
        advanced["productionListenerRule"] =
            json!("arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/net/shop/1/2");
        let pace = checked(&service, &Checkpoints::default()).unwrap();
        assert_eq!(pace.paced_minutes, minutes);
        let advanced = &mut service["loadBalancers"][0]["advancedConfiguration"];
        advanced["testListenerRule"] = advanced["productionListenerRule"].clone();
        let pace = checked(&service, &Checkpoints::default()).unwrap();
        assert_eq!(pace.paced_minutes, minutes + 10);
    }
}

#[test]
fn a_service_that_ecs_cannot_shift_is_refused() {
    for strategy in [Value::Null, json!("ROLLING")] {
        let said = refusal(
            &service(json!({"strategy": strategy})),
            &Checkpoints::default(),
        );
        assert!(said.contains("strategy is ROLLING"), "{said}");
    }
    let mut lattice = blue_green(json!([]));
    lattice["loadBalancers"] = json!([]);
    lattice["deployments"] = json!([{"status": "PRIMARY", "vpcLatticeConfigurations": [
        {"targetGroupArn": "blue", "advancedConfiguration": {"alternateTargetGroupArn": "green"}}]}]);
    let said = refusal(&lattice, &Checkpoints::default());
    assert!(said.contains("`productionListenerRule`"), "{said}");
    let mut half = blue_green(json!([]));
    half["loadBalancers"][0]["advancedConfiguration"]["roleArn"] = Value::Null;
    assert!(refusal(&half, &Checkpoints::default()).contains("`roleArn`"));
}

#[test]
fn a_service_without_a_load_balancer_is_rolled_out_and_nobody_is_asked_too_late() {
    let pause =
        json!([{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}]);
    let mut headless = blue_green(pause);
    headless["loadBalancers"] = json!([]);
    assert!(checked(&headless, &Checkpoints::default()).is_ok());
    let said = refusal(&headless, &PAUSE);
    assert!(said.contains("ask `before_rollout`"), "{said}");
    for way in [
        json!({"vpcLatticeConfigurations": [{"targetGroupArn": "blue", "advancedConfiguration": {
            "alternateTargetGroupArn": "green", "productionListenerRule": "rule"}}]}),
        json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": "http"}]}}),
    ] {
        let mut reached = headless.clone();
        reached["deployments"] = json!([way]);
        reached["deployments"][0]["status"] = json!("PRIMARY");
        assert!(checked(&reached, &PAUSE).is_ok(), "{reached}");
    }
    // What cannot be told is said, and AWS takes it.
    let hook = Some("towpath-lifecycle-hook".parse().unwrap());
    let unknown = [TrafficMechanism::Unknown];
    assert!(check(&Service(&headless), &EcsSettings { hook }, &PAUSE, &unknown).is_ok());
}

#[test]
fn a_stage_that_asks_people_needs_a_pause_that_waits_for_them() {
    let pause = |stage: &str, timeout: Value| {
        blue_green(
            json!([{"targetType": "PAUSE", "lifecycleStages": [stage], "timeoutConfiguration": timeout}]),
        )
    };
    let none = refusal(&blue_green(json!([])), &PAUSE);
    assert!(none.contains("does not pause"), "{none}");
    let early = refusal(&pause("PRE_SCALE_UP", Value::Null), &PAUSE);
    assert!(early.contains("does not pause"), "{early}");
    let through = pause("POST_TEST_TRAFFIC_SHIFT", json!({"action": "CONTINUE"}));
    assert!(refusal(&through, &PAUSE).contains("goes on when its time is up"));
    for (timeout, minutes) in [(json!({"timeoutInMinutes": 60}), 60), (Value::Null, 1440)] {
        let waits = pause("PRE_PRODUCTION_TRAFFIC_SHIFT", timeout);
        let pace = checked(&waits, &PAUSE).unwrap();
        assert_eq!(pace.ready_minutes, Some(minutes));
    }
}

#[test]
fn people_are_not_asked_before_the_last_check_has_run() {
    let ours = "arn:aws:lambda:eu-west-1:111111111111:function:towpath-lifecycle-hook";
    let pausing = |stage: &str| {
        blue_green(json!([
            { "hookTargetArn": ours,
              "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"] },
            { "targetType": "PAUSE", "lifecycleStages": [stage] },
        ]))
    };
    let asked_after = |point| Checkpoints {
        hooks: vec![point],
        pause: true,
    };
    let (test, before) = (HookPoint::AfterTestTraffic, HookPoint::BeforeTraffic);
    assert!(checked(&pausing("POST_TEST_TRAFFIC_SHIFT"), &asked_after(test)).is_ok());
    assert!(
        checked(
            &pausing("PRE_PRODUCTION_TRAFFIC_SHIFT"),
            &asked_after(before)
        )
        .is_ok()
    );
    let said = refusal(&pausing("POST_TEST_TRAFFIC_SHIFT"), &asked_after(before));
    assert!(
        said.contains("from POST_TEST_TRAFFIC_SHIFT to PRE_PRODUCTION_TRAFFIC_SHIFT"),
        "{said}"
    );
}

#[test]
fn what_a_stage_misses_is_told_and_its_hooks_are_found() {
    let stage = |rollout: Value| -> Stage {
        serde_json::from_value(
            json!({ "name": "production", "cluster": "shop", "service": "api",
            "containers": ["app"], "engine": rollout,
            "checks": [{ "name": "health", "http": { "url": "http://a.example.com/" } }] }),
        )
        .unwrap()
    };
    let ours = "arn:aws:lambda:eu-west-1:111111111111:function:towpath-lifecycle-hook";
    let fine = blue_green(json!([
        { "hookTargetArn": ours, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"] },
        { "hookTargetArn": "arn:aws:lambda:x:1:function:other", "lifecycleStages": ["PRE_SCALE_UP"] },
        { "targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"] },
    ]));
    let native = stage(json!({ "ecs": { "hook": "towpath-lifecycle-hook" } }));
    assert_eq!(says(&fine, &native, &traffic(&fine)), [""; 0]);
    let said = says(&blue_green(json!([])), &native, &[]);
    assert!(said[0].contains("traffic would move unchecked"), "{said:?}");
    // All of it at once: the hook, the pause, and what shifts the traffic.
    let mut asking = native.clone();
    asking.approval =
        Some(serde_json::from_value(json!({ "sns": true, "when": "before_traffic" })).unwrap());
    let mut bare = blue_green(json!([]));
    bare["loadBalancers"] = json!([{ "targetGroupArn": "arn:blue" }]);
    let said = says(&bare, &asking, &[]);
    for part in [
        "no `alternateTargetGroupArn` and no `productionListenerRule` and no `roleArn`",
        "traffic would move unchecked",
        "the service does not pause",
    ] {
        assert_eq!(
            said.iter().filter(|one| one.contains(part)).count(),
            1,
            "{said:?}"
        );
    }
    assert_eq!(said.len(), 3, "{said:?}");
    let rolling = stage(json!({ "rolling": {} }));
    assert_eq!(says(&json!({}), &rolling, &[]), [""; 0]);

    let function = "towpath-lifecycle-hook".parse().unwrap();
    let found = hooks_to(&fine, &function);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["hookTargetArn"], ours);
}

#[test]
fn checks_need_a_hook_to_the_function_at_their_stage() {
    let checkpoints = Checkpoints {
        hooks: vec![HookPoint::AfterTestTraffic],
        pause: false,
    };
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:111111111111:function:{name}");
    let hook = |name: &str, stage: &str, action: &str| {
        blue_green(
            json!([{"hookTargetArn": arn(name), "lifecycleStages": [stage], "timeoutConfiguration": {"action": action}}]),
        )
    };
    let (ours, at) = ("towpath-lifecycle-hook", "POST_TEST_TRAFFIC_SHIFT");
    assert!(checked(&hook(ours, at, "ROLLBACK"), &checkpoints).is_ok());
    for wrong in [
        blue_green(json!([])),
        hook("another", at, "ROLLBACK"),
        hook(ours, "POST_SCALE_UP", "ROLLBACK"),
    ] {
        let said = refusal(&wrong, &checkpoints);
        assert!(said.contains("traffic would move unchecked"), "{said}");
    }
    let said = refusal(&hook(ours, at, "CONTINUE"), &checkpoints);
    assert!(said.contains("goes on when its time is up"), "{said}");

    let named = EcsSettings {
        hook: Some(arn(ours).parse().unwrap()),
    };
    assert!(
        check(
            &Service(&hook(ours, at, "ROLLBACK")),
            &named,
            &checkpoints,
            &[]
        )
        .is_ok()
    );
    let unnamed = check(
        &Service(&hook(ours, at, "ROLLBACK")),
        &EcsSettings::default(),
        &checkpoints,
        &[],
    );
    assert!(
        unnamed
            .unwrap_err()
            .to_string()
            .contains("names no `hook` function")
    );
}
