//! The policies of resources, by which they let other accounts and services in: DynamoDB tables, event
//! buses, repositories and functions.
//!
//! Between accounts both sides have to agree: the caller's own statements and the resource's policy.
//! Within an account one of them would be enough; there the lab asks for the caller's own only.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use super::policy::{Context, Statement, Verdict, decide};
use super::principals::{Caller, Principals};
use crate::gateway::parse::Request;
use crate::lambda::permission as of_function;
use crate::lock::lock;

/// The policies of all resources that have one, by ARN.
#[derive(Debug, Default)]
pub(crate) struct ResourcePolicies(Mutex<BTreeMap<String, Vec<Rule>>>);

/// A statement of a resource's policy, and whom it speaks of.
#[derive(Debug, Clone)]
struct Rule {
    principals: Principals,
    statement: Statement,
}

impl ResourcePolicies {
    /// What the policy of `resource` says about `caller` and `action`, given the condition keys of the
    /// request; a resource without a policy lets nobody in.
    pub(crate) fn decide(
        &self,
        resource: &str,
        action: &str,
        caller: &Caller<'_>,
        context: &Context,
    ) -> Verdict {
        let policies = lock(&self.0);
        let statements: Vec<Statement> = policies
            .get(held_by(resource))
            .into_iter()
            .flatten()
            .filter(|rule| rule.principals.name(caller))
            .map(|rule| rule.statement.clone())
            .collect();
        decide(&statements, action, resource, context)
    }

    /// Remembers what a successful call changed.
    pub(crate) fn observe(&self, request: &Request) {
        let input = &request.input;
        let text = |member: &str| input[member].as_str().unwrap_or_default();
        match (request.service.as_str(), request.operation.as_str()) {
            ("dynamodb", "PutResourcePolicy") => {
                self.put(text("ResourceArn"), text("Policy"));
            }
            ("dynamodb", "DeleteResourcePolicy") => self.remove(text("ResourceArn"), None),
            ("events", "PutPermission") => match input["Policy"].as_str() {
                Some(policy) => self.put(&bus(request), policy),
                None => self.add(&bus(request), &permission(input, &bus(request))),
            },
            ("events", "RemovePermission") => {
                let all = input["RemoveAllPermissions"] == true;
                self.remove(&bus(request), (!all).then(|| text("StatementId")));
            }
            ("ecr", "SetRepositoryPolicy") => self.put(&repository(request), text("policyText")),
            ("ecr", "DeleteRepositoryPolicy" | "DeleteRepository") => {
                self.remove(&repository(request), None);
            }
            ("lambda", "AddPermission") => {
                let function = of_function::named(request);
                self.add(&function, &of_function::statement(input, &function));
            }
            ("lambda", "RemovePermission") => {
                self.remove(&of_function::named(request), Some(text("StatementId")));
            }
            ("lambda", "DeleteFunction") => self.remove(&of_function::named(request), None),
            _ => {}
        }
    }

    fn put(&self, resource: &str, policy: &str) {
        let document: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.clone(),
            one @ Value::Object(_) => vec![one.clone()],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        self.remove(resource, None);
        for statement in &statements {
            self.add(resource, statement);
        }
    }

    /// Adds a statement to the policy of `resource`, or replaces the one of the same name.
    pub(crate) fn add(&self, resource: &str, statement: &Value) {
        let mut whole = statement.clone();
        // The policy of a repository names no resource: it is about itself.
        if let Some(members) = whole.as_object_mut() {
            members.entry("Resource").or_insert_with(|| json!("*"));
        }
        let Ok(read) = serde_json::from_value::<Statement>(whole) else {
            tracing::warn!(
                resource,
                "a statement of the resource's policy is not understood"
            );
            return;
        };
        let mut policies = lock(&self.0);
        let rules = policies.entry(resource.to_owned()).or_default();
        rules.retain(|rule| read.sid.is_empty() || rule.statement.sid != read.sid);
        rules.push(Rule {
            principals: Principals::of(statement),
            statement: read,
        });
    }

    fn remove(&self, resource: &str, sid: Option<&str>) {
        let mut policies = lock(&self.0);
        match sid {
            None => {
                policies.remove(resource);
            }
            Some(sid) => {
                if let Some(rules) = policies.get_mut(resource) {
                    rules.retain(|rule| rule.statement.sid != sid);
                }
            }
        }
    }
}

/// An index is let in to by its table's policy.
fn held_by(resource: &str) -> &str {
    match resource.split_once("/index/") {
        Some((table, _)) if table.starts_with("arn:aws:dynamodb:") => table,
        Some(_) | None => resource,
    }
}

fn bus(request: &Request) -> String {
    let name = request.input["EventBusName"].as_str().unwrap_or("default");
    format!(
        "arn:aws:events:{}:{}:event-bus/{name}",
        request.region, request.account
    )
}

fn repository(request: &Request) -> String {
    let input = &request.input;
    format!(
        "arn:aws:ecr:{}:{}:repository/{}",
        request.region,
        input["registryId"].as_str().unwrap_or(&request.account),
        input["repositoryName"].as_str().unwrap_or_default()
    )
}

/// The statement that `PutPermission` adds for an account.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html>
fn permission(input: &Value, bus: &str) -> Value {
    let principal = match input["Principal"].as_str() {
        Some("*") => json!("*"),
        account => json!({ "AWS": format!("arn:aws:iam::{}:root", account.unwrap_or_default()) }),
    };
    let mut statement = json!({
        "Sid": input["StatementId"], "Effect": "Allow", "Principal": principal,
        "Action": input["Action"], "Resource": bus,
    });
    let condition = &input["Condition"];
    if let (Some(kind), Some(key)) = (condition["Type"].as_str(), condition["Key"].as_str()) {
        let keys = Map::from_iter([(key.to_owned(), condition["Value"].clone())]);
        statement["Condition"] = json!({ kind: keys });
    }
    statement
}

#[cfg(test)]
#[path = "resource_policies_tests.rs"]
mod tests;
