//! Findings: each rule broken once, each with its container and the way out.

use serde_json::{Value, json};
use towpath_taskdef::{
    Capacity, Finding, MutableTags, Rule, Rules, Severity, TaskDefinition, validate,
};

const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A definition that nothing is to be said against.
fn good() -> Value {
    json!({
        "family": "shop-api",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
        "containerDefinitions": [
            {
                "name": "app", "image": IMAGE,
                "portMappings": [{"containerPort": 8080, "hostPort": 8080}],
                "environment": [{"name": "A", "value": "1"}],
                "secrets": [{"name": "B", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/b"}],
                "dependsOn": [{"containerName": "side", "condition": "START"}]
            },
            {"name": "side", "image": IMAGE, "essential": false}
        ],
        "tags": [{"key": "team", "value": "shop ü + 1"}]
    })
}

fn rules() -> Rules {
    Rules {
        containers: vec!["app".to_owned()],
        registries: vec![
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop"
                .parse()
                .expect("a registry"),
        ],
        ..Rules::default()
    }
}

fn findings(document: Value, rules: &Rules) -> Vec<Finding> {
    validate(
        &TaskDefinition::from_register(document).expect("a task definition"),
        rules,
    )
}

/// The findings of the good definition with one place changed.
fn with(path: &str, value: Value) -> Vec<Finding> {
    let mut document = good();
    set(&mut document, path, value);
    findings(document, &rules())
}

fn set(document: &mut Value, path: &str, value: Value) {
    let (parent, field) = path.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).expect(parent);
    match parent {
        Value::Array(entries) => match field.parse::<usize>() {
            Ok(index) if index < entries.len() => entries[index] = value,
            Ok(_) | Err(_) => entries.push(value),
        },
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            parent[field] = value;
        }
    }
}

