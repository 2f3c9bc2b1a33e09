//! Rendering a described task definition: what is listed changes, everything else stays.

use serde_json::{Value, json};
use towpath_taskdef::{
    Changes, ReleaseMark, RenderError, TaskDefinition, protected_hash, render, spec_hash,
};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const OTHER: &str = "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

/// DescribeTaskDefinition's answer with everything that tools have been seen to lose.
fn described() -> Value {
    json!({
        "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-api:7",
            "containerDefinitions": [
                {
                    "name": "migrate", "image": "registry.example:5000/shop/api:old", "essential": false,
                    "command": ["sh", "-c", "", "echo a  b"], "cpu": 0
                },
                {
                    "name": "app", "image": "registry.example:5000/shop/api:old",
                    "environment": [
                        {"name": "EMPTY", "value": ""},
                        {"name": "TOWPATH_RELEASE", "value": "r-old"},
                        {"name": "LOG_LEVEL", "value": "info"}
                    ],
                    "secrets": [{"name": "DB", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/db"}],
                    "dockerLabels": {"traefik.rule": "Host(`a`) && Path=/x=y", "empty": ""},
                    "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
                    "dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}]
                }
            ],
            "family": "shop-api",
            "revision": 7,
            "status": "ACTIVE",
            "volumes": [{"name": "data", "dockerVolumeConfiguration": {"driverOpts": {"volumetype": "gp3"}}}],
            "networkMode": "awsvpc",
            "requiresAttributes": [{"name": "x"}],
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": 1_700_000_000.25,
            "registeredBy": "arn:aws:iam::111122223333:user/t",
            "deregisteredAt": 1, "deleteRequestedAt": 2,
            "cpu": "256", "memory": "512",
            "enableFaultInjection": false,
            "fieldOfTomorrow": {"a": [1, 1.5, null, ""]}
        },
        "tags": [{"key": "team", "value": "shop"}, {"key": "towpath:release", "value": "r-old"}]
    })
}

fn base() -> TaskDefinition {
    TaskDefinition::from_describe(described()).expect("a task definition")
}

fn image(digest: &str) -> Changes {
    let reference = format!("registry.example:5000/shop/api@{digest}");
    Changes {
        images: [("app".to_owned(), reference.parse().expect("an image"))].into(),
        ..Changes::default()
    }
}

#[test]
fn nothing_asked_is_nothing_changed() {
    let rendered = render(&base(), &Changes::default()).expect("renders");
    let mut expected = described()["taskDefinition"].clone();
    let expected_members = expected.as_object_mut().expect("an object");
    for field in towpath_taskdef::DESCRIBE_ONLY {
        assert!(expected_members.shift_remove(field).is_some(), "{field}");
    }
    expected_members.insert("tags".to_owned(), described()["tags"].clone());
    assert_eq!(rendered.unknown_fields, ["/fieldOfTomorrow"]);
    let document = rendered.definition.into_document();
    // Compared as text too, so that neither an order nor the spelling of a number has changed.
    assert_eq!(document.to_string(), expected.to_string());
}

#[test]
fn an_image_is_replaced_and_only_that() {
    let rendered = render(&base(), &image(DIGEST)).expect("renders");
    let mut expected = render(&base(), &Changes::default())
        .expect("renders")
        .definition
        .into_document();
    expected["containerDefinitions"][1]["image"] =
        json!(format!("registry.example:5000/shop/api@{DIGEST}"));
    assert_eq!(
        rendered.definition.into_document().to_string(),
        expected.to_string()
    );
}

#[test]
fn a_variable_a_label_and_a_tag_are_set_where_they_stand_or_appended() {
    let changes = Changes {
        environment: [(
            "app".to_owned(),
            [
                ("TOWPATH_RELEASE".to_owned(), "r-new".to_owned()),
                ("COMMIT".to_owned(), "3f2c1ab".to_owned()),
            ]
            .into(),
        )]
        .into(),
        docker_labels: [(
            "migrate".to_owned(),
            [("commit".to_owned(), "3f2c1ab".to_owned())].into(),
        )]
        .into(),
        tags: [("team".to_owned(), "checkout".to_owned())].into(),
        ..Changes::default()
    };
    let document = render(&base(), &changes)
        .expect("renders")
        .definition
        .into_document();
    assert_eq!(
        document["containerDefinitions"][1]["environment"],
        json!([
            {"name": "EMPTY", "value": ""},
            {"name": "TOWPATH_RELEASE", "value": "r-new"},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "COMMIT", "value": "3f2c1ab"},
        ])
    );
    assert_eq!(
        document["containerDefinitions"][0]["dockerLabels"],
        json!({"commit": "3f2c1ab"})
    );
    assert_eq!(
        document["tags"][0],
        json!({"key": "team", "value": "checkout"})
    );
}

