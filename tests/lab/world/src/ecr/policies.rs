//! Lifecycle and repository policies: stored and given back, as written. Of repository policies it
//! is also read which accounts may pull.

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

/// What a pull does to a repository:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>.
const PULLING: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Whether the repository's policy lets the tasks of another account pull: its statements have to
/// allow everything that a pull does, and to name the account (by id or root) or everybody.
/// Statements with conditions allow nothing here.
pub(super) fn lets_pull(repository: &Repository, account: &str) -> bool {
    let policy = repository.policy.as_deref().unwrap_or_default();
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = listed(&policy["Statement"]);
    let root = format!("arn:aws:iam::{account}:root");
    let names = |statement: &Value| {
        let principal = &statement["Principal"];
        let named = principal.get("AWS").unwrap_or(principal);
        listed(named)
            .iter()
            .filter_map(Value::as_str)
            .any(|name| ["*", account, root.as_str()].contains(&name))
    };
    let covers = |statement: &Value, action: &str| {
        listed(&statement["Action"])
            .iter()
            .filter_map(Value::as_str)
            .any(|held| ["*", "ecr:*", action].contains(&held))
    };
    PULLING.iter().all(|action| {
        statements.iter().any(|statement| {
            statement["Effect"] == "Allow"
                && statement.get("Condition").is_none()
                && names(statement)
                && covers(statement, action)
        })
    })
}

/// One or many, as policies have them.
fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(many) => many.clone(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![value.clone()]
        }
    }
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
