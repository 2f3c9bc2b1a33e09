//! What the project's own statements say, held against the reference.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const SERVICE: &str =
    "arn:${Partition}:ecs:${Region}:${Account}:service/${ClusterName}/${ServiceName}";

#[test]
fn a_deployment_tells_of_its_service() {
    let deployment = arn_of("ecs:DescribeServiceDeployments", "service-deployment").unwrap();
    let arn = "arn:aws:ecs:eu-west-1:111111111111:service-deployment/shop/api/1a2b";
    let parts = super::parts(deployment, arn).unwrap();
    assert_eq!(
        filled(SERVICE, &parts),
        "arn:aws:ecs:eu-west-1:111111111111:service/shop/api"
    );
    assert_eq!(super::parts(SERVICE, arn), None);
    assert_eq!(
        filled(SERVICE, &BTreeMap::new()),
        "arn:*:ecs:*:*:service/*/*"
    );
}

/// A statement of a function in `infra/functions.json`, or of a policy for people or Terraform.
struct Statement {
    of: String,
    actions: Vec<String>,
    resources: Vec<String>,
    keys: Vec<String>,
}

const POLICIES: [(&str, &str); 4] = [
    (
        "people.json",
        include_str!("../../../../../docs/policies/people.json"),
    ),
    (
        "terraform.json",
        include_str!("../../../../../docs/policies/terraform.json"),
    ),
    (
        "terraform-example.json",
        include_str!("../../../../../docs/policies/terraform-example.json"),
    ),
    (
        "terraform-services.json",
        include_str!("../../../../../docs/policies/terraform-services.json"),
    ),
];

/// What is one text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let texts = value.as_array().map_or(one, Vec::as_slice).iter();
    texts
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

fn keys(conditions: &Value) -> Vec<String> {
    let operators = conditions
        .as_object()
        .into_iter()
        .flat_map(|it| it.values());
    let keys = operators.filter_map(Value::as_object);
    keys.flat_map(|keys| keys.keys().cloned()).collect()
}

fn statements() -> Vec<Statement> {
    let described: Value =
        serde_json::from_str(include_str!("../../../../../infra/functions.json")).unwrap();
    let mut statements = Vec::new();
    for (function, described) in described["functions"].as_object().unwrap() {
        for statement in described["statements"].as_array().unwrap() {
            statements.push(Statement {
                of: function.clone(),
                actions: texts(&statement["actions"]),
                resources: texts(&statement["resources"]),
                keys: keys(&statement["conditions"]),
            });
        }
    }
    statements
}

fn statements_of_policies() -> Vec<Statement> {
    let mut statements = Vec::new();
    for (name, text) in POLICIES {
        let policy: Value = serde_json::from_str(text).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            statements.push(Statement {
                of: format!("{name}: {}", statement["Sid"]),
                actions: texts(&statement["Action"]),
                resources: texts(&statement["Resource"]),
                keys: keys(&statement["Condition"]),
            });
        }
    }
    statements
}

/// The service of an action.
fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// Whether some resource is named by both, in which `${…}` and `*` stand for anything. The
/// account and everything before it is the deployer's or the target account's matter.
fn meet(resource: &str, format: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let last = |arn: &str| arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
    let service = |arn: &str| arn.split(':').nth(2).unwrap_or_default().to_owned();
    service(resource) == service(format) && overlap(&wild(&last(resource)), &wild(&last(format)))
}

/// With `*` for each `${…}`.
fn wild(text: &str) -> Vec<char> {
    let mut wild = String::new();
    let mut text = text;
    while let Some((literal, rest)) = text.split_once("${") {
        wild.push_str(literal);
        wild.push('*');
        text = rest.split_once('}').map_or("", |(_, behind)| behind);
    }
    (wild + text).chars().collect()
}

fn overlap(one: &[char], other: &[char]) -> bool {
    match (one, other) {
        ([], rest) | (rest, []) => rest.iter().all(|it| *it == '*'),
        (['*', behind @ ..], [_, further @ ..]) => overlap(behind, other) || overlap(one, further),
        ([_, further @ ..], ['*', behind @ ..]) => overlap(one, behind) || overlap(further, other),
        ([a, one @ ..], [b, other @ ..]) => a == b && overlap(one, other),
    }
}

/// What AWS does not understand of statements.
fn wrong(statements: &[Statement]) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for statement in statements {
        let Statement {
            of,
            actions,
            resources,
            keys,
        } = statement;
        for name in actions {
            let Some(known) = action(name) else {
                wrong.insert(format!("{of}: {name}: run scripts/update-authorization"));
                continue;
            };
            for key in keys {
                let is_known = known.keys.iter().any(|it| it == key);
                if !is_known && !key.starts_with("aws:") {
                    wrong.insert(format!("{of}: {name} has no condition key {key}"));
                }
            }
            let nothing_to_name = known.needs.is_empty() && known.may.is_empty();
            if nothing_to_name && !resources.iter().any(|it| it == "*") {
                wrong.insert(format!("{of}: {name} is allowed on * only"));
            }
        }
        for resource in resources {
            let named = actions.iter().any(|name| {
                let known = action(name).into_iter();
                let mut kinds = known.flat_map(|known| known.needs.iter().chain(&known.may));
                kinds.any(|kind| arn_of(name, kind).is_some_and(|it| meet(resource, it)))
            });
            if !named && resource != "*" {
                wrong.insert(format!("{of}: none of {actions:?} is about {resource}"));
            }
        }
    }
    wrong
}

#[test]
fn every_statement_of_a_function_says_what_aws_understands() {
    assert_eq!(wrong(&statements()), BTreeSet::new());
}

#[test]
fn every_statement_of_a_policy_says_what_aws_understands() {
    let known: BTreeSet<&str> = REFERENCE.actions.keys().map(|it| service(it)).collect();
    let (judged, skipped): (Vec<_>, Vec<_>) = statements_of_policies()
        .into_iter()
        .map(|mut statement| {
            let is_known = |service: &str| known.contains(service);
            let (judged, skipped) = statement
                .actions
                .into_iter()
                .partition::<Vec<_>, _>(|action| is_known(service(action)));
            statement.actions = judged;
            statement
                .resources
                .retain(|it| it == "*" || it.split(':').nth(2).is_some_and(is_known));
            (statement, skipped)
        })
        .unzip();
    let skipped: BTreeSet<&str> = skipped.iter().flatten().map(|it| service(it)).collect();
    // Of these, `scripts/update-authorization` takes nothing.
    let unknown = [
        "cloudformation",
        "ec2",
        "elasticloadbalancing",
        "kms",
        "secretsmanager",
    ];
    assert_eq!(skipped, BTreeSet::from(unknown));
    assert_eq!(wrong(&judged), BTreeSet::new());
}

/// A call is allowed when each of the types that it needs is.
#[test]
fn every_function_may_touch_all_that_its_calls_need() {
    let mut wrong = BTreeSet::new();
    let all = statements();
    for Statement { of, actions, .. } in &all {
        for name in actions {
            let Some(known) = action(name) else {
                continue;
            };
            for kind in &known.needs {
                let format = arn_of(name, kind).unwrap_or_default();
                let mut own = all
                    .iter()
                    .filter(|it| it.of == *of && it.actions.contains(name));
                if !own.any(|it| it.resources.iter().any(|it| meet(it, format))) {
                    wrong.insert(format!("{of}: {name} needs a {kind}: {format}"));
                }
            }
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}
