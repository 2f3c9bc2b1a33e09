//! Images that are in another account than the tasks that pull them.

use serde_json::json;
use towpath_lab_world::{Call, Push};

use crate::bench::{ACCOUNT, Bench, REGION};

const TOOLS: &str = "333333333333";

/// A bench whose image is in another account's repository.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.ecs("CreateCluster", json!({"clusterName": "shop"}));
    in_tools(
        &mut bench,
        "CreateRepository",
        &json!({"repositoryName": "shop-api"}),
    );
    let push = Push {
        repository: "shop-api".to_owned(),
        tag: Some("v1".to_owned()),
        ..Push::default()
    };
    let pushed = bench.world.push(TOOLS, REGION, &push, bench.now);
    pushed.expect("the push is taken");
    bench.ecs("RegisterTaskDefinition", json!({
        "family": "job", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": format!("{TOOLS}.dkr.ecr.{REGION}.amazonaws.com/shop-api:v1")}],
    }));
    bench
}

fn in_tools(bench: &mut Bench, operation: &str, input: &serde_json::Value) {
    let call = Call {
        account: TOOLS,
        region: REGION,
        principal: "root",
        service: "ecr",
        operation,
        input,
    };
    bench.world.call(&call, bench.now).expect("ECR says yes");
}

fn allow(bench: &mut Bench, principal: &str, actions: &[&str]) {
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}]});
    let input = json!({"repositoryName": "shop-api", "policyText": policy.to_string()});
    in_tools(bench, "SetRepositoryPolicy", &input);
}

/// Runs the task, and says why it could not pull.
fn run(bench: &mut Bench) -> Vec<String> {
    bench.ecs("RunTask", json!({"cluster": "shop", "taskDefinition": "job", "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}}));
    bench.events.clear();
    bench.pass(30);
    let mut reasons = bench.details("ECS Task State Change", "stoppedReason");
    reasons.retain(|reason| reason.starts_with("CannotPullContainerError"));
    reasons
}

#[test]
fn a_repository_lets_other_accounts_pull_by_its_policy_only() {
    let mut bench = bench();
    let pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    let reasons = run(&mut bench);
    assert!(
        reasons
            .iter()
            .any(|reason| reason.ends_with("403 Forbidden")),
        "{reasons:?}"
    );
    allow(
        &mut bench,
        &format!("arn:aws:iam::{ACCOUNT}:root"),
        &pull[..1],
    );
    assert!(!run(&mut bench).is_empty(), "layers are needed as well");
    allow(&mut bench, "arn:aws:iam::444444444444:root", &pull);
    assert!(!run(&mut bench).is_empty(), "another account was let in");
    allow(&mut bench, &format!("arn:aws:iam::{ACCOUNT}:root"), &pull);
    assert_eq!(run(&mut bench), Vec::<String>::new());
}
