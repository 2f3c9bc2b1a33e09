//! Defects that other tools for ECS have shipped in rendering and comparing task definitions, each
//! as a test.

use serde_json::{Value, json};
use towpath_taskdef::{Changes, TaskDefinition, diff, render};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Describes one container `app`, with these members of its own and of the definition.
fn describe(container: &Value, definition: &Value) -> Value {
    let mut app = json!({"name": "app", "image": "registry.example/app:old"});
    merge(&mut app, container);
    let mut described = json!({
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:3",
        "containerDefinitions": [app], "family": "app", "revision": 3, "status": "ACTIVE",
    });
    merge(&mut described, definition);
    json!({"taskDefinition": described, "tags": []})
}

fn merge(into: &mut Value, members: &Value) {
    let members = members.as_object().expect("an object").clone();
    into.as_object_mut().expect("an object").extend(members);
}

fn deploy(answer: Value, image: &str) -> Value {
    let base = TaskDefinition::from_describe(answer).expect("a task definition");
    let changes = Changes {
        images: [("app".to_owned(), image.parse().expect("an image"))].into(),
        ..Changes::default()
    };
    render(&base, &changes)
        .expect("renders")
        .definition
        .into_document()
}

/// What a release makes of the members of a container.
fn released(container: &Value) -> Value {
    let image = format!("registry.example/app@{DIGEST}");
    deploy(describe(container, &json!({})), &image)["containerDefinitions"][0].clone()
}

fn assert_container_kept(container: &Value) {
    let rendered = released(container);
    for (field, value) in container.as_object().expect("an object") {
        assert_eq!(rendered[field].to_string(), value.to_string(), "{field}");
    }
}

fn assert_definition_kept(definition: &Value) {
    let image = format!("registry.example/app@{DIGEST}");
    let rendered = deploy(describe(&json!({}), definition), &image);
    for (field, value) in definition.as_object().expect("an object") {
        assert_eq!(rendered[field].to_string(), value.to_string(), "{field}");
    }
}

fn is_same(before: (&Value, &Value), after: (&Value, &Value)) -> bool {
    let read = |(container, definition): (&Value, &Value)| {
        TaskDefinition::from_describe(describe(container, definition)).expect("a task definition")
    };
    let diff = diff(&read(before), &read(after));
    assert_eq!(diff.is_same(), diff.changes().is_empty());
    diff.is_same()
}

/// amazon-ecs-render-task-definition and amazon-ecs-deploy-task-definition strip eight.
#[test]
fn delete_requested_at_is_stripped_too() {
    let rendered = deploy(
        describe(
            &json!({}),
            &json!({"deleteRequestedAt": 1.5, "deregisteredAt": 1, "registeredBy": "x"}),
        ),
        "registry.example/app:new",
    );
    let fields: Vec<_> = rendered.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["containerDefinitions", "family", "tags"]);
}

/// amazon-ecs-deploy-task-definition #363, #701, #704, #705: a field that ECS began to return broke
/// every pinned version overnight.
#[test]
fn a_field_that_ecs_begins_to_return_breaks_nothing() {
    assert_definition_kept(&json!({"enableFaultInjection": false}));
    assert_definition_kept(&json!({"somethingNew": {"enabled": true, "list": [], "text": ""}}));
    assert_container_kept(&json!({"somethingNew": [{"value": ""}]}));
}

/// ecspresso's list of fields dropped these.
#[test]
fn no_known_field_is_dropped() {
    assert_definition_kept(&json!({
        "enableFaultInjection": true, "pidMode": "task", "ipcMode": "none",
        "inferenceAccelerators": [{"deviceName": "d", "deviceType": "eia1.medium"}],
        "trustedExecutionConfiguration": {"isolationMode": "ISOLATED_SANDBOX"},
    }));
}

/// ecspresso makes `Volumetype` of a driver's option.
#[test]
fn keys_inside_maps_are_not_rewritten() {
    assert_definition_kept(&json!({"volumes": [{
        "name": "data",
        "dockerVolumeConfiguration": {
            "driver": "rexray/ebs", "driverOpts": {"volumetype": "gp2", "Size": "5"},
            "labels": {"containerDefinitions": "x", "registeredAt": "y"},
        },
    }]}));
    assert_container_kept(&json!({
        "dockerLabels": {"status": "x", "Image": "y", "a.b-c": "z"},
        "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "es", "revision": "1"}},
        "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
    }));
}

/// amazon-ecs-render-task-definition cuts values off at their second `=`.
#[test]
fn values_with_equals_signs_are_whole() {
    assert_container_kept(&json!({
        "dockerLabels": {"traefik.http.routers.a.rule": "Host(`a`) && Query(`x=1`, `y=2`)"},
        "logConfiguration": {"logDriver": "syslog", "options": {"tag": "a=b=c", "env-regex": "^(A|B)="}},
        "environment": [{"name": "JAVA_OPTS", "value": "-Da=b -Dc=d=e"}],
    }));
}

/// amazon-ecs-render-task-definition splits commands at spaces.
#[test]
fn arguments_with_spaces_stay_one_argument() {
    assert_container_kept(&json!({
        "command": ["sh", "-c", "echo  two  spaces"], "entryPoint": ["/bin/tini", "--", ""],
    }));
}

/// amazon-ecs-deploy-task-definition drops empty strings from lists, and empty labels.
#[test]
fn empty_values_survive() {
    assert_container_kept(&json!({
        "command": ["run", "", "--name", ""], "entryPoint": [], "links": [],
        "healthCheck": {"command": ["CMD", "check", ""], "interval": 30},
        "dockerLabels": {"empty": "", "": "key"},
        "logConfiguration": {"logDriver": "awslogs", "options": {}, "secretOptions": []},
    }));
    assert_definition_kept(
        &json!({"volumes": [{"name": "v", "host": {}}], "placementConstraints": []}),
    );
}

