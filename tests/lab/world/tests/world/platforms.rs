//! Images that are made for another platform than tasks run on, and load balancers that shift
//! otherwise.

use serde_json::{Value, json};
use towpath_lab_world::Push;

use crate::bench::{ACCOUNT, Bench, GREEN, REGION, text};
use crate::native::{configuration, stage, status};

/// Runs one task of an image on a platform; answers with its container's exit code and why it
/// stopped.
fn run(push: Push, launch_type: &str, runtime: Value) -> (Value, String) {
    let mut bench = Bench::with_image();
    let push = Push {
        repository: "shop-api".to_owned(),
        tag: Some("v2".to_owned()),
        ..push
    };
    let pushed = bench.world.push(ACCOUNT, REGION, &push, bench.now);
    pushed.expect("the push is taken");
    let mut definition = json!({
        "family": "job", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": Bench::image("v2")}],
    });
    if !runtime.is_null() {
        definition["runtimePlatform"] = runtime;
    }
    bench.ecs("RegisterTaskDefinition", definition);
    let ran = bench.ecs("RunTask", json!({"cluster": "shop", "taskDefinition": "job", "launchType": launch_type,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}}));
    bench.pass(60);
    let arn = &ran["tasks"][0]["taskArn"];
    let found = bench.ecs("DescribeTasks", json!({"cluster": "shop", "tasks": [arn]}));
    let task = &found["tasks"][0];
    (
        task["containers"][0]["exitCode"].clone(),
        text(&task["stoppedReason"]),
    )
}

fn of(platforms: &[&str], attested: bool) -> Push {
    Push {
        platforms: platforms.iter().map(ToString::to_string).collect(),
        attested,
        ..Push::default()
    }
}

#[test]
fn a_task_runs_what_is_made_for_its_platform_only() {
    let arm = json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
    let works = (json!(0), "Essential container in task exited");
    let crashes = (json!(1), "Essential container in task exited");
    let unpulled = |platform: &str| {
        format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform '{platform}'"
        )
    };
    for (push, launch_type, runtime, (code, said)) in [
        (of(&[], false), "FARGATE", Value::Null, &works),
        (of(&[], true), "FARGATE", Value::Null, &works),
        (of(&["linux/arm64"], false), "FARGATE", arm.clone(), &works),
        (
            of(&["linux/amd64", "linux/arm64"], true),
            "FARGATE",
            arm.clone(),
            &works,
        ),
        (of(&["linux/arm64"], false), "EC2", Value::Null, &works),
        // One image is pulled all the same.
        (
            of(&["linux/arm64"], false),
            "FARGATE",
            Value::Null,
            &crashes,
        ),
        (of(&[], false), "EC2", arm.clone(), &crashes),
    ] {
        let (exit, why) = run(push, launch_type, runtime);
        assert_eq!((&exit, why.as_str()), (code, *said));
    }
    let (exit, why) = run(of(&["linux/arm64"], true), "FARGATE", Value::Null);
    assert_eq!((exit, why), (Value::Null, unpulled("linux/amd64")));
    let (_, why) = run(of(&["linux/amd64", "windows/amd64"], false), "FARGATE", arm);
    assert_eq!(why, unpulled("linux/arm64"));
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html>
#[test]
fn ecs_waits_ten_minutes_after_each_shift_of_a_network_load_balancer() {
    let mut bench = Bench::with_image();
    bench.native_service(configuration("CANARY", &[]));
    let listener = |name: &str| {
        format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/net/shop/1/{name}")
    };
    let mut balancer = bench.describe()["loadBalancers"][0].clone();
    balancer["advancedConfiguration"] = json!({"alternateTargetGroupArn": GREEN,
        "productionListenerRule": listener("prod"), "testListenerRule": listener("test"),
        "roleArn": "arn:aws:iam::111111111111:role/ecs-elb"});
    let definition = bench.register("v1");
    let input = json!({"cluster": "shop", "service": "api", "taskDefinition": definition,
        "loadBalancers": [balancer]});
    let arn = text(&bench.ecs("UpdateService", input)["service"]["currentServiceDeployment"]);
    bench.until(300, "test traffic shifts", |bench| {
        stage(bench, &arn) == "TEST_TRAFFIC_SHIFT"
    });
    bench.pass(9 * 60);
    assert_eq!(stage(&mut bench, &arn), "TEST_TRAFFIC_SHIFT");
    bench.until(120, "a canary", |bench| {
        stage(bench, &arn) == "PRODUCTION_TRAFFIC_SHIFT"
    });
    // Ten minutes of baking, and as many for each of the two shifts.
    bench.pass(29 * 60);
    assert_eq!(stage(&mut bench, &arn), "PRODUCTION_TRAFFIC_SHIFT");
    bench.until(600, "the end", |bench| status(bench, &arn) == "SUCCESSFUL");
}