#[test]
fn a_releases_tags_replace_those_of_the_release_before() {
    let mark = |commit: Option<&str>| Changes {
        release: Some(ReleaseMark {
            release: "r-new".to_owned(),
            commit: commit.map(str::to_owned),
        }),
        ..image(DIGEST)
    };
    let first = render(&base(), &mark(Some("3f2c1ab"))).expect("renders");
    assert_eq!(
        first.definition.tags().collect::<Vec<_>>(),
        [
            ("team", "shop"),
            ("towpath:release", "r-new"),
            ("towpath:commit", "3f2c1ab"),
            ("towpath:spec", first.spec_hash.to_string().as_str()),
        ]
    );
    // The next release does not know its commit; the old one must not be left standing.
    let second = render(&first.definition, &mark(None)).expect("renders");
    assert_eq!(second.definition.tag("towpath:commit"), None);
    assert_eq!(second.spec_hash, first.spec_hash);
}

#[test]
fn tags_that_aws_set_are_left_out_and_named() {
    let mut answer = described();
    answer["tags"] = json!([
        {"key": "aws:cloudformation:stack-name", "value": "s"},
        {"key": "AWS:x", "value": "s"},
        {"key": "aws", "value": "kept"},
    ]);
    let base = TaskDefinition::from_describe(answer).expect("a task definition");
    let rendered = render(&base, &Changes::default()).expect("renders");
    assert_eq!(
        rendered.reserved_tags,
        ["aws:cloudformation:stack-name", "AWS:x"]
    );
    assert_eq!(
        rendered.definition.tags().collect::<Vec<_>>(),
        [("aws", "kept")]
    );
}

#[test]
fn rendering_again_changes_nothing() {
    let changes = image(DIGEST);
    let once = render(&base(), &changes).expect("renders");
    let twice = render(&once.definition, &changes).expect("renders");
    assert_eq!(once, twice);
}

#[test]
fn the_hash_is_that_of_what_runs() {
    let first = render(&base(), &image(DIGEST)).expect("renders").spec_hash;
    assert_ne!(
        first,
        render(&base(), &image(OTHER)).expect("renders").spec_hash
    );
    assert_ne!(first, spec_hash(&base()));
    assert_eq!(first.to_string().parse(), Ok(first));
}

#[test]
fn what_is_protected_does_not_change_by_an_image_and_does_by_a_command() {
    let changes = image(DIGEST);
    let before = protected_hash(&base(), &changes);
    let rendered = render(&base(), &changes).expect("renders");
    assert_eq!(protected_hash(&rendered.definition, &changes), before);
    let places: [(&str, Value); 8] = [
        (
            "/taskRoleArn",
            json!("arn:aws:iam::111122223333:role/admin"),
        ),
        ("/networkMode", json!("host")),
        ("/containerDefinitions/1/command", json!(["sh"])),
        ("/containerDefinitions/1/privileged", json!(true)),
        (
            "/containerDefinitions/1/secrets/0/valueFrom",
            json!("arn:other"),
        ),
        (
            "/containerDefinitions/1/environment/2/value",
            json!("debug"),
        ),
        ("/containerDefinitions/0/image", json!("evil.example/app")),
        ("/fieldOfTomorrow", json!(true)),
    ];
    for (path, value) in places {
        let mut answer = described();
        let (parent, key) = path.rsplit_once('/').expect("a pointer");
        let parent = format!("/taskDefinition{parent}");
        answer.pointer_mut(&parent).expect(&parent)[key] = value.clone();
        let edited = TaskDefinition::from_describe(answer).expect("a task definition");
        assert_ne!(protected_hash(&edited, &changes), before, "{path}");
    }
}

#[test]
fn a_container_that_is_not_there_is_an_error_that_names_those_that_are() {
    let changes = Changes {
        images: [("api".to_owned(), "nginx".parse().expect("an image"))].into(),
        ..Changes::default()
    };
    let error = render(&base(), &changes).expect_err("no such container");
    assert_eq!(
        error.to_string(),
        r#"container "api" is not in the task definition "shop-api", which has "migrate", "app""#
    );
}

#[test]
fn a_variable_that_is_a_secret_is_not_set() {
    let changes = Changes {
        environment: [(
            "app".to_owned(),
            [("DB".to_owned(), "plain".to_owned())].into(),
        )]
        .into(),
        ..Changes::default()
    };
    assert!(matches!(
        render(&base(), &changes),
        Err(RenderError::IsSecret { .. })
    ));
}