/// amazon-ecs-deploy-task-definition #216: variables with empty values were lost for years.
#[test]
fn variables_with_empty_values_survive() {
    assert_container_kept(
        &json!({"environment": [{"name": "EMPTY", "value": ""}, {"name": "A", "value": "1"}]}),
    );
}

/// ecs-deploy makes `app@sha256:v2` of `app@sha256:abc`.
#[test]
fn a_digest_is_replaced_whole() {
    let other = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";
    let image = format!("registry.example/app@{DIGEST}");
    let answer = describe(
        &json!({"image": format!("registry.example/app@sha256:{other}")}),
        &json!({}),
    );
    assert_eq!(
        deploy(answer, &image)["containerDefinitions"][0]["image"],
        json!(image)
    );
}

/// ecs-deploy makes `localhost:v2` of `localhost:5000/app`.
#[test]
fn a_registrys_port_is_not_a_tag() {
    let image = format!("localhost:5000/app@{DIGEST}");
    let answer = describe(&json!({"image": "localhost:5000/app"}), &json!({}));
    assert_eq!(
        deploy(answer, &image)["containerDefinitions"][0]["image"],
        json!(image)
    );
    let tagged: towpath_taskdef::image::ImageRef = "localhost:5000/app".parse().expect("an image");
    assert_eq!(
        tagged
            .with_digest(DIGEST.parse().expect("a digest"))
            .to_string(),
        image
    );
}

/// ecspresso: what a file leaves out is removed from the service; here it is not even mentioned.
#[test]
fn what_is_not_mentioned_is_not_removed() {
    assert_container_kept(&json!({
        "secrets": [{"name": "A", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/a"}],
        "environment": [], "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
        "credentialSpecs": ["credentialspecdomainless:arn:x"], "privileged": false,
    }));
}

/// ecspresso #894, #943, #1082 and others: diffs that never become empty, because of an order.
#[test]
fn no_order_that_ecs_ignores_is_a_difference() {
    let lists = [
        (
            "environment",
            json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        ),
        (
            "secrets",
            json!([{"name": "A", "valueFrom": "1"}, {"name": "B", "valueFrom": "2"}]),
        ),
        (
            "portMappings",
            json!([{"containerPort": 80}, {"containerPort": 81}]),
        ),
        (
            "mountPoints",
            json!([{"sourceVolume": "a", "containerPath": "/a"}, {"sourceVolume": "b", "containerPath": "/b"}]),
        ),
        (
            "ulimits",
            json!([{"name": "core", "softLimit": 1, "hardLimit": 1}, {"name": "cpu", "softLimit": 1, "hardLimit": 1}]),
        ),
        (
            "dependsOn",
            json!([{"containerName": "x", "condition": "START"}, {"containerName": "y", "condition": "START"}]),
        ),
        (
            "systemControls",
            json!([{"namespace": "a", "value": "1"}, {"namespace": "b", "value": "1"}]),
        ),
        (
            "resourceRequirements",
            json!([{"type": "GPU", "value": "1"}, {"type": "NeuronDevice", "value": "1"}]),
        ),
    ];
    for (field, list) in lists {
        let mut reversed = list.clone();
        reversed.as_array_mut().expect("a list").reverse();
        let (before, after) = (json!({ field: list }), json!({ field: reversed }));
        assert!(
            is_same((&before, &json!({})), (&after, &json!({}))),
            "{field}"
        );
    }
    let lists = [
        ("volumes", json!([{"name": "a"}, {"name": "b"}])),
        (
            "tags",
            json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]),
        ),
        ("requiresCompatibilities", json!(["EC2", "FARGATE"])),
        (
            "placementConstraints",
            json!([{"type": "memberOf", "expression": "a"}, {"type": "memberOf", "expression": "b"}]),
        ),
        (
            "containerDefinitions",
            json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]),
        ),
    ];
    for (field, list) in lists {
        let mut reversed = list.clone();
        reversed.as_array_mut().expect("a list").reverse();
        let (before, after) = (json!({ field: list }), json!({ field: reversed }));
        if field == "tags" {
            let with = |tags: &Value| {
                let answer = json!({"taskDefinition": {"family": "app", "containerDefinitions": []}, "tags": tags});
                TaskDefinition::from_describe(answer).expect("a task definition")
            };
            assert!(diff(&with(&before["tags"]), &with(&after["tags"])).is_same());
        } else {
            assert!(
                is_same((&json!({}), &before), (&json!({}), &after)),
                "{field}"
            );
        }
    }
}

/// The same tools: diffs that never become empty, because of what ECS fills in.
#[test]
fn nothing_that_ecs_fills_in_is_a_difference() {
    let registered = json!({"portMappings": [{"containerPort": 80}]});
    let described = json!({
        "cpu": 0, "essential": true, "environment": [], "mountPoints": [], "volumesFrom": [],
        "systemControls": [],
        "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    });
    assert!(is_same(
        (
            &registered,
            &json!({"networkMode": "awsvpc", "cpu": "1 vCPU", "memory": "2 GB"})
        ),
        (
            &described,
            &json!({
                "networkMode": "awsvpc", "cpu": "1024", "memory": "2048", "volumes": [],
                "placementConstraints": [], "enableFaultInjection": false,
            })
        )
    ));
}
