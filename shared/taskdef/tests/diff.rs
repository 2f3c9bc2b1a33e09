//! Diffs that a person can read, that are empty when nothing differs, and that keep secrets.

use serde_json::{Value, json};
use towpath_taskdef::{Diff, TaskDefinition, diff, spec_hash};

fn definition(document: Value) -> TaskDefinition {
    TaskDefinition::from_register(document).expect("a task definition")
}

fn of(before: &Value, after: &Value) -> Diff {
    diff(&definition(before.clone()), &definition(after.clone()))
}

fn shop() -> Value {
    json!({
        "family": "shop-api",
        "networkMode": "awsvpc",
        "cpu": "256", "memory": "512",
        "containerDefinitions": [
            {
                "name": "app",
                "image": "registry.example/shop/api@sha256:1111111111111111111111111111111111111111111111111111111111111111",
                "command": ["serve", "--password", "correct horse", "--port=8080"],
                "environment": [
                    {"name": "LOG_LEVEL", "value": "info"},
                    {"name": "DB_PASSWORD", "value": "hunter2"},
                    {"name": "DATABASE_URL", "value": "postgres://shop:swordfish@db/shop"}
                ],
                "secrets": [{"name": "API_TOKEN", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/token"}],
                "portMappings": [{"containerPort": 8080}],
                "dockerLabels": {"a.b": "c=d", "api-key": "k-123"}
            },
            {"name": "side", "image": "registry.example/side:1", "essential": false}
        ],
        "tags": [{"key": "team", "value": "shop"}]
    })
}

/// Every secret in the definitions above and below.
const SECRETS: [&str; 9] = [
    "hunter2",
    "swordfish",
    "correct horse",
    "k-123",
    "hunter3",
    "sword1",
    "battery staple",
    "k-124",
    "t0p",
];

#[test]
fn a_release_is_shown_as_what_it_changes() {
    let mut after = shop();
    let app = &mut after["containerDefinitions"][0];
    app["image"] = json!(
        "registry.example/shop/api@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    );
    app["environment"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "TOWPATH_RELEASE", "value": "r-2"}));
    let diff = of(&shop(), &after);
    insta::assert_snapshot!(diff.unified("shop-api:7", "shop-api:8", false));
    insta::assert_json_snapshot!(diff.to_json());
}

#[test]
fn secrets_in_other_spellings_are_hidden_as_well() {
    let with = |value: &str| {
        json!({ "family": "shop", "containerDefinitions": [{
            "name": "app", "image": "shop",
            "environment": [
                { "Name": "DB_PASSWORD", "Value": value },
                { "key": "DB_PASSWORD", "value": value },
                { "Name": "DB_PASSWORD", "value": value },
            ],
            "secrets": [{ "name": "PW", "value": value }],
        }] })
    };
    let diff = of(&with("hunter2"), &with("swordfish"));
    let told = format!("{}{:?}", diff.unified("a", "b", true), diff);
    assert!(
        !told.contains("hunter2") && !told.contains("swordfish"),
        "{told}"
    );
}

#[test]
fn secrets_are_hidden_and_still_seen_to_differ() {
    let mut after = shop();
    let app = &mut after["containerDefinitions"][0];
    app["command"][2] = json!("battery staple");
    app["environment"][0]["value"] = json!("debug");
    app["environment"][1]["value"] = json!("hunter3");
    app["environment"][2]["value"] = json!("postgres://shop:sword1@db/shop");
    app["environment"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "NEW_TOKEN", "value": "t0p"}));
    app["secrets"][0]["valueFrom"] = json!("arn:aws:ssm:eu-west-1:111122223333:parameter/other");
    app["dockerLabels"]["api-key"] = json!("k-124");
    app["newField"] = json!({"token": ["t0p", {"deep": "t0p"}], "plain": 1});
    let diff = of(&shop(), &after);
    let shown = format!(
        "{}{}{:?}",
        diff.unified("a", "b", true),
        diff.to_json(),
        diff
    );
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    insta::assert_snapshot!(diff.unified("a", "b", false));
    insta::assert_json_snapshot!(diff.to_json()["changes"]);
}

#[test]
fn removed_containers_and_reordered_lists() {
    let mut after = shop();
    after["containerDefinitions"]
        .as_array_mut()
        .expect("a list")
        .reverse();
    assert!(of(&shop(), &after).is_same());
    after["containerDefinitions"]
        .as_array_mut()
        .expect("a list")
        .remove(0);
    after["containerDefinitions"][0]["portMappings"] =
        json!([{"containerPort": 9090}, {"containerPort": 8080}]);
    after["cpu"] = json!("512");
    insta::assert_json_snapshot!(of(&shop(), &after).to_json()["changes"]);
}

