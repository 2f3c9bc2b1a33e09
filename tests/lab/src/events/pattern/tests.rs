//! What event patterns match, by the examples of the documentation.

use serde_json::{Value, json};

use super::Pattern;

fn matches(pattern: Value, event: Value) -> bool {
    Pattern::new(&pattern).expect("a pattern").matches(&event)
}

#[test]
fn all_fields_have_to_match_and_one_value_of_each() {
    let pattern = json!({"source": ["aws.ecr"], "detail": {"action-type": ["PUSH", "DELETE"], "result": ["SUCCESS"]}});
    let push = json!({"source": "aws.ecr", "detail": {"action-type": "PUSH", "result": "SUCCESS", "more": 1}});
    assert!(matches(pattern.clone(), push.clone()));
    let mut failed = push;
    failed["detail"]["result"] = json!("FAILURE");
    assert!(!matches(pattern.clone(), failed));
    assert!(!matches(pattern, json!({"source": "aws.ecr"})));
}

#[test]
fn a_list_in_the_event_matches_by_any_element() {
    assert!(matches(json!({"a": ["x"]}), json!({"a": ["y", "x"]})));
    assert!(!matches(json!({"a": ["x"]}), json!({"a": ["y"]})));
    assert!(matches(
        json!({"a": {"b": [1]}}),
        json!({"a": [{"b": 2}, {"b": 1.0}]})
    ));
}

#[test]
fn text_filters() {
    for (filter, yes, no) in [
        (json!({"prefix": "eu-"}), "eu-west-1", "us-east-1"),
        (
            json!({"prefix": {"equals-ignore-case": "EU"}}),
            "Eu-west",
            "us",
        ),
        (json!({"suffix": ".png"}), "a.png", "a.jpg"),
        (
            json!({"suffix": {"equals-ignore-case": ".PNG"}}),
            "a.pnG",
            "a.jpg",
        ),
        (json!({"equals-ignore-case": "Alice"}), "aLICE", "bob"),
        (
            json!({"wildcard": "shop-*-api"}),
            "shop-eu-api",
            "shop-eu-web",
        ),
        (json!({"anything-but": "x"}), "y", "x"),
        (json!({"anything-but": ["x", "y"]}), "z", "y"),
        (
            json!({"anything-but": {"prefix": "init"}}),
            "done",
            "initial",
        ),
        (
            json!({"anything-but": {"suffix": [".tmp", ".bak"]}}),
            "a.txt",
            "a.bak",
        ),
        (
            json!({"anything-but": {"wildcard": "*/lib/*"}}),
            "a/b",
            "a/lib/b",
        ),
        (
            json!({"anything-but": {"equals-ignore-case": ["X"]}}),
            "y",
            "x",
        ),
        (json!({"cidr": "10.0.0.0/24"}), "10.0.0.255", "10.0.1.0"),
        (json!({"cidr": "fc00::/7"}), "fd00::1", "10.0.0.1"),
    ] {
        assert!(
            matches(json!({"a": [filter]}), json!({"a": yes})),
            "{filter} on {yes}"
        );
        assert!(
            !matches(json!({"a": [filter]}), json!({"a": no})),
            "{filter} on {no}"
        );
        assert!(
            !matches(json!({"a": [filter]}), json!({"b": yes})),
            "{filter} on nothing"
        );
    }
}

#[test]
fn numbers_and_ranges() {
    let range = json!({"n": [{"numeric": [">", 0, "<=", 5]}]});
    assert!(matches(range.clone(), json!({"n": 5})));
    assert!(!matches(range.clone(), json!({"n": 0})));
    assert!(!matches(range, json!({"n": "5"})));
    assert!(matches(json!({"n": [3]}), json!({"n": 3.0})));
}

#[test]
fn existence_speaks_of_leaves() {
    assert!(matches(
        json!({"a": [{"exists": true}]}),
        json!({"a": null})
    ));
    assert!(!matches(json!({"a": [{"exists": true}]}), json!({})));
    assert!(matches(json!({"a": [{"exists": false}]}), json!({})));
    assert!(matches(
        json!({"a": {"b": [{"exists": false}]}}),
        json!({"c": 1})
    ));
    assert!(!matches(
        json!({"a": [{"exists": true}]}),
        json!({"a": {"b": 1}})
    ));
}

#[test]
fn null_empty_text_and_booleans_are_values() {
    assert!(matches(json!({"a": [null]}), json!({"a": null})));
    assert!(!matches(json!({"a": [null]}), json!({})));
    assert!(matches(json!({"a": [""]}), json!({"a": ""})));
    assert!(!matches(json!({"a": ["true"]}), json!({"a": true})));
}

#[test]
fn one_alternative_of_or_has_to_match_beside_the_rest() {
    let pattern =
        json!({"source": ["s"], "detail": {"$or": [{"a": [1]}, {"b": [{"numeric": [">", 2]}]}]}});
    assert!(matches(
        pattern.clone(),
        json!({"source": "s", "detail": {"b": 3}})
    ));
    assert!(!matches(
        pattern.clone(),
        json!({"source": "s", "detail": {"b": 1}})
    ));
    assert!(!matches(
        pattern,
        json!({"source": "t", "detail": {"a": 1}})
    ));
}

#[test]
fn what_eventbridge_refuses_is_refused_with_its_place() {
    for pattern in [
        json!([]),
        json!({}),
        json!({"a": "x"}),
        json!({"a": []}),
        json!({"a": [["x"]]}),
        json!({"a": [{"prefix": 1}]}),
        json!({"a": [{"magic": "x"}]}),
        json!({"a": [{"numeric": [">"]}]}),
        json!({"a": [{"prefix": "x", "suffix": "y"}]}),
        json!({"a": {}}),
        json!({"$or": [{"a": [1]}]}),
        json!({"a": [{"wildcard": "x**"}]}),
    ] {
        assert!(Pattern::new(&pattern).is_err(), "{pattern}");
    }
    let error = Pattern::new(&json!({"detail": {"state": "x"}})).expect_err("not a list");
    assert_eq!(error.path, "detail.state");
}

/// Of what is reported about deployments the start is no news to whoever has started them: that would
/// be written down, and have the release looked at, for nothing.
#[test]
fn the_deployers_rules_take_what_is_news() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let read = |path: &str| -> Value {
        let text = std::fs::read_to_string(root.join(path)).expect("a file of the project");
        serde_json::from_str(&text).expect("JSON")
    };
    let described = read("infra/functions.json");
    let rules = &described["functions"]["deployment-event"]["triggers"]["events"];
    let rules = rules.as_array().expect("the rules");
    for (event, taken) in [
        ("codedeploy-deployment-state-change-start", false),
        ("codedeploy-deployment-state-change-ready", true),
        ("codedeploy-deployment-state-change-success", true),
        ("codedeploy-deployment-state-change-failure", true),
        ("codedeploy-deployment-state-change-stop", true),
        ("ecs-deployment-in-progress", false),
        ("ecs-deployment-in-progress-captured-2025", false),
        ("ecs-deployment-in-progress-rollback", true),
        ("ecs-deployment-completed", true),
        ("ecs-deployment-failed", true),
        ("ecs-hook-state-change-awaiting-action", true),
    ] {
        let event_of = read(&format!("tests/fixtures/events/{event}.json"));
        let takes = rules.iter().any(|rule| {
            let mut pattern = rule["pattern"].clone();
            for key in ["account", "region"] {
                pattern[key] = json!([event_of[key]]);
            }
            matches(pattern, event_of.clone())
        });
        assert_eq!(takes, taken, "{event}");
    }
}
