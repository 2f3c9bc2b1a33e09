//! Answers from before the last change: of reads, and of writes whose answer describes what they
//! change. ECS gives both: the answer to UpdateService may name the deployment from before it
//! (<https://github.com/kayac/ecspresso/pull/945>).

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::dispatch::Incoming;
use crate::lab::Lab;
use crate::moto::Reply;
use crate::world::{self, Call};

/// What a service was before it is updated.
#[derive(Debug)]
pub(crate) struct Before(Option<Value>);

/// What is to be known before the call is carried out.
pub(crate) fn before(lab: &Arc<Lab>, incoming: &Incoming) -> Before {
    let request = &incoming.request;
    if !is_update(incoming) {
        return Before(None);
    }
    let input = json!({
        "cluster": request.input["cluster"],
        "services": [request.input["service"]],
    });
    let call = Call {
        account: &request.account,
        region: &request.region,
        principal: "root",
        service: "ecs",
        operation: "DescribeServices",
        input: &input,
    };
    let described = world::with(lab, |world, now| world.call(&call, now));
    let service = described.map(|mut described| described["services"][0].take());
    Before(service.ok().filter(Value::is_object))
}

/// The answer as it would have been before the last change; `members` are those of the answer that
/// are, where not all of it is.
pub(crate) fn older(
    lab: &Lab,
    incoming: &Incoming,
    before: Before,
    members: Option<&[String]>,
    reply: Reply,
) -> Reply {
    if let Before(Some(service)) = before {
        return as_before(&incoming.request.input, service, members, reply);
    }
    if !is_read(&incoming.request.operation) || incoming.request.input["ConsistentRead"] == true {
        return reply;
    }
    let now = text(&reply.body);
    match lab.faults.stale(&read_key(incoming), &now) {
        Some(Value::String(body)) => Reply {
            body: body.into(),
            ..reply
        },
        Some(_) | None => never_read(&incoming.request.operation, &incoming.request.input, reply),
    }
}

/// The answer to an update that shows what was asked for, and else the service as it was.
fn as_before(input: &Value, mut before: Value, members: Option<&[String]>, reply: Reply) -> Reply {
    let Ok(mut answer) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    let now = &mut answer["service"];
    match members {
        Some(members) => {
            for member in members {
                now[member] = before[member].take();
            }
        }
        None => {
            let asked = input.as_object().into_iter().flatten();
            for (member, _) in asked.filter(|(member, _)| *member != "loadBalancers") {
                if now.get(member).is_some() {
                    before[member] = now[member].take();
                }
            }
            *now = before;
        }
    }
    Reply {
        body: answer.to_string().into(),
        ..reply
    }
}

/// A read that nobody has made before: what ECS has just made is not visible yet.
fn never_read(operation: &str, input: &Value, reply: Reply) -> Reply {
    let Ok(mut answer) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    if answer.get("deploymentInfo").is_some() {
        let refused = json!({ "__type": "DeploymentDoesNotExistException",
            "message": format!("The deployment {} could not be found", input["deploymentId"]) });
        return Reply {
            status: 400,
            body: refused.to_string().into(),
            ..reply
        };
    }
    let (found, asked) = match operation {
        // The lab lists the oldest first.
        "ListServiceDeployments" => {
            if let Some(list) = answer["serviceDeployments"].as_array_mut() {
                list.pop();
            }
            return Reply {
                body: answer.to_string().into(),
                ..reply
            };
        }
        "DescribeServiceDeployments" => ("serviceDeployments", "serviceDeploymentArns"),
        "DescribeServiceRevisions" => ("serviceRevisions", "serviceRevisionArns"),
        _ => return reply,
    };
    let missing = |arn: &Value| json!({ "arn": arn, "reason": "MISSING" });
    let asked = input[asked].as_array().into_iter().flatten();
    answer[found] = json!([]);
    answer["failures"] = asked.map(missing).collect();
    Reply {
        body: answer.to_string().into(),
        ..reply
    }
}

/// Keeps the answer to a read.
pub(crate) fn remember(lab: &Lab, incoming: &Incoming, reply: &Reply) {
    if is_read(&incoming.request.operation) && reply.status == 200 {
        lab.faults.remember(&read_key(incoming), &text(&reply.body));
    }
}

fn is_update(incoming: &Incoming) -> bool {
    incoming.request.service == "ecs" && incoming.request.operation == "UpdateService"
}

fn text(body: &Bytes) -> Value {
    Value::String(String::from_utf8_lossy(body).into_owned())
}

fn is_read(operation: &str) -> bool {
    ["Get", "Describe", "List", "Query", "Scan", "BatchGet"]
        .iter()
        .any(|start| operation.starts_with(start))
}

fn read_key(incoming: &Incoming) -> String {
    let request = &incoming.request;
    format!(
        "{} {} {} {} {}",
        request.account, request.region, request.service, request.operation, request.input
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &Value) -> Reply {
        Reply {
            status: 200,
            headers: Default::default(),
            body: body.to_string().into(),
        }
    }

    #[test]
    fn an_update_is_answered_with_what_was_asked_for_and_else_with_the_service_as_it_was() {
        let input = json!({"service": "shop", "taskDefinition": "new", "loadBalancers": [2]});
        let now = json!({"service": {"taskDefinition": "new", "loadBalancers": [2],
            "currentServiceDeployment": "second", "runningCount": 3}});
        let before = json!({"taskDefinition": "old", "loadBalancers": [1],
            "currentServiceDeployment": "first", "runningCount": 2});
        let stale = |members: Option<&[String]>| {
            let stale = as_before(&input, before.clone(), members, reply(&now));
            serde_json::from_slice::<Value>(&stale.body).unwrap()["service"].take()
        };
        assert_eq!(
            stale(None),
            json!({"taskDefinition": "new", "loadBalancers": [1],
                "currentServiceDeployment": "first", "runningCount": 2})
        );
        assert_eq!(
            stale(Some(&["currentServiceDeployment".into()])),
            json!({"taskDefinition": "new", "loadBalancers": [2],
                "currentServiceDeployment": "first", "runningCount": 3})
        );
    }

    #[test]
    fn what_was_never_read_is_not_visible_yet() {
        let stale = |operation: &str, input: Value, answer: Value| {
            let reply = never_read(operation, &input, reply(&answer));
            serde_json::from_slice::<Value>(&reply.body).unwrap()
        };
        assert_eq!(
            stale(
                "ListServiceDeployments",
                json!({}),
                json!({"serviceDeployments": ["first", "second"]})
            ),
            json!({"serviceDeployments": ["first"]})
        );
        assert_eq!(
            stale(
                "DescribeServiceRevisions",
                json!({"serviceRevisionArns": ["a"]}),
                json!({"serviceRevisions": [{"taskDefinition": "shop:7"}], "failures": []})
            ),
            json!({"serviceRevisions": [], "failures": [{"arn": "a", "reason": "MISSING"}]})
        );
        let other = json!({"services": ["shop"]});
        assert_eq!(stale("DescribeServices", json!({}), other.clone()), other);
    }
}