#[test]
fn what_ecs_fills_in_is_no_difference() {
    let registered = shop();
    let mut described = shop();
    for container in described["containerDefinitions"]
        .as_array_mut()
        .expect("a list")
    {
        let container = container.as_object_mut().expect("an object");
        for field in [
            "mountPoints",
            "volumesFrom",
            "systemControls",
            "environment",
            "portMappings",
        ] {
            container.entry(field).or_insert(json!([]));
        }
        container.entry("essential").or_insert(json!(true));
        container.insert("cpu".to_owned(), json!(0));
    }
    described["containerDefinitions"][0]["portMappings"] =
        json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]);
    described["volumes"] = json!([]);
    described["placementConstraints"] = json!([]);
    described["enableFaultInjection"] = json!(false);
    let before = definition(registered.clone());
    let answer = json!({"taskDefinition": described, "tags": registered["tags"]});
    let after = TaskDefinition::from_describe(answer).expect("a task definition");
    let diff = diff(&before, &after);
    assert_eq!(diff.changes(), []);
    assert!(diff.is_same());
    assert_eq!(diff.unified("a", "b", true), "");
    assert_eq!(spec_hash(&before), spec_hash(&after));
}

#[test]
fn each_documented_default_is_no_difference_and_another_value_is_one() {
    let places = [
        ("", "cpu", json!(".25 vCPU"), json!("1 vCPU")),
        ("", "memory", json!("0.5GB"), json!("1 GB")),
        ("", "enableFaultInjection", json!(false), json!(true)),
        ("", "volumes", json!([]), json!([{"name": "v"}])),
        (
            "/containerDefinitions/0",
            "essential",
            json!(true),
            json!(false),
        ),
        (
            "/containerDefinitions/0",
            "versionConsistency",
            json!("enabled"),
            json!("disabled"),
        ),
        (
            "/containerDefinitions/0",
            "linuxParameters",
            json!({"swappiness": 60, "capabilities": {"add": []}}),
            json!({"swappiness": 0}),
        ),
        ("/containerDefinitions/0", "command", json!([]), json!([""])),
        ("/containerDefinitions/0", "cpu", json!(0), json!(1)),
        (
            "/containerDefinitions/0/portMappings/0",
            "hostPort",
            json!(8080),
            json!(80),
        ),
        (
            "/containerDefinitions/0/portMappings/0",
            "protocol",
            json!("tcp"),
            json!("udp"),
        ),
        (
            "/containerDefinitions/0/healthCheck",
            "interval",
            json!(30),
            json!(31),
        ),
        (
            "/containerDefinitions/0/healthCheck",
            "timeout",
            json!(5),
            json!(6),
        ),
        (
            "/containerDefinitions/0/healthCheck",
            "retries",
            json!(3),
            json!(4),
        ),
        (
            "/containerDefinitions/0/mountPoints/0",
            "readOnly",
            json!(false),
            json!(true),
        ),
        (
            "/containerDefinitions/0/volumesFrom/0",
            "readOnly",
            json!(false),
            json!(true),
        ),
        (
            "/containerDefinitions/0/restartPolicy",
            "restartAttemptPeriod",
            json!(300),
            json!(60),
        ),
        (
            "/containerDefinitions/0/restartPolicy",
            "ignoredExitCodes",
            json!([]),
            json!([0]),
        ),
        ("/volumes/0", "host", json!({}), json!({"sourcePath": "/x"})),
        (
            "/volumes/1/efsVolumeConfiguration",
            "rootDirectory",
            json!("/"),
            json!("/x"),
        ),
        (
            "/volumes/1/efsVolumeConfiguration",
            "transitEncryption",
            json!("DISABLED"),
            json!("ENABLED"),
        ),
        (
            "/volumes/1/efsVolumeConfiguration",
            "authorizationConfig",
            json!({"iam": "DISABLED"}),
            json!({"iam": "ENABLED"}),
        ),
        (
            "/volumes/2/s3filesVolumeConfiguration",
            "rootDirectory",
            json!("/"),
            json!("/x"),
        ),
    ];
    for (parent, field, default, other) in places {
        let mut before = shop();
        before["containerDefinitions"][0]
            .as_object_mut()
            .expect("an object")
            .shift_remove("command");
        let container = &mut before["containerDefinitions"][0];
        container["healthCheck"] = json!({"command": ["CMD", "true"]});
        container["mountPoints"] = json!([{"sourceVolume": "v", "containerPath": "/v"}]);
        container["volumesFrom"] = json!([{"sourceContainer": "side"}]);
        container["restartPolicy"] = json!({"enabled": true});
        if field != "volumes" {
            before["volumes"] = json!([
                {"name": "a"},
                {"name": "b", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
                {"name": "c", "s3filesVolumeConfiguration": {"fileSystemArn": "arn:aws:s3files:x"}},
            ]);
        }
        let with = |value: &Value| {
            let mut document = before.clone();
            document.pointer_mut(parent).expect(parent)[field] = value.clone();
            document
        };
        assert!(of(&before, &with(&default)).is_same(), "{parent}/{field}");
        let changed = of(&before, &with(&other));
        assert!(!changed.is_same(), "{parent}/{field}");
        assert_ne!(changed.changes(), [], "{parent}/{field}");
    }
}

#[test]
fn a_host_port_is_only_filled_in_where_the_mode_fills_it_in() {
    let with = |mode: &str, host: Option<u16>| {
        let mut document = shop();
        document["networkMode"] = json!(mode);
        if let Some(host) = host {
            document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(host);
        }
        document
    };
    assert!(of(&with("awsvpc", None), &with("awsvpc", Some(8080))).is_same());
    assert!(of(&with("host", None), &with("host", Some(8080))).is_same());
    assert!(of(&with("bridge", None), &with("bridge", Some(0))).is_same());
    assert!(!of(&with("bridge", None), &with("bridge", Some(8080))).is_same());
}

#[test]
fn lists_whose_order_means_something_keep_it() {
    for (field, list) in [
        ("command", json!(["a", "b"])),
        ("entryPoint", json!(["a", "b"])),
        ("dnsServers", json!(["10.0.0.1", "10.0.0.2"])),
        (
            "environmentFiles",
            json!([{"value": "arn:aws:s3:::b/1.env", "type": "s3"}, {"value": "arn:aws:s3:::b/2.env", "type": "s3"}]),
        ),
        ("fieldOfTomorrow", json!([1, 2])),
    ] {
        let mut before = shop();
        before["containerDefinitions"][0][field] = list;
        let mut after = before.clone();
        after["containerDefinitions"][0][field]
            .as_array_mut()
            .expect("a list")
            .reverse();
        assert!(!of(&before, &after).is_same(), "{field}");
    }
}

#[test]
fn a_variable_that_is_there_twice_keeps_its_order_since_the_last_one_wins() {
    let with = |values: [&str; 2]| {
        let mut document = shop();
        document["containerDefinitions"][0]["environment"] =
            json!(values.map(|value| json!({"name": "A", "value": value})));
        document
    };
    // Two secrets of one name are each compared with their like.
    let secret = ["password=1", "password=2"];
    assert_eq!(of(&with(secret), &with(secret)).changes(), []);
    let diff = of(&with(["1", "2"]), &with(["2", "1"]));
    assert!(!diff.is_same());
    assert_ne!(diff.changes(), []);
}

#[test]
fn bookkeeping_tags_are_no_difference_and_other_tags_are() {
    let mut after = shop();
    after["tags"] =
        json!([{"key": "towpath:spec", "value": "x"}, {"key": "team", "value": "shop"}]);
    assert!(of(&shop(), &after).is_same());
    after["tags"][1]["value"] = json!("checkout");
    assert_eq!(
        of(&shop(), &after).to_json()["changes"],
        json!([{"path": "tags[team].value", "kind": "changed", "before": "shop", "after": "checkout"}])
    );
}

#[test]
fn no_value_steers_the_terminal() {
    let mut after = shop();
    after["containerDefinitions"][0]["user"] = json!("\u{9b}2J\u{1b}[2J\u{202e}\u{7f}");
    let shown = of(&shop(), &after).unified("a", "b", false);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(
        shown.contains(r#""user": "\u009b2J\u001b[2J\u202e\u007f""#),
        "{shown}"
    );
}

#[test]
fn colours_are_only_where_they_are_asked_for() {
    let mut after = shop();
    after["cpu"] = json!("512");
    let diff = of(&shop(), &after);
    assert!(!diff.unified("a", "b", false).contains('\x1b'));
    let coloured = diff.unified("a\x1b[2J\n", "b", true);
    assert!(
        coloured.contains("\x1b[31m-  \"cpu\": \"256\",\x1b[0m"),
        "{coloured}"
    );
    assert!(!coloured.contains("\x1b[2J"));
}
