//! Lifecycle and repository policies: stored and given back, as written.

use serde_json::{Value, json};

use super::Repository;
use crate::{
    World,
    call::{Answer, ApiError, Call},
};

pub(super) fn put_lifecycle(world: &mut World, call: &Call) -> Answer {
    let text = document(call, "lifecyclePolicyText")?;
    let repository = world.ecr.find(call)?;
    repository.lifecycle_policy = Some(text.clone());
    Ok(answer(repository, "lifecyclePolicyText", &text))
}

pub(super) fn get_lifecycle(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let text = repository
        .lifecycle_policy
        .clone()
        .ok_or_else(|| no_lifecycle(repository))?;
    Ok(answer(repository, "lifecyclePolicyText", &text))
}

pub(super) fn delete_lifecycle(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let text = repository
        .lifecycle_policy
        .take()
        .ok_or_else(|| no_lifecycle(repository))?;
    Ok(answer(repository, "lifecyclePolicyText", &text))
}

pub(super) fn set(world: &mut World, call: &Call) -> Answer {
    let text = document(call, "policyText")?;
    let repository = world.ecr.find(call)?;
    repository.policy = Some(text.clone());
    Ok(answer(repository, "policyText", &text))
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let text = repository
        .policy
        .clone()
        .ok_or_else(|| no_policy(repository))?;
    Ok(answer(repository, "policyText", &text))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let text = repository
        .policy
        .take()
        .ok_or_else(|| no_policy(repository))?;
    Ok(answer(repository, "policyText", &text))
}

fn document(call: &Call, member: &str) -> Result<String, ApiError> {
    let text = call.str(member).unwrap_or_default();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(super::invalid(format!(
            "Invalid parameter at '{member}' failed to satisfy constraint: 'Invalid JSON policy text'"
        ))),
    }
}

fn answer(repository: &Repository, member: &str, text: &str) -> Value {
    json!({
        "registryId": repository.place.account,
        "repositoryName": repository.name,
        member: text,
    })
}

fn no_lifecycle(repository: &Repository) -> ApiError {
    ApiError::new(
        "LifecyclePolicyNotFoundException",
        format!(
            "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
            repository.name, repository.place.account
        ),
    )
}

fn no_policy(repository: &Repository) -> ApiError {
    ApiError::new(
        "RepositoryPolicyNotFoundException",
        format!(
            "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
            repository.name, repository.place.account
        ),
    )
}
