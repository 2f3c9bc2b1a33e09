//! The Service Authorization Reference, as far as something here names its actions.
//! `scripts/update-authorization` takes it anew.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Need;

/// What the reference says of an action.
#[derive(Debug, Deserialize)]
pub(crate) struct Action {
    /// The types of resources all of which have to be allowed.
    pub(crate) needs: Vec<String>,
    /// The types of resources that a call may name besides.
    pub(crate) may: Vec<String>,
    /// The condition keys that it has, besides the global ones.
    pub(crate) keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    actions: BTreeMap<String, Action>,
    /// The ARN of each type, as `ecs:service`, with `${…}` for its parts.
    arns: BTreeMap<String, String>,
}

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../model/authorization.json"))
        .expect("the vendored reference")
});

/// What the reference says of `service:Action`, if it was vendored.
pub(crate) fn action(name: &str) -> Option<&'static Action> {
    REFERENCE.actions.get(name)
}

/// The ARN of a type of resources that an action names.
pub(crate) fn arn_of(action: &str, kind: &str) -> Option<&'static str> {
    let (service, _) = action.split_once(':')?;
    let arn = REFERENCE.arns.get(&format!("{service}:{kind}"))?;
    Some(arn)
}

/// Asks for every type of resources that the actions need, also those that a call does not name by
/// themselves: the service of a deployment is a part of the deployment's ARN. Condition keys that an
/// action does not have are taken away: no statement can rely on them.
pub(super) fn complete(needs: &mut Vec<Need>) {
    let mut further = Vec::new();
    for need in needs.iter() {
        let Some(known) = action(&need.action) else {
            continue;
        };
        // What may be anything is allowed by nothing that names a resource.
        if need.resource == "*" {
            continue;
        }
        for kind in &known.needs {
            let Some(format) = arn_of(&need.action, kind) else {
                continue;
            };
            let mut named = needs.iter().filter(|other| other.action == need.action);
            if named.any(|other| parts(format, &other.resource).is_some()) {
                continue;
            }
            let parts = known.needs.iter().chain(&known.may).find_map(|of| {
                let of = arn_of(&need.action, of)?;
                parts(of, &need.resource)
            });
            further.push(Need {
                resource: filled(format, &parts.unwrap_or_default()),
                ..need.clone()
            });
        }
    }
    needs.extend(further);
    for need in needs {
        if let Some(known) = action(&need.action) {
            need.context.retain(|key, _| {
                key.starts_with("aws:") || known.keys.iter().any(|it| it.eq_ignore_ascii_case(key))
            });
        }
    }
}

/// What stands in an ARN for each part of its format; `None` when it is of another format. The last
/// part may be of several.
fn parts<'a>(format: &'a str, arn: &'a str) -> Option<BTreeMap<&'a str, &'a str>> {
    let mut parts = BTreeMap::new();
    let (mut format, mut arn) = (format, arn);
    while let Some((literal, rest)) = format.split_once("${") {
        let (name, behind) = rest.split_once('}')?;
        arn = arn.strip_prefix(literal)?;
        let end = match behind.chars().next() {
            Some(next) => arn.find(next)?,
            None => arn.len(),
        };
        let (value, left) = arn.split_at(end);
        parts.insert(name, value);
        (format, arn) = (behind, left);
    }
    (format == arn).then_some(parts)
}

/// The ARN of a format with these parts; what is not known is `*`.
fn filled(format: &str, parts: &BTreeMap<&str, &str>) -> String {
    let mut arn = String::new();
    let mut format = format;
    while let Some((literal, rest)) = format.split_once("${") {
        let (name, behind) = rest.split_once('}').unwrap_or((rest, ""));
        arn.push_str(literal);
        arn.push_str(parts.get(name).copied().unwrap_or("*"));
        format = behind;
    }
    arn + format
}

#[cfg(test)]
mod tests {
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

    /// A statement of a function in `infra/functions.json`.
    struct Statement {
        of: String,
        actions: Vec<String>,
        resources: Vec<String>,
        keys: Vec<String>,
    }

    fn texts(value: &Value) -> Vec<String> {
        let texts = value.as_array().into_iter().flatten();
        texts
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect()
    }

    fn statements() -> Vec<Statement> {
        let described: Value =
            serde_json::from_str(include_str!("../../../../../infra/functions.json")).unwrap();
        let mut statements = Vec::new();
        for (function, described) in described["functions"].as_object().unwrap() {
            for statement in described["statements"].as_array().unwrap() {
                let operators = statement["conditions"].as_object().unwrap().values();
                let keys = operators.flat_map(|keys| keys.as_object().unwrap().keys().cloned());
                statements.push(Statement {
                    of: function.clone(),
                    actions: texts(&statement["actions"]),
                    resources: texts(&statement["resources"]),
                    keys: keys.collect(),
                });
            }
        }
        statements
    }

    /// Whether some resource is named by both, in which `${…}` and `*` stand for anything. The
    /// account and everything before it is the deployer's or the target account's matter.
    fn meet(resource: &str, format: &str) -> bool {
        if resource == "*" {
            return true;
        }
        let last = |arn: &str| arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
        let service = |arn: &str| arn.split(':').nth(2).unwrap_or_default().to_owned();
        service(resource) == service(format)
            && overlap(&wild(&last(resource)), &wild(&last(format)))
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
            (['*', behind @ ..], [_, further @ ..]) => {
                overlap(behind, other) || overlap(one, further)
            }
            ([_, further @ ..], ['*', behind @ ..]) => {
                overlap(one, behind) || overlap(further, other)
            }
            ([a, one @ ..], [b, other @ ..]) => a == b && overlap(one, other),
        }
    }

    #[test]
    fn every_statement_of_a_function_says_what_aws_understands() {
        let mut wrong = BTreeSet::new();
        for statement in statements() {
            let Statement {
                of,
                actions,
                resources,
                keys,
            } = &statement;
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
        assert_eq!(wrong, BTreeSet::new());
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
}
