//! Who may invoke a function: its resource-based policy, as `AddPermission` makes it.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
//!
//! EventBridge and SNS invoke functions by this policy alone, whatever the account.
//! <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>

use serde_json::{Value, json};

use super::function::Function;
use crate::gateway::parse::Request;
use crate::iam::policy::Verdict;
use crate::iam::principals::Caller;
use crate::lab::Lab;

const INVOKE: &str = "lambda:InvokeFunction";

/// Why a service may not invoke the function on behalf of `source`.
pub(crate) fn refusal(
    lab: &Lab,
    service: &str,
    source: &str,
    function: &Function,
) -> Option<String> {
    if !lab.settings.enforce_iam {
        return None;
    }
    let caller = Caller::Service {
        name: service,
        source,
    };
    let arn = function.config.arn();
    let context = caller.context();
    match lab
        .resource_policies
        .decide(&arn, INVOKE, &caller, &context)
    {
        Verdict::Allowed { .. } => None,
        Verdict::Forbidden | Verdict::NotAllowed => Some(format!(
            "the policy of {arn} does not let {service} invoke it for {source}"
        )),
    }
}

/// Lets a service invoke the function on behalf of `source`.
pub(crate) fn grant(lab: &Lab, sid: &str, service: &str, source: &str, function: &Function) {
    let arn = function.config.arn();
    let input = json!({
        "StatementId": sid, "Action": INVOKE, "Principal": service, "SourceArn": source,
    });
    lab.resource_policies.add(&arn, &statement(&input, &arn));
}

/// The statement that `AddPermission` adds.
pub(crate) fn statement(input: &Value, function: &str) -> Value {
    let principal = input["Principal"].as_str().unwrap_or_default();
    let mut statement = json!({
        "Sid": input["StatementId"],
        "Effect": "Allow",
        "Principal": if principal.ends_with(".amazonaws.com") {
            json!({ "Service": principal })
        } else {
            json!({ "AWS": principal })
        },
        "Action": input["Action"],
        "Resource": function,
    });
    for (member, operator, key) in [
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        (
            "FunctionUrlAuthType",
            "StringEquals",
            "lambda:FunctionUrlAuthType",
        ),
    ] {
        if let Some(value) = input[member].as_str() {
            statement["Condition"][operator][key] = json!(value);
        }
    }
    statement
}

/// The ARN of the function that a request names.
pub(crate) fn named(request: &Request) -> String {
    match request.input["FunctionName"].as_str().unwrap_or_default() {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => format!(
            "arn:aws:lambda:{}:{}:function:{name}",
            request.region, request.account
        ),
    }
}
