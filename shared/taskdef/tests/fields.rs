//! Every field that ECS's model knows is held to its kind, its values and its required members; what
//! people write instead is found at its place, and what the finding says to write is taken.

use serde_json::{Map, Value, json};
use towpath_taskdef::{Finding, Rule, Rules, Severity, TaskDefinition, validate};

const MODEL: &str = include_str!("../model/ecs-task-definition.json");

const IMAGE: &str =
    "registry.example/shop@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn findings(document: &Value) -> Vec<Finding> {
    let definition = TaskDefinition::from_register(document.clone()).expect("a task definition");
    validate(&definition, &Rules::default())
}

fn of_fields(document: &Value) -> Vec<Finding> {
    let is_of_field = |finding: &Finding| {
        matches!(
            finding.rule,
            Rule::FieldKind | Rule::FieldMissing | Rule::FieldName | Rule::FieldValue
        )
    };
    findings(document).into_iter().filter(is_of_field).collect()
}

struct Model(Value);

impl Model {
    fn read() -> Self {
        Self(serde_json::from_str(MODEL).expect("the vendored model is JSON"))
    }

    fn shape(&self, name: &str) -> &Value {
        &self.0["shapes"][name]
    }

    /// A value of a shape that ECS takes, with what it requires and no more.
    fn sample(&self, name: &str) -> Value {
        let shape = self.shape(name);
        let part = |field: &str| shape[field].as_str().expect("a shape's name");
        match part("type") {
            "structure" => {
                let required = shape["required"].as_array().into_iter().flatten();
                let members = required.map(|member| {
                    let member = member.as_str().expect("a member");
                    let of = shape["members"][member].as_str().expect("a shape's name");
                    (member.to_owned(), self.sample_of(member, of))
                });
                Value::Object(members.collect())
            }
            "list" => json!([self.sample(part("member"))]),
            "map" => json!({ "a": self.sample(part("value")) }),
            "integer" => json!(100),
            "boolean" => json!(true),
            "string" => match shape["enum"].get(0) {
                Some(first) => first.clone(),
                None => json!("a"),
            },
            other => unreachable!("the model has the type {other}"),
        }
    }

    /// Limits that only the documentation knows.
    fn sample_of(&self, member: &str, name: &str) -> Value {
        match member {
            "retries" | "timeout" => json!(5),
            _ => self.sample(name),
        }
    }

    /// Every member of every structure below `name`: where it is, and its shape; with a document in
    /// which it is there.
    fn visit(&self, name: &str, place: &Place, look: &mut dyn FnMut(&Place, &str)) {
        let shape = self.shape(name);
        let part = |field: &str| shape[field].as_str().expect("a shape's name");
        look(place, name);
        match part("type") {
            "structure" => {
                for (member, of) in shape["members"].as_object().expect("members") {
                    let of = of.as_str().expect("a shape's name");
                    let inner = place.with(member, self.sample_of(member, of));
                    self.visit(of, &inner, look);
                }
            }
            "list" => self.visit(part("member"), &place.element("0"), look),
            "map" => self.visit(part("value"), &place.element("a"), look),
            _ => {}
        }
    }
}

/// A place in a document.
#[derive(Clone)]
struct Place {
    document: Value,
    pointer: String,
}

impl Place {
    fn with(&self, member: &str, value: Value) -> Self {
        let mut document = self.document.clone();
        let at = document.pointer_mut(&self.pointer).expect("is there");
        // The containers are there already.
        if at.get(member).is_none() {
            at[member] = value;
        }
        Self {
            document,
            pointer: format!("{}/{member}", self.pointer),
        }
    }

    fn element(&self, segment: &str) -> Self {
        Self {
            document: self.document.clone(),
            pointer: format!("{}/{segment}", self.pointer),
        }
    }

    fn set(&self, value: Value) -> Value {
        let mut document = self.document.clone();
        *document.pointer_mut(&self.pointer).expect("is there") = value;
        document
    }
}

fn base() -> Place {
    Place {
        document: json!({
            "family": "web", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": IMAGE}],
        }),
        pointer: String::new(),
    }
}

#[test]
fn every_field_is_held_to_its_kind() {
    let model = Model::read();
    let mut fields = 0;
    model.visit(
        "RegisterTaskDefinitionRequest",
        &base(),
        &mut |place, name| {
            let pointer = &place.pointer;
            // Without these it is no task definition at all.
            if [
                "",
                "/family",
                "/containerDefinitions",
                "/containerDefinitions/0",
            ]
            .contains(&&**pointer)
            {
                return;
            }
            assert_eq!(of_fields(&place.document), [], "{pointer}");
            let own = model.shape(name)["type"].as_str().expect("a type");
            let others = [
                ("string", json!("text")),
                ("integer", json!(1.5)),
                ("boolean", json!(true)),
                ("list", json!([])),
                ("map", json!({})),
            ];
            for (kind, value) in others {
                let same = own == kind || (own, kind) == ("structure", "map");
                let value = match (same, kind) {
                    // Of the right kind, but no whole number.
                    (true, "integer") => value,
                    (true, _) => continue,
                    (false, "integer") => json!(7),
                    (false, _) => value,
                };
                let found = of_fields(&place.set(value));
                let at: Vec<_> = found
                    .iter()
                    .map(|one| (one.rule, one.path.as_str()))
                    .collect();
                assert_eq!(at, [(Rule::FieldKind, &**pointer)], "{kind}");
                let is_named = pointer != "/containerDefinitions/0/name";
                let is_inside = pointer.starts_with("/containerDefinitions/") && is_named;
                assert_eq!(
                    found[0].container.as_deref(),
                    is_inside.then_some("app"),
                    "{pointer}"
                );
                fields += 1;
            }
        },
    );
    assert!(fields > 800, "{fields}");
}

