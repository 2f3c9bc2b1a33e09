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
#[path = "authorization_tests.rs"]
mod tests;
