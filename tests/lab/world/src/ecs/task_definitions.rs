//! Reading, deregistering and deleting task definitions, and finding the one a reference means.

use serde_json::{Map, Value, json};

use super::{client, invalid};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, array, epoch, text},
};

/// One revision, as Describe shows it. Kept as JSON so that members which no model knows survive.
#[derive(Debug)]
pub(crate) struct TaskDefinition {
    pub(super) arn: String,
    pub(super) revision: u64,
    pub(super) status: Status,
    pub(super) described: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Inactive,
    DeleteInProgress,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

impl TaskDefinition {
    pub(super) fn describe(&self) -> Value {
        let mut described = self.described.clone();
        described.insert("status".to_owned(), Value::from(self.status.name()));
        Value::Object(described)
    }

    pub(super) fn containers(&self) -> &[Value] {
        self.described
            .get("containerDefinitions")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let reference = call.required(
        "taskDefinition",
        "ClientException",
        "taskDefinition can not be blank.",
    )?;
    let found = lookup(world, &call.place(), reference)
        .ok_or_else(|| client("Unable to describe task definition."))?;
    let arn = found.arn.clone();
    let mut answer = json!({"taskDefinition": found.describe()});
    if array(call.input, "include")
        .iter()
        .any(|what| what == "TAGS")
    {
        crate::call::put(&mut answer, "tags", Some(super::tags::of(world, &arn)));
    }
    Ok(answer)
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let place = call.place();
    let prefix = call.str("familyPrefix");
    let wanted = match call.str("status").unwrap_or("ACTIVE") {
        "ACTIVE" => Status::Active,
        "INACTIVE" => Status::Inactive,
        "DELETE_IN_PROGRESS" => Status::DeleteInProgress,
        other => return Err(invalid(format!("status {other} is not valid"))),
    };
    let mut arns: Vec<Value> = world
        .ecs
        .definitions
        .iter()
        // Despite its name, `familyPrefix` is the full family name.
        .filter(|((held, family), _)| {
            *held == place && prefix.is_none_or(|prefix| family == prefix)
        })
        .flat_map(|(_, revisions)| revisions)
        .filter(|definition| definition.status == wanted)
        .map(|definition| Value::from(definition.arn.clone()))
        .collect();
    if call.str("sort") == Some("DESC") {
        arns.reverse();
    }
    super::paged(call, "taskDefinitionArns", arns, 100)
}

pub(super) fn families(world: &mut World, call: &Call) -> Answer {
    let place = call.place();
    let prefix = call.str("familyPrefix").unwrap_or_default();
    let status = call.str("status").unwrap_or("ACTIVE");
    let found = world
        .ecs
        .definitions
        .iter()
        .filter(|((held, family), _)| *held == place && family.starts_with(prefix))
        .filter(|(_, revisions)| {
            let active = revisions.iter().any(|held| held.status == Status::Active);
            match status {
                "ACTIVE" => active,
                "INACTIVE" => !active,
                _all => true,
            }
        })
        .map(|((_, family), _)| Value::from(family.clone()))
        .collect();
    super::paged(call, "families", found, 100)
}

pub(super) fn deregister(world: &mut World, call: &Call) -> Answer {
    let now = world.now;
    let reference = call.str("taskDefinition").unwrap_or_default();
    if revision_of(reference).is_none() {
        return Err(invalid("Revision is missing."));
    }
    let found = lookup_mut(world, &call.place(), reference)
        .ok_or_else(|| client("The specified task definition does not exist."))?;
    if found.status == Status::Active {
        found.status = Status::Inactive;
        found
            .described
            .insert("deregisteredAt".to_owned(), epoch(now));
    }
    Ok(json!({"taskDefinition": found.describe()}))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let now = world.now;
    let mut deleted = Vec::new();
    let mut failures = Vec::new();
    for reference in call.strings("taskDefinitions") {
        match lookup_mut(world, &call.place(), &reference) {
            Some(found) if found.status == Status::Active => failures.push(json!({
                "arn": found.arn,
                "reason": "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            })),
            Some(found) => {
                found.status = Status::DeleteInProgress;
                found.described.insert("deleteRequestedAt".to_owned(), epoch(now));
                deleted.push(found.describe());
            }
            None => failures.push(json!({
                "arn": reference,
                "reason": "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
            })),
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

/// The revision that `family`, `family:revision` or an ARN means; a bare family is its latest
/// ACTIVE revision.
pub(super) fn lookup<'a>(
    world: &'a World,
    place: &Place,
    reference: &str,
) -> Option<&'a TaskDefinition> {
    let (place, family) = family_of(place, reference);
    let revisions = world.ecs.definitions.get(&(place, family))?;
    match revision_of(reference) {
        Some(wanted) => revisions.iter().find(|held| held.revision == wanted),
        None => revisions
            .iter()
            .rev()
            .find(|held| held.status == Status::Active),
    }
}

fn lookup_mut<'a>(
    world: &'a mut World,
    place: &Place,
    reference: &str,
) -> Option<&'a mut TaskDefinition> {
    let (place, family) = family_of(place, reference);
    let wanted = revision_of(reference)?;
    world
        .ecs
        .definitions
        .get_mut(&(place, family))?
        .iter_mut()
        .find(|held| held.revision == wanted)
}

/// The definition that a service or task is to run: it must exist and be ACTIVE.
pub(super) fn runnable<'a>(
    world: &'a World,
    place: &Place,
    reference: &str,
) -> Result<&'a TaskDefinition, ApiError> {
    let found =
        lookup(world, place, reference).ok_or_else(|| client("TaskDefinition not found."))?;
    if found.status == Status::Active {
        Ok(found)
    } else {
        Err(client("TaskDefinition is inactive"))
    }
}

/// Whether the definition of this ARN exists and may still be used.
pub(crate) fn is_runnable(world: &World, place: &Place, reference: &str) -> bool {
    runnable(world, place, reference).is_ok()
}

/// Whether the definition has a container of this name that maps this port.
pub(crate) fn maps_port(
    world: &World,
    place: &Place,
    reference: &str,
    container: &str,
    port: u64,
) -> bool {
    lookup(world, place, reference).is_some_and(|definition| {
        definition.containers().iter().any(|held| {
            text(held, "name") == Some(container)
                && array(held, "portMappings").iter().any(|mapping| {
                    mapping.get("containerPort").and_then(Value::as_u64) == Some(port)
                })
        })
    })
}

fn family_of(place: &Place, reference: &str) -> (Place, String) {
    let (place, rest) = match Place::of_arn(reference) {
        Some(named) => (
            named,
            reference.split_once('/').map_or("", |(_, rest)| rest),
        ),
        None => (place.clone(), reference),
    };
    let family = rest.split_once(':').map_or(rest, |(family, _)| family);
    (place, family.to_owned())
}

fn revision_of(reference: &str) -> Option<u64> {
    let rest = reference
        .rsplit_once('/')
        .map_or(reference, |(_, rest)| rest);
    rest.split_once(':')?.1.parse().ok()
}