#[test]
fn what_the_model_requires_is_missed() {
    let model = Model::read();
    let mut missed = 0;
    model.visit(
        "RegisterTaskDefinitionRequest",
        &base(),
        &mut |place, name| {
            if place.pointer.is_empty() {
                return;
            }
            for member in model.shape(name)["required"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let mut document = place.document.clone();
                let at = document.pointer_mut(&place.pointer).expect("is there");
                let members = at.as_object_mut().expect("an object");
                members.shift_remove(member.as_str().expect("a member"));
                let found = of_fields(&document);
                let at: Vec<_> = found
                    .iter()
                    .map(|one| (one.rule, one.path.as_str()))
                    .collect();
                assert_eq!(at, [(Rule::FieldMissing, &*place.pointer)], "{member}");
                assert!(
                    found[0].message.contains(&member.to_string()),
                    "{}",
                    found[0]
                );
                missed += 1;
            }
        },
    );
    assert!(missed > 30, "{missed}");
}

#[test]
fn a_value_that_is_none_of_the_models_is_found_with_the_one_that_is_meant() {
    let model = Model::read();
    let mut looked = 0;
    model.visit(
        "RegisterTaskDefinitionRequest",
        &base(),
        &mut |place, name| {
            let Some(values) = model.shape(name)["enum"].as_array() else {
                return;
            };
            for value in values.iter().filter_map(Value::as_str) {
                let other = match value.to_uppercase() {
                    upper if upper == value => value.to_lowercase(),
                    upper => upper,
                };
                assert_eq!(of_fields(&place.set(json!(value))), [], "{value}");
                let found = of_fields(&place.set(json!(other)));
                assert_eq!(found.len(), 1, "{other}: {found:?}");
                assert_eq!(
                    (found[0].rule, &found[0].path),
                    (Rule::FieldValue, &place.pointer)
                );
                assert_eq!(found[0].help, format!("write {value:?}"));
                looked += 1;
            }
            let found = of_fields(&place.set(json!("something else")));
            assert!(
                found[0].help.contains(&values[0].to_string()),
                "{}",
                found[0]
            );
            // What ECS has registered it knows, however new it is.
            let definition = TaskDefinition::from_register(place.set(json!("something else")));
            let registered = Rules {
                registered: true,
                ..Rules::default()
            };
            let found = validate(&definition.expect("a task definition"), &registered);
            let mut found = found.iter().filter(|one| one.rule == Rule::FieldValue);
            assert!(found.all(|one| one.severity == Severity::Warning));
        },
    );
    assert!(looked > 70, "{looked}");
}

/// A container with one member; what is told about it.
fn findings_of_member(member: &str, value: &Value) -> String {
    let mut document = base().document;
    document["containerDefinitions"][0][member] = value.clone();
    let told: Vec<_> = findings(&document)
        .iter()
        .map(ToString::to_string)
        .collect();
    told.join("\n")
}

