//! Lists that have what somebody made through the API beside what the lab made itself.

use serde_json::Value;

use super::named::Named;
use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::lab::Lab;

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
    Ok(made.with_members("Functions", |all| all.extend(here)))
}

/// `ListEventSourceMappings` of a function that somebody made through the API. AWS takes its name, its
/// partial ARN or its ARN, whichever of them the mapping was made with; moto compares the texts.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>
///
/// # Errors
/// When moto cannot be reached.
pub(crate) async fn mappings(lab: &Lab, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let name = request.input["FunctionName"].as_str().unwrap_or_default();
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
    Ok(made.with_members("EventSourceMappings", |all| {
        all.retain(|one| {
            let arn = one["FunctionArn"].as_str().unwrap_or_default();
            let named = |text| Named::parse(&request.account, &request.region, text);
            named(arn) == named(name)
        });
    }))
}
