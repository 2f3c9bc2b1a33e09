//! Functions as lifecycle hooks of native deployments.

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::{
    bench::{Bench, PRODUCTION, TEST, text},
    native::{EVENT, bench, configuration, deployment, stage, status, update},
};

const HOOK: &str = "arn:aws:lambda:eu-central-1:111111111111:function:check";
fn lambda(stages: &[&str]) -> Value {
    json!({"hookTargetArn": HOOK, "roleArn": "arn:aws:iam::111111111111:role/ecs", "lifecycleStages": stages})
}

/// Answers the hook that was invoked last.
fn answer(bench: &mut Bench, answer: Result<Value, String>) {
    let token = bench.tokens.last().copied().expect("a hook was invoked");
    bench.answer(token, answer);
}

fn succeed(bench: &mut Bench) {
    answer(bench, Ok(json!({"hookStatus": "SUCCEEDED"})));
}

#[test]
fn hooks_are_asked_at_their_stages_with_the_documented_payload() {
    let stages = [
        "PRE_SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ];
    let mut bench = bench(configuration("BLUE_GREEN", &[lambda(&stages)]));
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    for (at, expected) in stages.iter().enumerate() {
        bench.until(120, expected, |bench| bench.invocations.len() == at + 1);
        assert_eq!(stage(&mut bench, &arn), *expected);
        let held = deployment(&mut bench, &arn);
        assert_eq!(held["lifecycleHookDetails"][0]["status"], "IN_PROGRESS");
        assert_eq!(held["lifecycleHookDetails"][0]["targetArn"], HOOK);
        let (function, payload) = bench.invocations.last().cloned().expect("an invocation");
        assert_eq!(function, HOOK);
        assert_eq!(payload["lifecycleStage"], *expected);
        assert_eq!(payload["resourceArn"], json!(arn));
        let details = &payload["executionDetails"];
        let (green, blue) = (
            text(&held["targetServiceRevision"]["arn"]),
            text(&held["sourceServiceRevisions"][0]["arn"]),
        );
        assert_eq!(details["targetServiceRevisionArn"], json!(green));
        let weights = |share: u64| json!({green.clone(): share, blue.clone(): 100 - share});
        let test = if *expected == "TEST_TRAFFIC_SHIFT" {
            weights(100)
        } else {
            json!({})
        };
        let production = match *expected {
            "PRE_PRODUCTION_TRAFFIC_SHIFT" => weights(0),
            "PRODUCTION_TRAFFIC_SHIFT" => weights(100),
            _other => json!({}),
        };
        assert_eq!(details["testTrafficWeights"], test, "{expected}");
        assert_eq!(
            details["productionTrafficWeights"], production,
            "{expected}"
        );
        succeed(&mut bench);
    }
    bench.until(400, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
    assert_eq!(bench.invocations.len(), stages.len());
    assert_eq!(bench.details(EVENT, "eventName").len(), 2 * stages.len());
}

#[test]
fn a_hook_in_progress_is_asked_again_with_its_details() {
    let mut bench = bench(configuration(
        "BLUE_GREEN",
        &[lambda(&["POST_TEST_TRAFFIC_SHIFT"])],
    ));
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the hook", |bench| bench.invocations.len() == 1);
    answer(
        &mut bench,
        Ok(json!({"hookStatus": "IN_PROGRESS", "callBackDelay": 90, "hookDetails": {"round": 1}})),
    );
    bench.pass(89);
    assert_eq!(bench.invocations.len(), 1);
    bench.pass(1);
    assert_eq!(bench.invocations.len(), 2);
    assert_eq!(
        bench
            .invocations
            .last()
            .map(|(_, payload)| payload["hookDetails"].clone()),
        Some(json!({"round": 1}))
    );
    answer(&mut bench, Ok(json!({"hookStatus": "IN_PROGRESS"})));
    bench.pass(30);
    assert_eq!(bench.invocations.len(), 3, "30 seconds by default");
    succeed(&mut bench);
    bench.until(600, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
}

#[test]
fn whatever_is_not_a_good_answer_rolls_back() {
    let answers = [
        Ok(json!({"hookStatus": "FAILED"})),
        Ok(json!({"hookStatus": "MAYBE"})),
        Ok(json!({})),
        Ok(Value::Null),
        Err("Runtime.ExitError".to_owned()),
    ];
    for given in answers {
        let mut bench = bench(configuration(
            "BLUE_GREEN",
            &[lambda(&["POST_TEST_TRAFFIC_SHIFT"])],
        ));
        let new = bench.push("v2", Behaviour::UnhealthyGreen);
        let before = bench.describe();
        let arn = update(&mut bench, "v2");
        bench.until(120, "the hook", |bench| bench.invocations.len() == 1);
        answer(&mut bench, given);
        assert_eq!(status(&mut bench, &arn), "ROLLBACK_IN_PROGRESS");
        assert!(!bench.get(TEST).body.contains(&new), "traffic first");
        bench.until(60, "the rollback", |bench| {
            status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
        });
        let held = deployment(&mut bench, &arn);
        assert_eq!(
            held["rollback"]["serviceRevisionArn"],
            held["sourceServiceRevisions"][0]["arn"]
        );
        let after = bench.describe();
        assert_eq!(after["taskDefinition"], before["taskDefinition"]);
        assert_eq!(
            after["deployments"][0]["id"],
            before["deployments"][0]["id"]
        );
        assert_eq!(after["runningCount"], 2);
    }
}

#[test]
fn a_rollback_after_the_shift_asks_the_shift_hooks_again() {
    let hook = lambda(&[
        "TEST_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ]);
    let mut bench = bench(configuration("BLUE_GREEN", &[hook]));
    let new = bench.push("v2", Behaviour::DegradesAfterShift);
    let arn = update(&mut bench, "v2");
    for round in 1..=2 {
        bench.until(120, "a hook", |bench| bench.invocations.len() == round);
        succeed(&mut bench);
    }
    bench.until(120, "the last hook", |bench| bench.invocations.len() == 3);
    assert_eq!(bench.get(PRODUCTION).status, 500);
    answer(&mut bench, Ok(json!({"hookStatus": "FAILED"})));
    assert_eq!(bench.share(&new), 0);
    assert_eq!(bench.get(PRODUCTION).status, 200);
    let (_, payload) = bench.invocations.last().cloned().expect("asked again");
    assert_eq!(payload["lifecycleStage"], "PRODUCTION_TRAFFIC_SHIFT");
    let target = text(&payload["executionDetails"]["targetServiceRevisionArn"]);
    assert_eq!(
        payload["executionDetails"]["productionTrafficWeights"][&target],
        0
    );
    succeed(&mut bench);
    assert_eq!(
        bench
            .invocations
            .last()
            .map(|(_, payload)| payload["lifecycleStage"].clone()),
        Some(json!("TEST_TRAFFIC_SHIFT"))
    );
    succeed(&mut bench);
    bench.until(60, "the rollback", |bench| {
        status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
    });
}

#[test]
fn late_and_unknown_answers_change_nothing() {
    let mut bench = bench(configuration("BLUE_GREEN", &[lambda(&["PRE_SCALE_UP"])]));
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the hook", |bench| bench.tokens.len() == 1);
    bench.ecs(
        "StopServiceDeployment",
        json!({"serviceDeploymentArn": arn}),
    );
    answer(&mut bench, Err("too late".to_owned()));
    bench.answer(4711, Ok(json!({"hookStatus": "FAILED"})));
    bench.until(60, "the rollback", |bench| {
        status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
    });
}

#[test]
fn all_hooks_of_a_stage_must_be_through() {
    let pause = json!({"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]});
    let mut bench = bench(configuration(
        "BLUE_GREEN",
        &[lambda(&["POST_SCALE_UP"]), pause],
    ));
    bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the hooks", |bench| bench.invocations.len() == 1);
    succeed(&mut bench);
    bench.pass(60);
    assert_eq!(stage(&mut bench, &arn), "POST_SCALE_UP");
    let details = deployment(&mut bench, &arn)["lifecycleHookDetails"].clone();
    assert_eq!(details[0]["status"], "SUCCEEDED");
    assert_eq!(details[1]["status"], "AWAITING_ACTION");
    let input =
        json!({"serviceDeploymentArn": arn, "hookId": details[1]["hookId"], "action": "CONTINUE"});
    bench.ecs("ContinueServiceDeployment", input);
    bench.until(600, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
}

#[test]
fn a_pause_beside_a_failed_hook_is_over() {
    let pause = json!({"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]});
    let mut bench = bench(configuration(
        "BLUE_GREEN",
        &[lambda(&["POST_SCALE_UP"]), pause],
    ));
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the hooks", |bench| bench.invocations.len() == 1);
    let hook = deployment(&mut bench, &arn)["lifecycleHookDetails"][1]["hookId"].clone();
    answer(&mut bench, Ok(json!({"hookStatus": "FAILED"})));
    let input = json!({"serviceDeploymentArn": arn, "hookId": hook, "action": "CONTINUE"});
    assert_eq!(
        bench.refused("ecs", "ContinueServiceDeployment", input),
        "InvalidParameterException"
    );
    bench.until(120, "the rollback", |bench| {
        status(bench, &arn) == "ROLLBACK_SUCCESSFUL"
    });
    assert_eq!(bench.share(&new), 0);
}

#[test]
fn a_hook_that_fails_during_the_rollback_fails_it_with_traffic_on_blue() {
    let hook = lambda(&["TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"]);
    let mut bench = bench(configuration("BLUE_GREEN", &[hook]));
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = update(&mut bench, "v2");
    bench.until(120, "the shift", |bench| bench.invocations.len() == 1);
    succeed(&mut bench);
    bench.until(120, "the check", |bench| bench.invocations.len() == 2);
    answer(&mut bench, Ok(json!({"hookStatus": "FAILED"})));
    assert_eq!(
        bench.invocations.len(),
        3,
        "the shift's hook is asked again"
    );
    answer(&mut bench, Err("it broke".to_owned()));
    bench.until(60, "the end", |bench| {
        status(bench, &arn) == "ROLLBACK_FAILED"
    });
    assert_eq!(bench.share(&new), 0);
    assert_eq!(bench.describe()["runningCount"], 2);
}
