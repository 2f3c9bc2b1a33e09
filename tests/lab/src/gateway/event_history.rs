//! CloudTrail's event history, made of the journal: the calls of the simulated services and of
//! Parameter Store. Of the answers of changes it has the members and leaves the values out.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::dispatch::{Answer, Incoming, reply};
use super::journal::Entry;
use crate::lab::Lab;

/// Events in one answer.
const PAGE: usize = 50;
/// The services that are shown, and what CloudTrail calls them.
const SOURCES: &[(&str, &str)] = &[
    ("application-autoscaling", "autoscaling"),
    ("codedeploy", "codedeploy"),
    ("ecr", "ecr"),
    ("ecs", "ecs"),
    ("ssm", "ssm"),
];

/// `LookupEvents`, by event source and time, the newest first.
///
/// # Errors
/// Never.
pub(crate) fn lookup(lab: &Lab, incoming: &Incoming) -> Answer {
    let (request, input) = (&incoming.request, &incoming.request.input);
    let wanted = &input["LookupAttributes"][0];
    let service = SOURCES.iter().find(|(_, name)| {
        wanted["AttributeKey"] == "EventSource"
            && wanted["AttributeValue"] == format!("{name}.amazonaws.com")
    });
    let time = |member: &str| input[member].as_f64();
    let (since, until) = (time("StartTime"), time("EndTime"));
    let events: Vec<Value> = lab
        .journal
        .since(0)
        .iter()
        .rev()
        .filter(|entry| Some(entry.service.as_str()) == service.map(|(service, _)| *service))
        .filter(|entry| entry.account == request.account && entry.region == request.region)
        .filter_map(|entry| Some((entry, entry.time.parse::<Timestamp>().ok()?)))
        .filter(|(_, at)| {
            let at = at.as_duration().as_secs_f64();
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
        })
        .filter_map(|(entry, at)| Some(event(entry, at, service?.1)))
        .collect();
    let skipped = input["NextToken"]
        .as_str()
        .and_then(|from| from.parse().ok());
    let from: usize = skipped.unwrap_or(0);
    let page: Vec<Value> = events.iter().skip(from).take(PAGE).cloned().collect();
    let mut answer = json!({ "Events": page });
    if from + PAGE < events.len() {
        answer["NextToken"] = json!((from + PAGE).to_string());
    }
    Ok(reply(incoming, &answer))
}

fn event(entry: &Entry, at: Timestamp, source: &str) -> Value {
    let time = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let issuer = format!("arn:aws:iam::{}:role/{}", entry.account, entry.caller);
    let mut event = json!({
        "eventVersion": "1.11",
        "eventID": entry.n.to_string(),
        "eventTime": time,
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": entry.operation,
        "awsRegion": entry.region,
        "recipientAccountId": entry.account,
        "userIdentity": { "type": "AssumedRole", "accountId": entry.account,
            "sessionContext": { "sessionIssuer": { "type": "Role", "arn": issuer } } },
        "responseElements": answer(&entry.answer),
    });
    if entry.outcome != "ok" {
        event["errorCode"] = json!(entry.outcome);
    }
    json!({
        "EventId": entry.n.to_string(),
        "EventName": entry.operation,
        "EventSource": event["eventSource"],
        "EventTime": at.as_second(),
        "CloudTrailEvent": event.to_string(),
    })
}

/// An answer with these members, two deep; none without any.
fn answer(members: &[String]) -> Value {
    let mut answer = Map::new();
    for member in members {
        match member.split_once('.') {
            None => {
                answer.insert(member.clone(), Value::Null);
            }
            Some((outer, inner)) => {
                let outer = answer.entry(outer).or_insert_with(|| json!({}));
                outer[inner] = Value::Null;
            }
        }
    }
    if answer.is_empty() {
        Value::Null
    } else {
        Value::Object(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_members() {
        let members = ["service.status", "service.tags", "id"].map(str::to_owned);
        let shown = json!({ "id": null, "service": { "status": null, "tags": null } });
        assert_eq!(answer(&members), shown);
        assert_eq!(answer(&[]), Value::Null);
    }
}
