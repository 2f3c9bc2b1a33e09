//! CloudWatch Logs: the key of a log group that is there already, which moto does not know how to
//! change.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::gateway::dispatch::{Answer, Incoming, forward, reply};
use crate::gateway::errors::Failure;
use crate::gateway::parse::Request;
use crate::lab::Lab;
use crate::lock::lock;
use crate::moto::{Place, Reply};

/// The keys that log groups were given after they were made: `None` where it was taken away. A group
/// is its account, its region and its name.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<BTreeMap<(String, String, String), Option<String>>>);

/// Whether the call is answered here.
pub(crate) fn handles(operation: &str) -> bool {
    [
        "AssociateKmsKey",
        "DisassociateKmsKey",
        "DescribeLogGroups",
        "DeleteLogGroup",
    ]
    .contains(&operation)
}

/// Carries out a call about log groups.
///
/// # Errors
/// When there is no such group; otherwise as [`forward`].
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let name = request.input["logGroupName"].as_str().unwrap_or_default();
    let group = of(request, name);
    match request.operation.as_str() {
        "DescribeLogGroups" => Ok(with_keys(lab, request, forward(lab, incoming).await?)),
        "DeleteLogGroup" => {
            let answer = forward(lab, incoming).await?;
            lock(&lab.log_keys.0).remove(&group);
            Ok(answer)
        }
        _ if !exists(lab, request, name).await => Err(Failure::new(
            400,
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        )),
        _ => {
            let key = request.input["kmsKeyId"].as_str().map(str::to_owned);
            lock(&lab.log_keys.0).insert(group, key);
            Ok(reply(incoming, &json!({})))
        }
    }
}

fn of(request: &Request, name: &str) -> (String, String, String) {
    let Request {
        account, region, ..
    } = request;
    (account.clone(), region.clone(), name.to_owned())
}

async fn exists(lab: &Lab, request: &Request, name: &str) -> bool {
    let place = Place {
        account: &request.account,
        region: &request.region,
    };
    let target = "Logs_20140328.DescribeLogGroups";
    let input = json!({"logGroupNamePrefix": name});
    let described = lab.moto.json(place, "logs", target, &input).await;
    let described = described.unwrap_or_default();
    let groups = described["logGroups"].as_array();
    groups
        .into_iter()
        .flatten()
        .any(|group| group["logGroupName"] == name)
}

/// The answer with the keys that were changed.
fn with_keys(lab: &Lab, request: &Request, answer: Reply) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer;
    };
    let keys = lock(&lab.log_keys.0);
    let groups = body.get_mut("logGroups").and_then(Value::as_array_mut);
    let mut changed = false;
    for group in groups.into_iter().flatten() {
        let name = group["logGroupName"].as_str().unwrap_or_default();
        let Some(key) = keys.get(&of(request, name)) else {
            continue;
        };
        if let Some(members) = group.as_object_mut() {
            changed = true;
            match key {
                Some(key) => members.insert("kmsKeyId".to_owned(), json!(key)),
                None => members.remove("kmsKeyId"),
            };
        }
    }
    if !changed {
        return answer;
    }
    Reply {
        body: body.to_string().into(),
        ..answer
    }
}
