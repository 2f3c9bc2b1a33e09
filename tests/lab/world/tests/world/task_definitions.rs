//! Task definitions: kept without loss, with what ECS adds.

use serde_json::{Value, json};

use crate::bench::{Bench, text};

fn definition(more: Value) -> Value {
    let mut input = json!({
        "family": "worker",
        "containerDefinitions": [{"name": "app", "image": "busybox", "memory": 64}],
    });
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    input
}

#[test]
fn nothing_that_is_registered_gets_lost() {
    let mut bench = Bench::new();
    let input = definition(json!({
        "futureMember": {"Deep": [1, 2.5, "", null, {"kEy": false}]},
        "enableFaultInjection": true,
        "containerDefinitions": [{
            "name": "app", "image": "busybox", "memory": 64,
            "dockerLabels": {"Weird.Key": "a=b", "": ""},
            "environment": [{"name": "EMPTY", "value": ""}],
            "command": ["", "a b"],
            "futureContainerMember": 1,
        }],
        "volumes": [{"name": "v", "dockerVolumeConfiguration": {"driverOpts": {"volumetype": "gp2"}}}],
    }));
    bench.ecs("RegisterTaskDefinition", input.clone());
    let described = bench.ecs(
        "DescribeTaskDefinition",
        json!({"taskDefinition": "worker"}),
    )["taskDefinition"]
        .clone();
    let contains = |whole: &Value, part: &Value| {
        part.as_object()
            .into_iter()
            .flatten()
            .all(|(name, value)| name == "containerDefinitions" || whole.get(name) == Some(value))
    };
    assert!(contains(&described, &input), "{described}");
    assert!(contains(
        &described["containerDefinitions"][0],
        &input["containerDefinitions"][0]
    ));
    assert_eq!(
        described["containerDefinitions"][0]["environment"],
        input["containerDefinitions"][0]["environment"]
    );
}

#[test]
fn what_ecs_fills_in_is_shown() {
    let mut bench = Bench::new();
    bench.register("v1");
    let described = bench.ecs(
        "DescribeTaskDefinition",
        json!({"taskDefinition": "shop-api:1"}),
    )["taskDefinition"]
        .clone();
    let container = &described["containerDefinitions"][0];
    assert_eq!(container["cpu"], 0);
    assert_eq!(container["essential"], true);
    assert_eq!(
        container["portMappings"],
        json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}])
    );
    assert_eq!(described["compatibilities"], json!(["EC2", "FARGATE"]));
    assert_eq!(described["revision"], 1);
    assert_eq!(described["status"], "ACTIVE");
    assert_eq!(described["registeredBy"], "arn:aws:iam::111111111111:root");
    assert!(described["registeredAt"].is_f64());
    assert!(
        described["requiresAttributes"].as_array().is_some_and(
            |names| names.contains(&json!({"name": "com.amazonaws.ecs.capability.ecr-auth"}))
        )
    );
}

#[test]
fn tags_come_only_when_asked_for() {
    let mut bench = Bench::new();
    let answer = bench.ecs(
        "RegisterTaskDefinition",
        definition(json!({"tags": [{"key": "a", "value": "1"}]})),
    );
    let arn = text(&answer["taskDefinition"]["taskDefinitionArn"]);
    assert!(answer["taskDefinition"].get("tags").is_none());
    let plain = bench.ecs("DescribeTaskDefinition", json!({"taskDefinition": arn}));
    assert!(plain.get("tags").is_none());
    bench.ecs("TagResource", json!({"resourceArn": arn, "tags": [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]}));
    bench.ecs(
        "UntagResource",
        json!({"resourceArn": arn, "tagKeys": ["b"]}),
    );
    let tagged = bench.ecs(
        "DescribeTaskDefinition",
        json!({"taskDefinition": arn, "include": ["TAGS"]}),
    );
    assert_eq!(tagged["tags"], json!([{"key": "a", "value": "2"}]));
    assert_eq!(
        bench.ecs("ListTagsForResource", json!({"resourceArn": arn}))["tags"],
        tagged["tags"]
    );
}

