//! What the journal keeps of a call.

use std::time::Instant;

use serde_json::{Value, json};

use super::dispatch::{Answer, Incoming};
use super::faults::Outcome;
use super::journal::Entry;
use super::{answered, redact};
use crate::clock;
use crate::lab::Lab;
use crate::moto::Reply;

/// Adds an answered call to the journal.
pub(crate) fn add(
    lab: &Lab,
    incoming: &Incoming,
    answer: &Answer,
    fault: Option<Outcome>,
    lost: bool,
    started: Instant,
) {
    let request = &incoming.request;
    let (status, outcome) = match answer {
        Ok(reply) if reply.status < 400 => (reply.status, "ok".to_owned()),
        Ok(reply) => (reply.status, error_code(reply)),
        Err(failure) => (failure.status, bare(&failure.code)),
    };
    lab.journal.add(Entry {
        n: 0,
        time: lab.clock.now().to_string(),
        real_ms: clock::real_ms(),
        caller: incoming.caller.name.clone(),
        account: request.account.clone(),
        region: request.region.clone(),
        service: request.service.clone(),
        operation: request.operation.clone(),
        parameters: redact::parameters(request),
        outcome,
        answer: match answer {
            Ok(reply) => answered::members(request, reply),
            Err(_) => Vec::new(),
        },
        status: if lost { 0 } else { status },
        duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        fault: fault.map(|fault| fault.name().to_owned()),
    });
}

/// Adds a delivery that met a fault: `caller` is the queue or the bus that delivers. Others are seen in
/// what the function does.
pub(crate) fn delivery(lab: &Lab, caller: &str, function: &str, event: &Value, fault: Outcome) {
    let lost = matches!(fault, Outcome::AnswerLost | Outcome::CrashAfter);
    let refused = matches!(
        fault,
        Outcome::Throttled | Outcome::FailedBefore | Outcome::CrashBefore
    );
    lab.journal.add(Entry {
        n: 0,
        time: lab.clock.now().to_string(),
        real_ms: clock::real_ms(),
        caller: caller.to_owned(),
        account: lab.settings.account.clone(),
        region: lab.settings.region.clone(),
        service: "lambda".to_owned(),
        operation: "Invoke".to_owned(),
        parameters: json!({ "FunctionName": function, "detail-type": event["detail-type"] }),
        outcome: if refused { "refused" } else { "ok" }.to_owned(),
        answer: Vec::new(),
        status: if lost {
            0
        } else if refused {
            429
        } else {
            202
        },
        duration_ms: 0.0,
        fault: Some(fault.name().to_owned()),
    });
}

/// An exception's name without its namespace and without what follows it.
fn bare(name: &str) -> String {
    let name = name.rsplit('#').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name).to_owned()
}

/// The code of an error that moto answered with.
fn error_code(reply: &Reply) -> String {
    let body = String::from_utf8_lossy(&reply.body);
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let header = reply
        .headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok());
    let code = json["__type"].as_str().or(header).map(bare);
    let from_xml = || {
        let (_, rest) = body.split_once("<Code>")?;
        rest.split_once("</Code>").map(|(code, _)| code.to_owned())
    };
    code.or_else(from_xml)
        .unwrap_or_else(|| format!("HTTP {}", reply.status))
}
