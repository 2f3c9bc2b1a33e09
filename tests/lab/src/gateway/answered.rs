//! Which members a change was answered with. AWS's CloudTrail keeps the answers of changes and none of
//! those of reads, so that this is what the two can be compared by:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parse::Request;
use crate::moto::Reply;
use crate::world::World;

/// How an operation that only reads is called.
const READS: &[&str] = &["BatchGet", "Describe", "Get", "List"];
/// How deep members are named.
const DEPTH: usize = 2;

/// The names of the members, as paths; none of a read, of an error, and of what is not simulated here.
pub(crate) fn members(request: &Request, reply: &Reply) -> Vec<String> {
    let (service, operation) = (request.service.as_str(), request.operation.as_str());
    let reads = READS.iter().any(|read| operation.starts_with(read));
    if reply.status >= 400 || reads || !World::handles(service, operation) {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let mut named = BTreeSet::new();
    name(&body, "", DEPTH, &mut named);
    named.into_iter().collect()
}

fn name(value: &Value, path: &str, depth: usize, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if depth > 0 => {
            for (member, value) in members {
                let path = if path.is_empty() {
                    member.clone()
                } else {
                    format!("{path}.{member}")
                };
                name(value, &path, depth - 1, named);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            if !path.is_empty() {
                named.insert(path.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::gateway::parse::Protocol;

    fn answered(operation: &str, status: u16, body: &Value) -> Vec<String> {
        let request = Request {
            access_key: String::new(),
            account: String::new(),
            region: String::new(),
            service: "ecs".to_owned(),
            operation: operation.to_owned(),
            protocol: Protocol::Json("1.1"),
            input: Value::Null,
        };
        let reply = Reply {
            status,
            headers: HeaderMap::new(),
            body: body.to_string().into(),
        };
        members(&request, &reply)
    }

    #[test]
    fn members_of_a_change_are_named_by_their_paths() {
        let body = json!({"service": {"deployments": [{"id": 1}], "status": "ACTIVE"}, "tags": []});
        assert_eq!(
            answered("UpdateService", 200, &body),
            ["service.deployments", "service.status", "tags"]
        );
        assert!(answered("DescribeServices", 200, &body).is_empty());
        assert!(answered("UpdateService", 400, &body).is_empty());
    }
}
