//! `SimulatePrincipalPolicy`, for the roles that the lab knows: moto does not have it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use serde_json::Value;

use super::policy::{Context, Verdict};
use crate::gateway::dispatch::{Answer, Incoming};
use crate::gateway::errors::{self, Failure};
use crate::lab::Lab;
use crate::moto::Reply;

/// Says what a role's policies allow; nothing of it counts as used or refused.
///
/// # Errors
/// When the lab knows no such role.
pub(crate) fn answer(lab: &Lab, incoming: &Incoming) -> Answer {
    let input = &incoming.request.input;
    let role = input["PolicySourceArn"].as_str().unwrap_or_default();
    if !lab.roles.knows(role) {
        let message = format!("The role with name {role} cannot be found.");
        return Err(Failure::new(404, "NoSuchEntity", message));
    }
    let context = context(input);
    let mut resources = members(input, "ResourceArns");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut results = String::new();
    for action in members(input, "ActionNames") {
        for resource in &resources {
            let decision = match lab.roles.would_allow(role, &action, resource, &context) {
                Verdict::Allowed { .. } => "allowed",
                Verdict::Forbidden => "explicitDeny",
                Verdict::NotAllowed => "implicitDeny",
            };
            results.push_str(&format!(
                "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName><EvalDecision>{decision}</EvalDecision><MatchedStatements/><MissingContextValues/></member>",
                errors::escape(&action),
                errors::escape(resource)
            ));
        }
    }
    let body = format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>",
        incoming.request_id
    );
    let response = errors::build(200, "text/xml", Vec::new(), &incoming.request_id);
    Ok(Reply {
        status: 200,
        headers: response.headers().clone(),
        body: body.into(),
    })
}

/// The members of a list in a form: `ActionNames.member.1`, `.2` …
fn members(input: &Value, list: &str) -> Vec<String> {
    (1..)
        .map_while(|n| input[format!("{list}.member.{n}")].as_str())
        .map(str::to_owned)
        .collect()
}

fn context(input: &Value) -> Context {
    let mut context = Context::new();
    for n in 1.. {
        let entry = format!("ContextEntries.member.{n}");
        let Some(key) = input[format!("{entry}.ContextKeyName")].as_str() else {
            break;
        };
        let values = members(input, &format!("{entry}.ContextKeyValues"));
        context.insert(key.to_ascii_lowercase(), values);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_and_context_are_read_from_the_form() {
        let input = json!({
            "ActionNames.member.1": "iam:PassRole",
            "ActionNames.member.2": "iam:GetRole",
            "ContextEntries.member.1.ContextKeyName": "iam:PassedToService",
            "ContextEntries.member.1.ContextKeyValues.member.1": "ecs-tasks.amazonaws.com",
        });
        assert_eq!(
            members(&input, "ActionNames"),
            ["iam:PassRole", "iam:GetRole"]
        );
        assert_eq!(members(&input, "ResourceArns"), Vec::<String>::new());
        assert_eq!(
            context(&input)["iam:passedtoservice"],
            ["ecs-tasks.amazonaws.com"]
        );
    }
}
