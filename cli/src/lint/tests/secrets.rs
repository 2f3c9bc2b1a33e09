//! A secret that was pasted into a pipeline file, wherever it stands, is in nothing that is told.

use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;

use super::*;

/// Secrets that are known by their look, with the part that must be seen nowhere.
const SECRETS: [(&str, &str); 9] = [
    ("xoxb-2134567890-hunter2", "hunter2"),
    ("xapp-1-A0123-hunter2", "hunter2"),
    (
        "https://hooks.slack.com/services/T0123/B0123/hunter2",
        "hunter2",
    ),
    ("https://shop:hunter2@shop.example.com/health", "hunter2"),
    ("https://shop.example.com/health?token=hunter2", "hunter2"),
    ("DB_PASSWORD=hunter2", "hunter2"),
    ("AKIAIOSFODNN7EXAMPLE", "ODNN7"),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "K7MDENG"),
    ("eyJhbGciOiJIUzI1NiJ9.e30.hunter2", "hunter2"),
];

/// Keys whose values may be any text, so that a secret there may look like anything.
const FREE: [&str; 8] = [
    "body_contains",
    "command",
    "docker_labels",
    "environment",
    "external_id",
    "headers",
    "json",
    "url",
];

/// A pipeline with every key that there is.
fn everything() -> Value {
    json!({
        "pipeline": "shop-api", "repository": "shop/api",
        "registry": "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
        "tags": {"glob": "main-*"},
        "notify": {"slack": "C0123456789", "sns": true},
        "operators": ["U0123456789"],
        "stages": [{
            "name": "production", "account": "222222222222", "region": "eu-west-1",
            "role": {"arn": "arn:aws:iam::222222222222:role/towpath", "external_id": "shop"},
            "cluster": "shop", "service": "api", "containers": ["app"],
            "base": {"parameter": "/towpath/templates/shop"},
            "environment": {"app": {"COMMIT": "${tag}"}},
            "docker_labels": {"app": {"com.example.commit": "${tag}"}},
            "tags": {"commit": "${tag}"},
            "engine": {"codedeploy": {"application": "shop-api", "group": "production", "hook": "towpath-lifecycle-hook", "configuration": "CodeDeployDefault.ECSAllAtOnce", "container": "app", "port": 8080}},
            "approval": {"slack": ["U0123456789"], "required": 1, "when": "before_rollout", "expires": "48h"},
            "checks": [
                {"name": "health", "at": "after_test_traffic", "http": {"url": "https://shop.example.com/health", "headers": {"accept": "text/plain"}, "body_contains": "ready", "json": {"/status": "ok"}, "timeout": "2s", "interval": "1s"}},
                {"name": "alarms", "at": "bake", "alarm": {"names": ["shop-5xx"]}},
                {"name": "errors", "at": "bake", "metric": {"namespace": "AWS/ApplicationELB", "name": "Errors", "dimensions": {"TargetGroup": "green"}, "statistic": "Sum", "must_be": "at_most", "threshold": 5, "window": "5m"}},
                {"name": "migrate", "at": "before_install", "task": {"container": "app", "command": ["./manage", "migrate"], "environment": {"MODE": "once"}, "timeout": "5m"}},
            ],
            "auto_scaling": "suspend", "bake": "15m", "rollback": "optional", "timeout": "2h",
        }],
    })
}

/// The pointers of all values, and whether they may be any text.
fn places(value: &Value, at: &str, free: bool, found: &mut Vec<(String, bool)>) {
    found.push((at.to_owned(), free));
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let is_stages_tags = key == "tags" && at.starts_with("/stages/");
                let free = free || is_stages_tags || FREE.contains(&key.as_str());
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), free, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), free, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What may be written where a value is asked for: the secret as the value, and in other shapes.
fn forms(secret: &str) -> Vec<Value> {
    vec![
        json!(secret),
        json!([secret]),
        json!({ "x": secret }),
        json!({ secret: secret }),
        json!([{ "name": "DATABASE", "value": secret }]),
        json!([format!("DATABASE={secret}")]),
        json!(format!("DATABASE={secret}")),
        json!({ format!("DATABASE={secret}"): 1 }),
        json!(format!("${{{secret}}}")),
        json!(format!("pre${{{secret}")),
    ]
}

fn assert_hidden(linter: &Linter, file: &Value, hidden: &str) {
    let text = serde_json::to_string_pretty(file).unwrap();
    let found = linter.lint(&text, Format::Json).err().unwrap_or_default();
    let mut told: Vec<_> = found
        .iter()
        .map(|one| serde_json::to_string(one).unwrap())
        .collect();
    // The same file when it is read where it is stored, which is told in channels.
    told.extend(
        Pipeline::from_json(&text)
            .err()
            .map(|error| error.to_string()),
    );
    for line in told {
        assert!(!line.contains(hidden), "{line}\n{text}");
    }
}

#[test]
fn a_secret_at_any_place_is_in_nothing_that_is_told() {
    let linter = Linter::new().unwrap();
    let good = everything();
    assert_eq!(
        errors_of(&good.to_string(), Format::Json),
        Vec::<String>::new()
    );
    let mut found = Vec::new();
    places(&good, "", false, &mut found);
    for (place, free) in found {
        for (index, (secret, hidden)) in SECRETS.into_iter().enumerate() {
            // Each secret as it is, and one of them in every form.
            let all = if index == 0 { usize::MAX } else { 1 };
            for form in forms(secret).into_iter().take(all) {
                let mut file = good.clone();
                *file.pointer_mut(&place).unwrap() = form;
                assert_hidden(&linter, &file, hidden);
            }
            // And as a key beside it.
            let mut file = good.clone();
            if let Some(Value::Object(members)) = file.pointer_mut(&place) {
                members.insert(secret.to_owned(), json!("x"));
                assert_hidden(&linter, &file, hidden);
            }
        }
        if free {
            for form in forms("Correct Horse!").into_iter().take(3) {
                let mut file = good.clone();
                *file.pointer_mut(&place).unwrap() = form;
                assert_hidden(&linter, &file, "Horse");
            }
            let mut file = good.clone();
            *file.pointer_mut(&place).unwrap() = json!([{"name": "DATABASE", "value": "Horse"}]);
            assert_hidden(&linter, &file, "Horse");
            *file.pointer_mut(&place).unwrap() = json!(["DATABASE=Horse"]);
            assert_hidden(&linter, &file, "Horse");
        }
    }
}

#[test]
fn a_secret_that_yaml_takes_for_something_else_is_in_nothing_that_is_told() {
    let linter = Linter::new().unwrap();
    for value in [
        "!Horse",
        "!Horse Horse",
        "!!Horse",
        "!!str Horse",
        "!<Horse> x",
        "!Horse!Horse x",
        "*Horse",
        "%Horse",
        "@Horse",
        "`Horse",
        "[Horse",
        "\"Horse\\q\"",
        "'Horse",
        "Horse: Horse",
        "{{ Horse",
        "{{ x }, Y: Horse}}",
        "{{ default \"Horse\" .Values.x }}",
        "${{ secrets.x || 'Horse' }}",
        "<% x %> Horse: Horse",
        "{% Horse",
    ] {
        for text in [
            format!("pipeline: shop\nstages:\n  - environment:\n      app:\n        DB: {value}\n"),
            format!("services:\n  web:\n    image: nginx\n    environment:\n      DB: {value}\n"),
        ] {
            let found = linter.lint(&text, Format::Yaml).err().unwrap_or_default();
            for one in found {
                let line = serde_json::to_string(&one).unwrap();
                assert!(!line.contains("Horse"), "{line}\n{text}");
            }
        }
    }
}
