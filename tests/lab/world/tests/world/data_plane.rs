//! What clients see, by the behaviour of the images and the weights of the listeners.

use serde_json::{Value, json};
use towpath_lab_world::{Behaviour, World};

use crate::bench::{Bench, PRODUCTION};

fn running(behaviour: Behaviour) -> (Bench, String) {
    let mut bench = Bench::with_image();
    let digest = bench.push("v1", behaviour);
    bench.service("ECS", 2, json!({}));
    (bench, digest)
}

#[test]
fn a_healthy_answer_says_what_runs() {
    let (mut bench, digest) = running(Behaviour::Healthy);
    let answer = bench.get(PRODUCTION);
    assert_eq!(answer.status, 200);
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body["status"], "ok");
    assert_eq!(body["image"], json!(digest));
    assert_eq!(body["tag"], "v1");
    assert!(
        body["task_definition"]
            .as_str()
            .is_some_and(|arn| arn.ends_with("task-definition/shop-api:1"))
    );
    assert_eq!(
        answer.headers.get("content-type").map(String::as_str),
        Some("application/json")
    );
    assert!(answer.latency_ms < 100);
}

#[test]
fn each_behaviour_shows() {
    for (behaviour, status) in [
        (Behaviour::UnhealthyGreen, 500),
        (Behaviour::CrashLoop, 503),
        (Behaviour::Slow, 200),
        (Behaviour::DegradesAfterShift, 500),
    ] {
        let (mut bench, _) = running(behaviour);
        bench.pass(5);
        let answer = bench.get(PRODUCTION);
        assert_eq!(answer.status, status, "{behaviour:?}");
        assert_eq!(answer.latency_ms >= 3000, behaviour == Behaviour::Slow);
        assert_eq!(behaviour.name().parse(), Ok(behaviour));
    }
    assert!("other".parse::<Behaviour>().is_err());
}

#[test]
fn a_listener_that_nobody_knows_is_unavailable() {
    let mut bench = Bench::new();
    assert_eq!(bench.get("arn:none").status, 503);
    let group = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/empty/1";
    bench.world.forward("arn:empty", &[(group.to_owned(), 1.0)]);
    assert_eq!(bench.get("arn:empty").status, 503);
    assert_eq!(bench.world.forwards("arn:empty"), [(group.to_owned(), 1.0)]);
}

#[test]
fn requests_follow_the_weights_to_within_one() {
    let mut bench = Bench::with_image();
    bench.blue_green(
        json!({"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}),
    );
    let new = bench.push("v2", Behaviour::Healthy);
    bench.deploy("v2", &[], json!({}));
    bench.until(300, "the first step", |bench| bench.share(&new) == 1);
    bench.pass(120);
    let mut hits = 0_i32;
    for request in 1..=100_i32 {
        hits += i32::from(bench.get(PRODUCTION).body.contains(&new));
        assert!(
            (hits * 10 - request * 3).abs() <= 10,
            "{hits} of {request} at 30 percent"
        );
    }
    assert_eq!(hits, 30);
}

#[test]
fn the_same_seed_and_calls_give_the_same_world() {
    let run = |seed: u64| {
        let mut bench = Bench::with_image();
        bench.world = World::new(seed, bench.now);
        bench.events.clear();
        bench.ecs("CreateCluster", json!({"clusterName": "shop"}));
        bench.ecr("CreateRepository", json!({"repositoryName": "shop-api"}));
        bench.push("v1", Behaviour::Healthy);
        bench.blue_green(json!({}));
        bench.push("v2", Behaviour::Healthy);
        bench.deploy("v2", &["BeforeInstall"], json!({}));
        bench.pass(600);
        (bench.events, bench.invocations, bench.world.overview())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).1, run(2).1);
}

#[test]
fn the_overview_shows_what_runs_where() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    let new = bench.push("v2", Behaviour::Healthy);
    bench.deploy("v2", &[], json!({}));
    bench.until(300, "the canary", |bench| bench.share(&new) == 1);
    let overview = bench.world.overview();
    let fleets = &overview["services"][0]["fleets"];
    assert_eq!(fleets[0]["images"], json!([new]));
    assert_eq!(fleets[0]["traffic_weight"], 10.0);
    assert_eq!(fleets[1]["traffic_weight"], 90.0);
    assert_eq!(fleets[1]["status"], "PRIMARY");
    assert_eq!(overview["listeners"].as_array().map(Vec::len), Some(2));
}

#[test]
fn rules_of_a_listener_shift_with_it() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    let rule = format!("{}/1", PRODUCTION.replace(":listener/", ":listener-rule/"));
    let blue = bench
        .world
        .forwards(PRODUCTION)
        .first()
        .map(|(group, _)| group.clone())
        .expect("a target group");
    bench.world.forward(&rule, &[(blue, 1.0)]);
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy(
        "v2",
        &[],
        json!({"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}),
    );
    bench.until(900, "the end", |bench| bench.status(&id) == "Succeeded");
    assert!(
        bench
            .world
            .request(&rule, "/", bench.now)
            .body
            .contains(&new)
    );
    assert!(bench.get(PRODUCTION).body.contains(&new));
}