#[test]
fn what_people_write_is_told_with_what_to_write() {
    let written = [
        ("memory", json!("256")),
        ("memory", json!(256.0)),
        ("memory", json!(0)),
        ("memory", json!("256 MB")),
        ("memory", json!(4_294_967_296_i64)),
        ("cpu", json!(".25 vCPU")),
        ("essential", json!("true")),
        ("essential", json!(1)),
        ("command", json!("npm start")),
        ("command", json!(["npm", 1, null])),
        ("entryPoint", json!({"0": "sh"})),
        ("environment", json!({"A": "1"})),
        ("environment", json!([{"name": "A", "value": 1}])),
        ("environment", json!([{"name": "A", "value": true}])),
        ("environment", json!([{"Name": "A", "Value": "1"}])),
        ("environment", json!(["A=1"])),
        ("environment", json!([{"name": "", "value": "1"}])),
        ("environment", json!([{"name": "A", "value": "a\u{0}b"}])),
        ("secrets", json!([{"name": "A", "value_from": "arn:x"}])),
        ("secrets", json!([{"name": "A", "valueFrom": ""}])),
        ("secrets", json!({"A": "arn:x"})),
        ("portMappings", json!([8080])),
        ("portMappings", json!([{"containerPort": "8080"}])),
        ("portMappings", json!([{"containerPort": 80800}])),
        (
            "portMappings",
            json!([{"containerPort": 80, "protocol": "TCP"}]),
        ),
        ("portMappings", json!({"containerPort": 80})),
        ("logConfiguration", json!("awslogs")),
        ("logConfiguration", json!({"logDriver": "cloudwatch"})),
        (
            "logConfiguration",
            json!({"options": {"awslogs-group": "a"}}),
        ),
        (
            "logConfiguration",
            json!({"logDriver": "awslogs", "options": {"awslogs-create-group": true}}),
        ),
        (
            "logConfiguration",
            json!({"logDriver": "awslogs", "options": {"awslogs-group": null}}),
        ),
        (
            "logConfiguration",
            json!({"logDriver": "awslogs", "options": [{"name": "a", "value": "b"}]}),
        ),
        ("healthCheck", json!("curl -f http://localhost/")),
        (
            "healthCheck",
            json!({"command": "curl -f http://localhost/", "interval": "30"}),
        ),
        (
            "healthCheck",
            json!({"command": ["CMD", "true"], "interval": 1000, "retries": 0}),
        ),
        ("dependsOn", json!(["init"])),
        (
            "dependsOn",
            json!([{"containerName": "app", "condition": "healthy"}]),
        ),
        ("dockerLabels", json!([{"name": "a", "value": "b"}])),
        (
            "ulimits",
            json!([{"name": "NOFILE", "softLimit": 1, "hardLimit": "65536"}]),
        ),
        (
            "mountPoints",
            json!([{"sourceVolume": "a", "read_only": true}]),
        ),
        (
            "repositoryCredentials",
            json!({"credentialsParameter": "${SECRET}"}),
        ),
        (
            "linuxParameters",
            json!({"capabilities": {"add": "SYS_PTRACE"}}),
        ),
    ];
    let mut shown = String::new();
    for (member, value) in written {
        shown.push_str(&format!(
            "{member}: {value}\n{}\n\n",
            findings_of_member(member, &value)
        ));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_holds_for_the_task_is_told_with_what_to_write() {
    let written = [
        ("cpu", json!(256)),
        ("cpu", json!("1 GB")),
        ("memory", json!("lots")),
        ("memory", json!("${MEMORY}")),
        ("networkMode", json!("AWSVPC")),
        ("networkMode", json!("vpc")),
        ("requiresCompatibilities", json!("FARGATE")),
        ("requiresCompatibilities", json!(["fargate"])),
        ("runtimePlatform", json!({"cpuArchitecture": "amd64"})),
        ("runtimePlatform", json!("ARM64")),
        ("tags", json!({"team": "shop"})),
        ("tags", json!([{"Key": "team", "Value": "shop"}])),
        ("tags", json!([{"key": "team", "value": 1}])),
        ("executionRoleArn", json!("")),
        ("taskRoleArn", json!("arn:aws:iam::<ACCOUNT>:role/x")),
        ("taskRoleArn", json!("arn:aws:iam::${ACCOUNT}:role/x")),
        (
            "volumes",
            json!([{"name": "a", "efsVolumeConfiguration": {"rootDirectory": "/"}}]),
        ),
        ("volumes", json!(["data"])),
        (
            "placementConstraints",
            json!([{"type": "distinctInstance"}]),
        ),
        ("ephemeralStorage", json!(50)),
        ("ephemeralStorage", json!({"sizeInGiB": 500})),
        ("task_role_arn", json!("arn:x")),
    ];
    let mut shown = String::new();
    for (member, value) in written {
        let mut document = base().document;
        document[member] = value.clone();
        let told: Vec<_> = findings(&document)
            .iter()
            .map(ToString::to_string)
            .collect();
        shown.push_str(&format!("{member}: {value}\n{}\n\n", told.join("\n")));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_a_finding_says_to_write_is_taken() {
    for (pointer, wrong, right) in [
        ("/containerDefinitions/0/memory", json!("256"), json!(256)),
        ("/containerDefinitions/0/memory", json!(256.0), json!(256)),
        (
            "/containerDefinitions/0/essential",
            json!("True"),
            json!(true),
        ),
        (
            "/containerDefinitions/0/command",
            json!("npm start"),
            json!(["npm", "start"]),
        ),
        (
            "/containerDefinitions/0/environment",
            json!({"A": "1"}),
            json!([{"name": "A", "value": "1"}]),
        ),
        (
            "/containerDefinitions/0/dockerLabels",
            json!([]),
            json!({"NAME": "VALUE"}),
        ),
        (
            "/tags",
            json!({"a": "b"}),
            json!([{"key": "a", "value": "b"}]),
        ),
        ("/cpu", json!(256), json!("256")),
        ("/cpu", json!("a quarter"), json!(".25 vCPU")),
        ("/memory", json!("lots"), json!("0.5 GB")),
        ("/networkMode", json!("Bridge"), json!("bridge")),
    ] {
        let place = |value: Value| {
            let mut document = base().document;
            let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
            let parent = document.pointer_mut(parent).expect("is there");
            let members: &mut Map<String, Value> = parent.as_object_mut().expect("an object");
            members.insert(member.to_owned(), value);
            findings(&document)
        };
        assert_eq!(place(wrong).len(), 1, "{pointer}");
        assert_eq!(place(right), [], "{pointer}");
    }
}
