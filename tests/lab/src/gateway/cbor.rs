//! Smithy RPC v2 with CBOR, which boto3 speaks to CodeDeploy and CloudWatch.
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
//!
//! Inside the lab everything is JSON, where times are seconds since the epoch; in CBOR they have
//! a tag, so they are told by the names that the services' models give them.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// Members of CodeDeploy's and CloudWatch's models that are timestamps.
const TIMES: &[&str] = &[
    "completeTime",
    "createTime",
    "deregisterTime",
    "end",
    "endTime",
    "firstUsedTime",
    "lastUpdatedAt",
    "lastUsedTime",
    "registerTime",
    "start",
    "startTime",
];

/// The JSON form of a CBOR body; an empty body is an empty object.
pub(crate) fn decode(bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    let cbor: Cbor = ciborium::from_reader(bytes).ok()?;
    to_json(cbor)
}

/// The CBOR form of a JSON answer.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory fails only when memory does.
    if ciborium::into_writer(&to_cbor(value, false), &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}

fn to_json(cbor: Cbor) -> Option<Value> {
    Some(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => Value::Bool(flag),
        Cbor::Integer(number) => {
            let number = i128::from(number);
            match i64::try_from(number) {
                Ok(number) => Value::from(number),
                Err(_too_large) => Value::from(u64::try_from(number).ok()?),
            }
        }
        Cbor::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(super::parse::base64(&bytes)),
        Cbor::Tag(_, inner) => to_json(*inner)?,
        Cbor::Array(items) => Value::Array(items.into_iter().map(to_json).collect::<Option<_>>()?),
        Cbor::Map(entries) => {
            let mut members = Map::new();
            for (name, value) in entries {
                members.insert(name.into_text().ok()?, to_json(value)?);
            }
            Value::Object(members)
        }
        _ => return None,
    })
}

fn to_cbor(value: &Value, is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::Number(number) if is_time => Cbor::Tag(
            1,
            Box::new(Cbor::Float(number.as_f64().unwrap_or_default())),
        ),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Cbor::from(number),
            (None, Some(number)) => Cbor::from(number),
            (None, None) => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => {
            Cbor::Array(items.iter().map(|item| to_cbor(item, is_time)).collect())
        }
        Value::Object(members) => Cbor::Map(
            members
                .iter()
                .map(|(name, value)| {
                    let is_time = TIMES.contains(&name.as_str());
                    (Cbor::Text(name.clone()), to_cbor(value, is_time))
                })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_way_through_cbor() {
        let value = json!({
            "deploymentInfo": {"createTime": 1_800_000_000.5, "count": 3, "flags": [true, null], "name": "ü"}
        });
        assert_eq!(decode(&encode(&value)), Some(value));
    }

    #[test]
    fn times_carry_their_tag() {
        let bytes = encode(&json!({"createTime": 1.0}));
        let cbor: Cbor = ciborium::from_reader(bytes.as_slice()).expect("CBOR");
        let entries = cbor.into_map().expect("a map");
        assert!(matches!(entries[0].1, Cbor::Tag(1, _)));
    }

    #[test]
    fn no_bytes_are_an_empty_input_and_garbage_is_none() {
        assert_eq!(decode(b""), Some(json!({})));
        assert_eq!(decode(b"\xff\xff"), None);
    }
}
