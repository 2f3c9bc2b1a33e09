//! `PutEvents`.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bus;
use crate::gateway::dispatch::{Answer, Incoming, reply};
use crate::gateway::errors::Failure;
use crate::lab::Lab;

/// Publishes the entries; each is taken or refused by itself.
///
/// # Errors
/// When there are no entries or more than ten.
pub(crate) fn put_events(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let entries = request.input["Entries"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if entries.is_empty() || entries.len() > 10 {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10, but is {}",
            entries.len()
        );
        return Err(Failure::new(400, "ValidationException", message));
    }
    let mut answers = Vec::new();
    let mut failed = 0;
    for entry in &entries {
        match event(lab, incoming, entry) {
            Ok((account, region, event)) => {
                answers.push(json!({ "EventId": event["id"] }));
                bus::publish_on(lab, &account, &region, &event, false);
            }
            Err((code, message)) => {
                failed += 1;
                answers.push(json!({ "ErrorCode": code, "ErrorMessage": message }));
            }
        }
    }
    let answer = json!({ "FailedEntryCount": failed, "Entries": answers });
    Ok(reply(incoming, &answer))
}

type Refusal = (&'static str, String);

/// The event of an entry, and the bus it goes to.
fn event(
    lab: &Lab,
    incoming: &Incoming,
    entry: &Value,
) -> Result<(String, String, Value), Refusal> {
    let request = &incoming.request;
    let required = |member: &str| match entry[member].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        Some(_) | None => Err((
            "InvalidArgument",
            format!("Parameter {member} is not valid. Reason: {member} is a required argument."),
        )),
    };
    let (source, kind) = (required("Source")?, required("DetailType")?);
    if source.starts_with("aws.") {
        return Err((
            "NotAuthorizedForSourceException",
            "Not authorized for the source.".to_owned(),
        ));
    }
    let malformed = || ("MalformedDetail", "Detail is malformed.".to_owned());
    let detail: Value =
        serde_json::from_str(&required("Detail")?).map_err(|_not_json| malformed())?;
    if !detail.is_object() {
        return Err(malformed());
    }
    if entry.to_string().len() > 1024 * 1024 {
        return Err((
            "InvalidArgument",
            "Total size of the entry is too large.".to_owned(),
        ));
    }
    let bus = entry["EventBusName"].as_str().unwrap_or("default");
    let parts: Vec<&str> = bus.split(':').collect();
    let (account, region) = match parts.as_slice() {
        ["default"] => (request.account.as_str(), request.region.as_str()),
        ["arn", _, "events", region, account, "event-bus/default"] => (*account, *region),
        _ => {
            let message = format!("Event bus {bus} does not exist.");
            return Err(("ResourceNotFoundException", message));
        }
    };
    let time = entry["Time"].as_f64().and_then(|seconds| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole seconds are what events carry"
        )]
        Timestamp::from_second(seconds as i64).ok()
    });
    let time = time.unwrap_or_else(|| lab.clock.now());
    let event = json!({
        "version": "0",
        "id": lab.ids.uuid(),
        "detail-type": kind,
        "source": source,
        "account": request.account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": request.region,
        "resources": entry["Resources"].as_array().cloned().unwrap_or_default(),
        "detail": detail,
    });
    Ok((account.to_owned(), region.to_owned(), event))
}
