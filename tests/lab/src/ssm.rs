//! Parameter Store: the limits that moto does not know, and the lab's time, which it does not know
//! either.
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::gateway::errors::Failure;
use crate::lab::Lab;
use crate::lock::lock;
use crate::moto::Reply;

/// When each version of each parameter was written.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<BTreeMap<Version, Timestamp>>);

/// One version of a parameter.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    account: String,
    region: String,
    name: String,
    version: u64,
}

impl Version {
    fn of(incoming: &Incoming, name: &Value, version: &Value) -> Option<Self> {
        Some(Self {
            account: incoming.request.account.clone(),
            region: incoming.request.region.clone(),
            name: name.as_str()?.to_owned(),
            version: version.as_u64()?,
        })
    }
}

/// Bytes of a standard parameter's value.
const STANDARD: usize = 4 * 1024;
/// Bytes of an advanced parameter's value.
const ADVANCED: usize = 8 * 1024;

/// Carries out a call of Parameter Store.
///
/// # Errors
/// When a value is too long or holds `{{}}`; otherwise as [`forward`].
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let input = &incoming.request.input;
    if incoming.request.operation == "PutParameter" {
        let value = input["Value"].as_str().unwrap_or_default();
        check(value, input["Tier"].as_str())?;
    }
    let reply = forward(lab, incoming).await?;
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return Ok(reply);
    };
    if incoming.request.operation == "PutParameter" {
        if let Some(version) = Version::of(incoming, &input["Name"], &body["Version"]) {
            lock(&lab.parameters.0).insert(version, lab.clock.now());
        }
        return Ok(reply);
    }
    if !date(lab, incoming, &mut body) {
        return Ok(reply);
    }
    Ok(Reply {
        body: body.to_string().into(),
        ..reply
    })
}

/// Puts the lab's time into what an answer says of parameters. Whether there was any.
fn date(lab: &Lab, incoming: &Incoming, body: &mut Value) -> bool {
    let written = lock(&lab.parameters.0);
    let mut dated = false;
    let mut date = |parameter: &mut Value| {
        let version = Version::of(incoming, &parameter["Name"], &parameter["Version"]);
        let at = version.and_then(|version| written.get(&version));
        if let (Some(at), true) = (at, parameter.get("LastModifiedDate").is_some()) {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century")]
            let seconds = at.as_millisecond() as f64 / 1_000.0;
            parameter["LastModifiedDate"] = json!(seconds);
            dated = true;
        }
    };
    if let Some(parameter) = body.get_mut("Parameter") {
        date(parameter);
    }
    if let Some(Value::Array(parameters)) = body.get_mut("Parameters") {
        parameters.iter_mut().for_each(date);
    }
    dated
}

fn check(value: &str, tier: Option<&str>) -> Result<(), Failure> {
    let invalid = |message: &str| Err(Failure::new(400, "ValidationException", message));
    if value.contains("{{") && value.contains("}}") {
        return invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        );
    }
    match tier {
        Some("Advanced" | "Intelligent-Tiering") if value.len() > ADVANCED => invalid(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        ),
        Some("Advanced" | "Intelligent-Tiering") => Ok(()),
        Some(_) | None if value.len() > STANDARD => invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
        ),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_length_of_their_tier() {
        let long = "x".repeat(4097);
        assert!(check(&long, None).is_err());
        assert!(check(&long, Some("Advanced")).is_ok());
        assert!(check(&long.repeat(2), Some("Advanced")).is_err());
        assert!(check("a {{b}} c", None).is_err());
        assert!(check("{\"a\": {\"b\": {}}}", None).is_ok());
    }
}
