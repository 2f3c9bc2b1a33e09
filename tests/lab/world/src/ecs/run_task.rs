//! RunTask and StopTask.

use serde_json::{Value, json};

use super::{invalid, register, task_definitions, task_life, task_lists, task_lists::Times};
use crate::{
    World,
    call::{Answer, ApiError, Call},
};

pub(super) fn run(world: &mut World, call: &Call) -> Answer {
    let cluster_arn = super::cluster::find(world, call)?;
    let reference = call.required(
        "taskDefinition",
        "InvalidParameterException",
        "TaskDefinition can not be blank.",
    )?;
    let found = task_definitions::runnable(world, &call.place(), reference)?;
    let definition = found.arn.clone();
    let family = found
        .described
        .get("family")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let awsvpc = found.described.get("networkMode") == Some(&json!("awsvpc"));
    if awsvpc && call.member("networkConfiguration").is_none() {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    for wanted in crate::call::array(
        call.input.get("overrides").unwrap_or(&Value::Null),
        "containerOverrides",
    ) {
        let name = crate::call::text(wanted, "name");
        let known = found
            .containers()
            .iter()
            .any(|held| crate::call::text(held, "name") == name);
        if !known {
            return Err(invalid(
                "Override for container named {} is not a container in the TaskDefinition."
                    .replace("{}", name.unwrap_or_default()),
            ));
        }
    }
    let count = call.number("count").unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("count must be between 1 and 10."));
    }
    let token = call
        .str("clientToken")
        .map(|token| (call.place(), token.to_owned()));
    if let Some(token) = &token
        && let Some((asked, arns)) = world.ecs.run.get(token)
    {
        return again(world, call, asked, arns);
    }
    let mut tasks = Vec::new();
    let mut arns = Vec::new();
    for _ in 0..count {
        let arn = task_life::launch(
            world,
            task_life::Launch {
                place: call.place(),
                cluster_arn: cluster_arn.clone(),
                definition: &definition,
                group: call
                    .str("group")
                    .map_or_else(|| format!("family:{family}"), str::to_owned),
                started_by: call.str("startedBy").map(str::to_owned),
                service: None,
                fleet: None,
                launch_type: call.str("launchType").map(str::to_owned),
                platform_version: call
                    .str("platformVersion")
                    .filter(|version| *version != "LATEST")
                    .map(str::to_owned),
                overrides: call.member("overrides").cloned().unwrap_or_else(
                    || json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
                ),
            },
        )?;
        super::tags::put(world, &arn, call.list("tags"));
        arns.push(arn.clone());
        if let Some(task) = world.ecs.tasks.get(&arn) {
            tasks.push(task_lists::describe_task(task, Times::Epoch));
        }
    }
    if let Some(token) = token {
        world.ecs.run.insert(token, (call.input.clone(), arns));
    }
    Ok(json!({"tasks": tasks, "failures": []}))
}

/// The answer to a client token that was used before:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>.
fn again(world: &World, call: &Call, asked: &Value, arns: &[String]) -> Answer {
    if asked != call.input {
        let mut conflict = ApiError::new(
            "ConflictException",
            "The provided clientToken is already in use with a different RunTask request.",
        );
        conflict
            .fields
            .insert("resourceIds".to_owned(), json!(arns));
        return Err(conflict);
    }
    let tasks: Vec<_> = arns
        .iter()
        .filter_map(|arn| world.ecs.tasks.get(arn))
        .map(|task| task_lists::describe_task(task, Times::Epoch))
        .collect();
    Ok(json!({"tasks": tasks, "failures": []}))
}

pub(super) fn stop(world: &mut World, call: &Call) -> Answer {
    let cluster = super::cluster::find(world, call)?;
    let reference = call.required(
        "task",
        "InvalidParameterException",
        "Task must be specified.",
    )?;
    let arn = task_lists::arn_of(call, &cluster, reference);
    if !world.ecs.tasks.contains_key(&arn) {
        return Err(invalid("The referenced task was not found."));
    }
    let by = register::principal_arn(call);
    let reason = call
        .str("reason")
        .map_or_else(|| format!("Task stopped by {by}"), str::to_owned);
    task_life::stop(world, &arn, "UserInitiated", &reason);
    let described = world
        .ecs
        .tasks
        .get(&arn)
        .map(|task| task_lists::describe_task(task, Times::Epoch));
    Ok(json!({"task": described}))
}
