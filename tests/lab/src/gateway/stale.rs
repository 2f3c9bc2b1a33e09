//! Answers from before the last change: of reads, and of writes whose answer describes what they
//! change. ECS gives both: the answer to UpdateService may name the deployment from before it
//! (<https://github.com/kayac/ecspresso/pull/945>).

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::dispatch::Incoming;
use super::faults::Earlier;
use super::parse::Request;
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
    let Request {
        operation, input, ..
    } = &incoming.request;
    if !is_read(operation) || input["ConsistentRead"] == true {
        return reply;
    }
    let earlier = lab.faults.earlier(&read_key(incoming), &text(&reply.body));
    let older = match earlier {
        Earlier::Unchanged => None,
        Earlier::Before(body) => Some(Reply {
            body: body.into(),
            ..reply.clone()
        }),
        Earlier::NeverRead => match not_visible_yet(operation, input, &reply) {
            // Nothing is remembered: the caller has not seen it.
            Some(without) => return without,
            None => None,
        },
    };
    remember(lab, incoming, &reply);
    older.unwrap_or(reply)
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

/// The answer while what ECS or CodeDeploy has just made is not visible yet; `None` where it shows
/// nothing of that.
fn not_visible_yet(operation: &str, input: &Value, reply: &Reply) -> Option<Reply> {
    if reply.status != 200 {
        return None;
    }
    let mut answer = serde_json::from_slice::<Value>(&reply.body).ok()?;
    let with = |status: u16, body: &Value| Reply {
        status,
        headers: reply.headers.clone(),
        body: body.to_string().into(),
    };
    let (found, asked) = match operation {
        "GetDeployment" => {
            let id = input["deploymentId"].as_str().unwrap_or_default();
            let refused = json!({ "__type": "DeploymentDoesNotExistException",
                "message": format!("The deployment {id} could not be found") });
            return Some(with(400, &refused));
        }
        // The lab lists the oldest first.
        "ListServiceDeployments" => {
            if let Some(list) = answer["serviceDeployments"].as_array_mut() {
                list.pop();
            }
            return Some(with(200, &answer));
        }
        "DescribeServiceDeployments" => ("serviceDeployments", "serviceDeploymentArns"),
        "DescribeServiceRevisions" => ("serviceRevisions", "serviceRevisionArns"),
        _ => return None,
    };
    let missing = |arn: &Value| json!({ "arn": arn, "reason": "MISSING" });
    let asked = input[asked].as_array().into_iter().flatten();
    answer[found] = json!([]);
    answer["failures"] = asked.map(missing).collect();
    Some(with(200, &answer))
}

/// Keeps the answer to a read, as the caller has seen it.
pub(crate) fn remember(lab: &Lab, incoming: &Incoming, reply: &Reply) {
    if is_read(&incoming.request.operation) && reply.status == 200 {
        lab.faults.remember(&read_key(incoming), &text(&reply.body));
    }
}

fn is_update(incoming: &Incoming) -> bool {
    incoming.request.service == "ecs" && incoming.request.operation == "UpdateService"
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn is_read(operation: &str) -> bool {
    ["Get", "Describe", "List", "Query", "Scan", "BatchGet"]
        .iter()
        .any(|start| operation.starts_with(start))
}

fn read_key(incoming: &Incoming) -> String {
    let request = &incoming.request;
    format!(
        "{} {} {} {} {} {}",
        incoming.caller.name,
        request.account,
        request.region,
        request.service,
        request.operation,
        request.input
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
            let without = not_visible_yet(operation, &input, &reply(&answer));
            without.map(|reply| serde_json::from_slice::<Value>(&reply.body).unwrap())
        };
        assert_eq!(
            stale(
                "ListServiceDeployments",
                json!({}),
                json!({"serviceDeployments": ["first", "second"]})
            ),
            Some(json!({"serviceDeployments": ["first"]}))
        );
        assert_eq!(
            stale(
                "DescribeServiceRevisions",
                json!({"serviceRevisionArns": ["a"]}),
                json!({"serviceRevisions": [{"taskDefinition": "shop:7"}], "failures": []})
            ),
            Some(json!({"serviceRevisions": [], "failures": [{"arn": "a", "reason": "MISSING"}]}))
        );
        assert_eq!(
            stale(
                "GetDeployment",
                json!({"deploymentId": "d-1"}),
                json!({"deploymentInfo": {"deploymentId": "d-1"}})
            ),
            Some(json!({"__type": "DeploymentDoesNotExistException",
                "message": "The deployment d-1 could not be found"}))
        );
        let other = json!({"services": ["shop"]});
        assert_eq!(stale("DescribeServices", json!({}), other), None);
    }
}
