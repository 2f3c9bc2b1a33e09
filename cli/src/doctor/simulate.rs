//! Asking IAM what a role may do:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.

use serde_json::{Value, json};
use towpath_deployer::ports::CallError;

use crate::deployer::reads::{Reads, Spot, items, text};

/// One question.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The ARN of the role.
    pub(crate) principal: &'a str,
    pub(crate) action: &'a str,
    /// The ARN of the resource, or `*`.
    pub(crate) resource: &'a str,
    /// Condition keys and their values, each text; `null` for none.
    pub(crate) context: Value,
}

/// The answer, as far as the policies of the role itself give it: those of the resource and of the
/// organisation count as well, and are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// It is not, in the words of IAM: `implicitDeny`, `explicitDeny`.
    Denied(String),
    /// There is no such role.
    NoPrincipal,
}

/// Asks IAM.
///
/// # Errors
/// When the call fails.
pub(crate) async fn simulate<R: Reads>(
    reads: &R,
    spot: &Spot,
    asked: &Asked<'_>,
) -> Result<Decision, CallError> {
    let keys = asked.context.as_object().into_iter().flatten();
    let context: Vec<Value> = keys
        .map(|(key, value)| {
            json!({ "ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value] })
        })
        .collect();
    let input = json!({
        "PolicySourceArn": asked.principal,
        "ActionNames": [asked.action],
        "ResourceArns": [asked.resource],
        "ContextEntries": context,
    });
    let read = reads.read(spot, "iam:SimulatePrincipalPolicy", input);
    let found = match read.await {
        Ok(found) => found,
        Err(error) if error.code() == Some("NoSuchEntity") => return Ok(Decision::NoPrincipal),
        Err(error) => return Err(error),
    };
    let decisions = items(&found, "EvaluationResults").iter();
    let decisions = decisions.map(|result| text(result, "EvalDecision"));
    let mut denied = decisions
        .filter(|decision| *decision != "allowed")
        .peekable();
    Ok(match denied.peek() {
        None if items(&found, "EvaluationResults").is_empty() => {
            Decision::Denied("no answer".into())
        }
        None => Decision::Allowed,
        Some(decision) => Decision::Denied((*decision).to_owned()),
    })
}
