use super::*;
use crate::pipeline::HookPoint;
use jiff::Timestamp;

fn check() -> TaskCheck {
    serde_json::from_value(json!({
        "container": "app",
        "command": ["./manage", "migrate"],
        "environment": {"MODE": "migrate"},
        "timeout": "10m",
    }))
    .unwrap()
}

fn container() -> ContainerName {
    "app".parse().unwrap()
}

fn arn() -> DeploymentId {
    "arn:aws:ecs:eu-west-1:111111111111:task/test/0123abcd"
        .parse()
        .unwrap()
}

fn revision() -> TaskDefinitionArn {
    "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8"
        .parse()
        .unwrap()
}

fn after(seconds: i64) -> Watch {
    Watch {
        at: HookPoint::BeforeInstall,
        since: Timestamp::UNIX_EPOCH,
        now: Timestamp::from_second(seconds).unwrap(),
        decide: false,
    }
}

fn judged(watch: &Watch, state: &TaskState) -> (Option<bool>, String) {
    match judge_task(&check(), watch, &arn(), state) {
        Finding::Good(detail) => (Some(true), detail),
        Finding::Bad(detail) => (Some(false), detail),
        Finding::Open => (None, String::new()),
    }
}

fn stopped(code: Option<i64>, reason: &str, of_container: Option<&str>) -> TaskState {
    let task = json!({
        "lastStatus": "STOPPED",
        "stoppedReason": reason,
        "containers": [{"name": "log-router", "exitCode": 0}, {"name": "app", "exitCode": code, "reason": of_container}],
    });
    read_task(Some(&task), &container())
}

#[test]
fn a_task_runs_where_its_service_does() {
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}});
    let service = json!({
        "clusterArn": "arn:aws:ecs:eu-west-1:111111111111:cluster/test",
        "launchType": "FARGATE",
        "capacityProviderStrategy": [],
        "platformVersion": "1.4.0",
        "networkConfiguration": network,
        "loadBalancers": [{}],
    });
    let body = run_task(&service, &check(), &revision(), "towpath/a/b");
    assert_eq!(
        body,
        json!({
            "cluster": "arn:aws:ecs:eu-west-1:111111111111:cluster/test",
            "taskDefinition": revision(),
            "count": 1,
            "startedBy": "towpath/a/b",
            "clientToken": body["clientToken"],
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "networkConfiguration": network,
            "overrides": {"containerOverrides": [{"name": "app", "command": ["./manage", "migrate"],
                "environment": [{"name": "MODE", "value": "migrate"}]}]},
        })
    );
    let token =
        |started_by| run_task(&service, &check(), &revision(), started_by)["clientToken"].clone();
    assert_eq!(token("towpath/a/b"), body["clientToken"]);
    assert_ne!(token("towpath/a/c"), body["clientToken"]);
    let length = body["clientToken"].as_str().unwrap().len();
    assert!(length <= 64, "ECS takes 64 characters, not {length}");
}

#[test]
fn a_strategy_goes_before_a_launch_type_and_a_task_set_speaks_for_its_service() {
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let service = json!({"taskSets": [
        {"status": "ACTIVE", "launchType": "EC2"},
        {"status": "PRIMARY", "launchType": "FARGATE", "capacityProviderStrategy": strategy, "platformVersion": "LATEST"},
    ]});
    let body = run_task(&service, &check(), &revision(), "towpath/a/b");
    assert_eq!(body["capacityProviderStrategy"], strategy);
    assert_eq!(body["launchType"], Value::Null);
    assert_eq!(body["platformVersion"], "LATEST");
    assert_eq!(body["networkConfiguration"], Value::Null);
}

