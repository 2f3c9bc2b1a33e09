//! What ECS refuses to register, or can never run, and what is like it and good: the tables in
//! `cases/`, which say what is changed in a good definition and where the finding is. The lab's
//! ECS is held against the same.

use serde_json::{Value, json};
use towpath_taskdef::{Finding, Rule, Rules, TaskDefinition, validate};

mod cases;
use cases::{REFUSED, TAKEN, definition, lines, pointer};

const DOUBTFUL: &str = include_str!("cases/doubtful.txt");

fn findings(document: &Value, is_registered: bool) -> Vec<Finding> {
    let definition = TaskDefinition::from_register(document.clone()).expect("a task definition");
    let rules = Rules {
        registered: is_registered,
        ..Rules::default()
    };
    validate(&definition, &rules)
}

/// Of each finding: how bad it is, the rule, the container and the place.
fn as_values(findings: &[Finding]) -> Value {
    let told = findings.iter();
    told.map(|one| json!([one.severity, one.rule, one.container, one.path]))
        .collect()
}

#[test]
fn each_is_found_once_at_its_place_with_a_way_out() {
    let mut shown = String::new();
    for (table, severity) in [(REFUSED, "error"), (DOUBTFUL, "warning")] {
        for case in lines(table) {
            let found = findings(&definition(&case), false);
            let place = pointer(case[4].as_str().expect("a place"));
            let expected = json!([[severity, case[2], case[3], place]]);
            assert_eq!(as_values(&found), expected, "{case}");
            for finding in &found {
                assert!(!finding.help.is_empty(), "{case}");
                shown.push_str(&format!("{finding}\n"));
            }
        }
    }
    insta::assert_snapshot!(shown);
}

/// ECS took it once, if it says so; only what a release sets can be wrong now.
#[test]
fn what_ecs_has_registered_stops_no_release() {
    let of_release = ["image-credentials", "variable-name", "variable-twice"];
    for case in lines(REFUSED) {
        let found = findings(&definition(&case), true);
        let severity = if of_release.iter().any(|rule| case[2] == *rule) {
            "error"
        } else {
            "warning"
        };
        assert_eq!(as_values(&found)[0][0], severity, "{case}");
        assert_eq!(found.len(), 1, "{case}");
    }
}

#[test]
fn nothing_is_said_against_what_ecs_takes() {
    for case in lines(TAKEN) {
        assert_eq!(findings(&definition(&case), false), [], "{case}");
    }
}

/// Each circle is told once, whatever else waits for it.
#[test]
fn every_circle_is_told() {
    let container = |name: &str, needs: &[&str]| {
        let needs = needs.iter();
        let needs = needs.map(|need| json!({"containerName": need, "condition": "START"}));
        json!({"name": name, "image": "shop", "memory": 8, "dependsOn": needs.collect::<Vec<_>>()})
    };
    let document = json!({"family": "web", "containerDefinitions": [
        container("waits", &["b"]),
        container("a", &["free", "b"]),
        container("b", &["c"]),
        container("c", &["a"]),
        container("free", &[]),
        container("d", &["e"]),
        container("e", &["d", "free"]),
    ]});
    let found = findings(&document, false);
    let circles = found.iter().filter(|one| one.rule == Rule::DependencyCycle);
    let told = circles.map(|one| (&*one.path, &*one.message));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (
                "/containerDefinitions/1/dependsOn/1",
                "it waits for itself, so it never starts: \"a\" → \"b\" → \"c\" → \"a\"",
            ),
            (
                "/containerDefinitions/5/dependsOn/0",
                "it waits for itself, so it never starts: \"d\" → \"e\" → \"d\"",
            ),
        ]
    );
}
