//! RegisterTaskDefinition: what is registered is kept without loss, with the defaults that ECS
//! fills in and the members that it derives.

use serde_json::{Map, Value, json};

use super::{
    client, definition_limits,
    task_definitions::{Status, TaskDefinition},
};
use crate::{
    World,
    call::{Answer, Call, array, epoch, text},
};

pub(super) fn register(world: &mut World, call: &Call) -> Answer {
    let family = call.required("family", "ClientException", "Family can not be blank.")?;
    definition_limits::check(call.input)?;
    let Some(input) = call.input.as_object() else {
        return Err(client("Request must be a JSON object."));
    };
    let key = (call.place(), family.to_owned());
    let revisions = world.ecs.definitions.entry(key).or_default();
    let revision = revisions
        .last()
        .map_or(1, |last| last.revision.saturating_add(1));
    let arn = call
        .place()
        .arn("ecs", &format!("task-definition/{family}:{revision}"));
    let mut described = input.clone();
    described.remove("tags");
    fill_defaults(&mut described);
    let derived = json!({
        "taskDefinitionArn": arn,
        "revision": revision,
        "requiresAttributes": attributes(&described),
        "compatibilities": compatibilities(&described),
        "registeredAt": epoch(world.now),
        "registeredBy": principal_arn(call),
    });
    if let Value::Object(derived) = derived {
        described.extend(derived);
    }
    let definition = TaskDefinition {
        arn: arn.clone(),
        revision,
        status: Status::Active,
        described,
    };
    let mut answer = json!({"taskDefinition": definition.describe()});
    revisions.push(definition);
    super::tags::put(world, &arn, call.list("tags"));
    crate::call::put(
        &mut answer,
        "tags",
        (!call.list("tags").is_empty()).then(|| call.list("tags").to_vec()),
    );
    Ok(answer)
}

/// The caller as ARN: `root` has one too.
pub(super) fn principal_arn(call: &Call) -> String {
    if call.principal.starts_with("arn:") {
        call.principal.to_owned()
    } else {
        format!("arn:aws:iam::{}:{}", call.account, call.principal)
    }
}

/// The members that Describe shows although nobody gave them.
fn fill_defaults(definition: &mut Map<String, Value>) {
    for name in ["volumes", "placementConstraints"] {
        definition.entry(name).or_insert_with(|| json!([]));
    }
    let awsvpc = definition.get("networkMode").and_then(Value::as_str) == Some("awsvpc");
    let Some(containers) = definition
        .get_mut("containerDefinitions")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    for container in containers.iter_mut().filter_map(Value::as_object_mut) {
        container.entry("cpu").or_insert_with(|| json!(0));
        container.entry("essential").or_insert_with(|| json!(true));
        for name in [
            "environment",
            "mountPoints",
            "volumesFrom",
            "portMappings",
            "systemControls",
        ] {
            container.entry(name).or_insert_with(|| json!([]));
        }
        let mappings = container
            .get_mut("portMappings")
            .and_then(Value::as_array_mut);
        for mapping in mappings
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            mapping.entry("protocol").or_insert_with(|| json!("tcp"));
            let port = mapping.get("containerPort").cloned();
            if let (true, Some(port)) = (awsvpc, port) {
                mapping.entry("hostPort").or_insert(port);
            }
        }
    }
}

fn compatibilities(definition: &Map<String, Value>) -> Vec<&'static str> {
    let awsvpc = definition.get("networkMode").and_then(Value::as_str) == Some("awsvpc");
    let sized = definition.contains_key("cpu") && definition.contains_key("memory");
    if awsvpc && sized {
        vec!["EC2", "FARGATE"]
    } else {
        vec!["EC2"]
    }
}

/// Container instance attributes that the definition's features need.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html>
fn attributes(definition: &Map<String, Value>) -> Vec<Value> {
    let mut names: Vec<String> = Vec::new();
    let containers = definition
        .get("containerDefinitions")
        .and_then(Value::as_array);
    for container in containers.into_iter().flatten() {
        if let Some(driver) = container
            .pointer("/logConfiguration/logDriver")
            .and_then(Value::as_str)
        {
            names.push(format!(
                "com.amazonaws.ecs.capability.logging-driver.{driver}"
            ));
            if driver == "awslogs" && definition.contains_key("executionRoleArn") {
                names.push("ecs.capability.execution-role-awslogs".to_owned());
            }
        }
        if text(container, "image").is_some_and(|image| image.contains(".dkr.ecr.")) {
            names.push("com.amazonaws.ecs.capability.ecr-auth".to_owned());
            if definition.contains_key("executionRoleArn") {
                names.push("ecs.capability.execution-role-ecr-pull".to_owned());
            }
        }
        if !array(container, "secrets").is_empty() {
            names.push("ecs.capability.secrets.ssm.environment-variables".to_owned());
        }
    }
    if definition.contains_key("taskRoleArn") {
        names.push("com.amazonaws.ecs.capability.task-iam-role".to_owned());
    }
    if definition.get("networkMode").and_then(Value::as_str) == Some("awsvpc") {
        names.push("ecs.capability.task-eni".to_owned());
    }
    names.push("com.amazonaws.ecs.capability.docker-remote-api.1.18".to_owned());
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect()
}