fn rules_of(findings: &[Finding]) -> Vec<Rule> {
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn nothing_is_said_against_a_good_definition() {
    assert_eq!(findings(good(), &rules()), []);
}

#[test]
fn each_rule_names_its_place_and_the_way_out() {
    let many: Vec<Value> = (0..11)
        .map(|n| json!({"name": format!("c{n}"), "image": IMAGE}))
        .collect();
    let broken = [
        ("/family", json!("shop api"), Rule::FamilyName),
        ("/networkMode", json!("bridge"), Rule::FargateNetworkMode),
        ("/cpu", json!("300"), Rule::FargateSize),
        ("/cpu", json!(256), Rule::FieldKind),
        ("/cpu", json!("1 GB"), Rule::TaskSize),
        ("/memory", json!("4096"), Rule::FargateSize),
        ("/memory", Value::Null, Rule::FargateSize),
        ("/tags/-", json!({"key": "a#b", "value": ""}), Rule::Tag),
        ("/tags/-", json!({"key": "AWS:x", "value": ""}), Rule::Tag),
        ("/tags/-", json!({"key": "team", "value": ""}), Rule::Tag),
        ("/tags/-", json!({"key": "", "value": ""}), Rule::Tag),
        (
            "/tags/-",
            json!({"key": "a", "value": "v".repeat(257)}),
            Rule::Tag,
        ),
        (
            "/containerDefinitions/0/name",
            json!("app 1"),
            Rule::ContainerName,
        ),
        (
            "/containerDefinitions/1/name",
            json!("app"),
            Rule::ContainerNameTwice,
        ),
        (
            "/containerDefinitions/1/name",
            json!("ä"),
            Rule::DependencyMissing,
        ),
        (
            "/containerDefinitions/0/essential",
            json!(false),
            Rule::EssentialNone,
        ),
        (
            "/containerDefinitions/0/portMappings/0/hostPort",
            json!(80),
            Rule::AwsvpcHostPort,
        ),
        (
            "/containerDefinitions/0/environment/-",
            json!({"name": "B", "value": "x"}),
            Rule::VariableTwice,
        ),
        (
            "/containerDefinitions/0/environment/-",
            json!({"name": "A", "value": "x"}),
            Rule::VariableTwice,
        ),
        (
            "/containerDefinitions/1/image",
            Value::Null,
            Rule::ImageMissing,
        ),
        (
            "/containerDefinitions/1/image",
            json!("${image}"),
            Rule::ImageName,
        ),
        (
            "/containerDefinitions/1/image",
            json!(IMAGE.replace("/shop/", "/shopping/")),
            Rule::ImageRegistry,
        ),
        (
            "/containerDefinitions/1/image",
            json!(IMAGE.replace("1111", "9999")),
            Rule::ImageRegistry,
        ),
        (
            "/containerDefinitions/1/image",
            json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:latest"),
            Rule::ImageMutableTag,
        ),
        (
            "/containerDefinitions/1/image",
            json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api"),
            Rule::ImageMutableTag,
        ),
        (
            "/containerDefinitions/1/command",
            json!(["x".repeat(64 * 1024)]),
            Rule::SizeTooLarge,
        ),
        ("/containerDefinitions", json!([]), Rule::ContainersNone),
        (
            "/containerDefinitions",
            json!(many),
            Rule::ContainersTooMany,
        ),
    ];
    let mut shown = String::new();
    for (path, value, rule) in broken {
        let findings = with(path, value);
        assert!(rules_of(&findings).contains(&rule), "{path}: {findings:?}");
        for finding in findings {
            shown.push_str(&format!("{finding}\n"));
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_limits_themselves_are_allowed() {
    let ten: Vec<Value> = (0..10)
        .map(|n| json!({"name": if n == 0 { "app".to_owned() } else { format!("c{n}") }, "image": IMAGE}))
        .collect();
    assert_eq!(with("/containerDefinitions", json!(ten)), []);
    let mut document = good();
    let length = |document: &Value| document.to_string().len();
    set(&mut document, "/containerDefinitions/1/user", json!(""));
    let room = 64 * 1024 - length(&document);
    set(
        &mut document,
        "/containerDefinitions/1/user",
        json!("x".repeat(room)),
    );
    assert_eq!(length(&document), 65536);
    assert_eq!(findings(document.clone(), &rules()), []);
    set(
        &mut document,
        "/containerDefinitions/1/user",
        json!("x".repeat(room + 1)),
    );
    assert_eq!(
        rules_of(&findings(document, &rules())),
        [Rule::SizeTooLarge]
    );
}

#[test]
fn fargate_takes_sizes_with_units_and_the_large_ones() {
    for (cpu, memory) in [
        (".25 vCPU", "0.5GB"),
        ("8192", "61440"),
        ("16 vCPU", "120 GB"),
        ("1024", "8192"),
    ] {
        let mut document = good();
        document["cpu"] = json!(cpu);
        document["memory"] = json!(memory);
        assert_eq!(findings(document, &rules()), [], "{cpu} {memory}");
    }
    let mut document = good();
    document["runtimePlatform"] = json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"});
    assert_eq!(rules_of(&findings(document, &rules())), [Rule::FargateSize]);
}

#[test]
fn on_instances_any_size_goes_but_some_memory_is_needed() {
    let mut document = good();
    document["requiresCompatibilities"] = json!(["EC2"]);
    document["networkMode"] = json!("bridge");
    document["cpu"] = json!("300");
    document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(80);
    assert_eq!(findings(document.clone(), &rules()), []);
    let members = document.as_object_mut().expect("an object");
    members.shift_remove("memory");
    members["containerDefinitions"][0]["memoryReservation"] = json!(64);
    let found = findings(document.clone(), &rules());
    assert_eq!(rules_of(&found), [Rule::MemoryMissing]);
    assert_eq!(found[0].container.as_deref(), Some("side"));
    let fargate = Rules {
        capacity: Some(Capacity::Fargate),
        ..rules()
    };
    assert_eq!(
        rules_of(&findings(document.clone(), &fargate)),
        [Rule::FargateNetworkMode, Rule::FargateSize]
    );
    document["networkMode"] = json!("none");
    assert!(rules_of(&findings(document, &rules())).contains(&Rule::PortsWithoutNetwork));
}

#[test]
fn a_side_cars_tag_may_be_a_warning() {
    let mut document = good();
    document["containerDefinitions"][1]["image"] =
        json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/side:1");
    let lenient = Rules {
        mutable_tags: MutableTags::RefuseNamed,
        ..rules()
    };
    assert_eq!(
        findings(document.clone(), &rules())[0].severity,
        Severity::Error
    );
    assert_eq!(
        findings(document.clone(), &lenient)[0].severity,
        Severity::Warning
    );
    document["containerDefinitions"][0]["image"] =
        document["containerDefinitions"][1]["image"].clone();
    assert_eq!(findings(document, &lenient)[0].severity, Severity::Error);
}

#[test]
fn findings_are_also_for_programs() {
    let mut document = good();
    document["containerDefinitions"][0]["image"] = json!("nginx");
    insta::assert_json_snapshot!(findings(document, &Rules::default()));
}