#[test]
fn a_family_means_its_latest_active_revision() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.ecs("RegisterTaskDefinition", definition(json!({})));
    }
    let gone = bench.ecs(
        "DeregisterTaskDefinition",
        json!({"taskDefinition": "worker:3"}),
    );
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    assert!(gone["taskDefinition"]["deregisteredAt"].is_number());
    assert_eq!(
        bench.ecs(
            "DescribeTaskDefinition",
            json!({"taskDefinition": "worker"})
        )["taskDefinition"]["revision"],
        2
    );
    assert_eq!(
        bench.ecs(
            "DescribeTaskDefinition",
            json!({"taskDefinition": "worker:3"})
        )["taskDefinition"]["status"],
        "INACTIVE"
    );
    assert_eq!(
        bench.refused(
            "ecs",
            "DescribeTaskDefinition",
            json!({"taskDefinition": "worker:9"})
        ),
        "ClientException"
    );
    let revision = |arn: &Value| text(arn).rsplit(':').next().map(str::to_owned);
    let listed = bench.ecs(
        "ListTaskDefinitions",
        json!({"familyPrefix": "worker", "sort": "DESC"}),
    );
    let revisions: Vec<_> = listed["taskDefinitionArns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(revision)
        .collect();
    assert_eq!(revisions, ["2", "1"]);
    let inactive = bench.ecs("ListTaskDefinitions", json!({"status": "INACTIVE"}));
    assert_eq!(
        inactive["taskDefinitionArns"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        bench.ecs("ListTaskDefinitionFamilies", json!({}))["families"],
        json!(["worker"])
    );
    let deleted = bench.ecs(
        "DeleteTaskDefinitions",
        json!({"taskDefinitions": ["worker:3", "worker:2"]}),
    );
    assert_eq!(
        deleted["taskDefinitions"][0]["status"],
        "DELETE_IN_PROGRESS"
    );
    assert_eq!(deleted["failures"].as_array().map(Vec::len), Some(1));
}

#[test]
fn definitions_that_cannot_run_are_refused() {
    let mut bench = Bench::new();
    let container = |name: &str| json!({"name": name, "image": "busybox", "memory": 64});
    let eleven: Vec<Value> = (0..11).map(|at| container(&format!("c{at}"))).collect();
    let cases = [
        json!({"family": ""}),
        json!({"family": "not a family"}),
        json!({"containerDefinitions": []}),
        json!({"containerDefinitions": eleven}),
        json!({"containerDefinitions": [container("a"), container("a")]}),
        json!({"containerDefinitions": [{"name": "a", "memory": 64}]}),
        json!({"containerDefinitions": [{"name": "a", "image": "b"}]}),
        json!({"containerDefinitions": [{"name": "a", "image": "b", "memory": 1, "essential": false}]}),
        json!({"containerDefinitions": [{"name": "a", "image": "b", "memory": 1, "dependsOn": [{"containerName": "x", "condition": "START"}]}]}),
        json!({"containerDefinitions": [{"name": "a", "image": "b", "memory": 1, "command": ["x".repeat(70_000)]}]}),
        json!({"requiresCompatibilities": ["FARGATE"]}),
        json!({"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256"}),
    ];
    for case in cases {
        assert_eq!(
            bench.refused("ecs", "RegisterTaskDefinition", definition(case)),
            "ClientException"
        );
    }
}

/// The tables that the checks before a registration are held against.
#[path = "../../../../../shared/taskdef/tests/cases/mod.rs"]
mod cases;

#[test]
fn what_ecs_takes_is_taken() {
    let mut bench = Bench::new();
    for case in cases::lines(cases::TAKEN) {
        let input = cases::definition(&case);
        let answer = bench.attempt("ecs", "RegisterTaskDefinition", &input);
        assert_eq!(answer.err(), None, "{case}");
    }
}

#[test]
fn what_is_refused_is_refused_in_ecss_words() {
    let mut bench = Bench::new();
    let mut seen = Vec::new();
    for case in cases::lines(cases::REFUSED) {
        let input = cases::definition(&case);
        if let Err(error) = bench.attempt("ecs", "RegisterTaskDefinition", &input) {
            assert_eq!(error.code, "ClientException", "{case}");
            seen.push(error.message);
        }
    }
    for words in [
        "At least one container in the task definition must be marked essential.",
        "At least one of 'memory' or 'memoryReservation' must be specified.",
        "Container names must be unique",
        "Fargate only supports network mode 'awsvpc'.",
        "Fargate requires log configuration options to include awslogs-stream-prefix",
        "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        "Invalid 'containerPort' setting for container 'app'.",
        "Links are not supported when networkMode=awsvpc.",
        "Log driver awslogs option 'awslogs-create-group' should only be set to 'true'",
        "Log driver awslogs option 'awslogs-group' should not be null or empty.",
        "Log driver awslogs requires options: awslogs-group",
        "Log driver awslogs requires options: awslogs-region",
        "Private repository authentication requires",
        "Private repository credentials are not a supported authentication method for ECR",
        "TCP host port '8080' is mapped multiple times in task.",
        "Tasks using the Fargate launch type do not support ipcMode.",
        "The 'memory' setting for container 'app' is greater than for the task.",
        "The secret name must be unique",
        "The sum of all container 'cpu' values cannot be greater",
        "Unknown volume 'data'.",
        "When a firelensConfiguration object is specified",
        "When awsfirelens log driver is specified",
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        "When you are specifying container secrets",
        "cannot be an essential container",
        "depends on a container that does not exist",
        "host.sourcePath should not be blank.",
        "hostname is not supported on container when networkMode=awsvpc.",
        "volume.name contains invalid characters.",
    ] {
        assert!(
            seen.iter().any(|message| message.contains(words)),
            "{words}"
        );
    }
}