#[test]
fn the_exit_code_of_its_container_decides() {
    let (passed, detail) = judged(
        &after(60),
        &stopped(Some(0), "Essential container in task exited", None),
    );
    assert_eq!(
        (passed, detail.as_str()),
        (Some(true), "`app` of task 0123abcd exited with 0")
    );
    let (passed, detail) = judged(
        &after(60),
        &stopped(
            Some(137),
            "Essential container in task exited",
            Some("OutOfMemoryError: Container killed due to memory usage"),
        ),
    );
    assert_eq!(passed, Some(false));
    assert_eq!(
        detail,
        "`app` of task 0123abcd exited with 137 (OutOfMemoryError: Container killed due to memory \
         usage; Essential container in task exited), expected 0"
    );
    let pull = "CannotPullContainerError: not found";
    let (passed, detail) = judged(&after(60), &stopped(None, pull, Some(pull)));
    assert_eq!(passed, Some(false));
    assert_eq!(
        detail,
        "`app` of task 0123abcd never ran (CannotPullContainerError: not found), expected it to \
         exit with 0"
    );
}

#[test]
fn a_task_has_its_time_and_no_more() {
    let running = TaskState::UnderWay("RUNNING".into());
    assert_eq!(judged(&after(599), &running).0, None);
    let (passed, detail) = judged(&after(600), &running);
    assert_eq!(passed, Some(false));
    assert_eq!(
        detail,
        "task 0123abcd was still RUNNING after 10m, and was stopped"
    );
    let over = Watch {
        decide: true,
        ..after(60)
    };
    assert_eq!(judged(&over, &running).0, Some(false));
}

#[test]
fn what_nobody_knows_is_no() {
    assert_eq!(judged(&after(119), &TaskState::Unknown).0, None);
    let (passed, detail) = judged(&after(120), &TaskState::Unknown);
    assert_eq!(passed, Some(false));
    assert!(detail.contains("does not know task 0123abcd"), "{detail}");
    assert_eq!(read_task(None, &container()), TaskState::Unknown);
    let no_such_container = json!({"lastStatus": "STOPPED", "containers": []});
    assert_eq!(
        judged(
            &after(1),
            &read_task(Some(&no_such_container), &container())
        )
        .0,
        Some(false)
    );
}

#[test]
fn a_log_is_found_by_what_its_container_says() {
    let definition = |log: Value| json!({"taskDefinition": {"containerDefinitions": [{"name": "app", "logConfiguration": log}]}});
    let options = json!({"awslogs-group": "/ecs/shop", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "web"});
    let found = log_stream(
        &definition(json!({"logDriver": "awslogs", "options": options})),
        &container(),
        &arn(),
    )
    .unwrap();
    assert_eq!(found.region.as_str(), "eu-central-1");
    assert_eq!(found.group, "/ecs/shop");
    assert_eq!(found.stream, "web/app/0123abcd");
    for elsewhere in [
        json!({"logDriver": "awsfirelens", "options": options}),
        json!({"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/shop", "awslogs-region": "eu-central-1"}}),
        Value::Null,
    ] {
        assert_eq!(
            log_stream(&definition(elsewhere), &container(), &arn()),
            None
        );
    }
}

#[test]
fn the_end_of_a_log_is_bounded_and_harmless() {
    let lines = |lines: &[&str]| {
        log_tail(
            &lines
                .iter()
                .map(|&line| line.to_owned())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(lines(&[]), None);
    assert_eq!(lines(&["", "\n"]), None);
    assert_eq!(
        lines(&["migrating\n", "\u{1b}[31mno such\ttable\u{202e}"]).unwrap(),
        "migrating |  [31mno such table"
    );
    let many: Vec<_> = (0..100)
        .map(|n| format!("line {n} {}", "x".repeat(90)))
        .collect();
    let tail = log_tail(&many).unwrap();
    assert!(tail.chars().count() <= MAX_TAIL_LEN, "{}", tail.len());
    assert!(tail.contains("line 99 "), "the last lines count: {tail}");
    assert!(!tail.contains("line 0 "), "{tail}");
    let long = log_tail(&["y".repeat(5_000)]).unwrap();
    assert_eq!(long.chars().count(), MAX_TAIL_LEN);
}
