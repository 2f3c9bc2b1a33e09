//! Lists that have what somebody made through the API beside what the lab made itself.

use serde_json::{Value, json};

use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::lab::Lab;
use crate::moto::Reply;

/// `ListFunctions`, with the lab's own of the account and region that is asked.
///
/// # Errors
/// When moto cannot be reached.
pub(crate) async fn functions(lab: &Lab, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let made = forward(lab, incoming).await?;
    let own = lab.lambda.all();
    let here = own.iter().map(|one| &one.config).filter(|config| {
        config.account == request.account
            && config.region == request.region
            && request.account == lab.settings.account
    });
    let here: Vec<Value> = here.map(|config| config.describe()).collect();
    Ok(with_members(made, "Functions", |all| all.extend(here)))
}

/// `ListEventSourceMappings` of a function that somebody made through the API. AWS takes its name, its
/// partial ARN or its ARN, whichever of them the mapping was made with; moto compares the texts.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>
///
/// # Errors
/// When moto cannot be reached.
pub(crate) async fn mappings(lab: &Lab, incoming: &Incoming) -> Answer {
    let name = incoming.request.input["FunctionName"].as_str();
    let name = name.unwrap_or_default().to_owned();
    let mut asked = incoming.clone();
    let uri = &incoming.http.uri;
    let query = uri.query().unwrap_or_default().split('&');
    let rest: Vec<&str> = query
        .filter(|part| !part.starts_with("FunctionName="))
        .collect();
    if let Ok(all) = format!("{}?{}", uri.path(), rest.join("&")).parse() {
        asked.http.uri = all;
    }
    let made = forward(lab, &asked).await?;
    Ok(with_members(made, "EventSourceMappings", |all| {
        all.retain(|one| {
            let arn = one["FunctionArn"].as_str().unwrap_or_default();
            is_named(arn, &name)
        });
    }))
}

/// Whether a function's ARN is meant by a name, a partial ARN or an ARN.
fn is_named(arn: &str, name: &str) -> bool {
    arn == name || arn.ends_with(&format!(":{name}"))
}

/// A reply whose list of this name is changed; one without it is left as it is.
pub(crate) fn with_members(
    mut reply: Reply,
    list: &str,
    change: impl FnOnce(&mut Vec<Value>),
) -> Reply {
    let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200
        && let Some(members) = body.get_mut(list).and_then(Value::as_array_mut)
    {
        change(members);
        reply.body = json!(body).to_string().into();
        reply.headers.remove("content-length");
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_name_and_by_both_kinds_of_arn() {
        let arn = "arn:aws:lambda:eu-central-1:111111111111:function:towpath-advance";
        for name in [
            arn,
            "111111111111:function:towpath-advance",
            "towpath-advance",
        ] {
            assert!(is_named(arn, name), "{name}");
        }
        assert!(!is_named(arn, "advance"));
    }
}
