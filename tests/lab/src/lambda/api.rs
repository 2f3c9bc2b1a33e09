//! Lambda's API, as far as functions of the lab are concerned.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::{Value, json};

use super::async_queue;
use super::function::Function;
use super::host;
use super::listed;
use super::permission;
use crate::gateway::dispatch::{Answer, Incoming, reply};
use crate::gateway::errors::Failure;
use crate::lab::Lab;
use crate::moto::Reply;

/// Largest payload of a synchronous invocation.
const SYNCHRONOUS: usize = 6 * 1024 * 1024;
/// Largest payload of an asynchronous one.
const ASYNCHRONOUS: usize = 1024 * 1024;

/// Whether the lab answers the call itself: an invocation always, questions about its functions
/// unless somebody else makes those: whoever created one through the API expects what they created.
pub(crate) fn handles(lab: &Lab, operation: &str, input: &Value) -> bool {
    let name = input["FunctionName"].as_str().unwrap_or_default();
    let settings = &lab.settings;
    match operation {
        "Invoke" => true,
        "ListFunctions" => !settings.bare,
        "ListEventSourceMappings" if settings.bare => !name.is_empty(),
        "GetFunction"
        | "GetFunctionConfiguration"
        | "ListEventSourceMappings"
        | "AddPermission"
        | "RemovePermission" => {
            !settings.bare
                && lab
                    .lambda
                    .find(&settings.account, &settings.region, name)
                    .is_some()
        }
        _ => false,
    }
}

/// Answers it.
///
/// # Errors
/// As Lambda's API does.
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    match request.operation.as_str() {
        "ListFunctions" => return listed::functions(lab, incoming).await,
        "ListEventSourceMappings" if lab.settings.bare => {
            return listed::mappings(lab, incoming).await;
        }
        _ => {}
    }
    let name = request.input["FunctionName"].as_str().unwrap_or_default();
    let function = lab.lambda.find(&request.account, &request.region, name);
    let Some(function) = function else {
        let message = format!(
            "Function not found: arn:aws:lambda:{}:{}:function:{name}",
            request.region, request.account
        );
        return Err(Failure::new(404, "ResourceNotFoundException", message));
    };
    match request.operation.as_str() {
        "GetFunctionConfiguration" => Ok(reply(incoming, &function.config.describe())),
        "ListEventSourceMappings" => Ok(reply(incoming, &mappings(lab, &function))),
        // Carried out where policies are kept, as everybody's are.
        "AddPermission" => {
            let statement = permission::statement(&request.input, &function.config.arn());
            let answer = json!({ "Statement": statement.to_string() });
            Ok(reply(incoming, &answer))
        }
        "RemovePermission" => Ok(reply(incoming, &json!({}))),
        "GetFunction" => {
            let description = json!({
                "Configuration": function.config.describe(),
                "Code": { "RepositoryType": "S3" },
                "Tags": {},
            });
            Ok(reply(incoming, &description))
        }
        _ => invoke(lab, incoming, &function).await,
    }
}

/// The event source mapping of a function that the ledger's stream feeds.
fn mappings(lab: &Lab, function: &Function) -> Value {
    let described = lab.description.functions.iter();
    let mut described =
        described.filter(|(short, _)| lab.description.function_name(short) == function.config.name);
    let stream = described
        .next()
        .and_then(|(_, one)| one.triggers.stream.as_ref());
    let mappings: Vec<Value> = stream
        .map(|stream| {
            json!({
                "UUID": "00000000-0000-4000-8000-000000000001",
                "EventSourceArn": lab.streams.arn.get(),
                "FunctionArn": function.config.arn(),
                "State": "Enabled",
                "BatchSize": stream.batch_size,
                "ParallelizationFactor": stream.parallelization_factor,
            })
        })
        .into_iter()
        .collect();
    json!({ "EventSourceMappings": mappings })
}

async fn invoke(lab: &Arc<Lab>, incoming: &Incoming, function: &Arc<Function>) -> Answer {
    let header = incoming.http.headers.get("x-amz-invocation-type");
    let kind = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or("RequestResponse");
    let payload = match &incoming.http.body {
        body if body.is_empty() => Bytes::from_static(b"{}"),
        body => body.clone(),
    };
    let most = if kind == "Event" {
        ASYNCHRONOUS
    } else {
        SYNCHRONOUS
    };
    if payload.len() > most {
        let message = format!(
            "{} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
            payload.len()
        );
        return Err(Failure::new(413, "RequestTooLargeException", message));
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(Failure::new(400, "InvalidRequestContentException", message));
    }
    match kind {
        "RequestResponse" => {
            let throttled = |error: host::Throttled| {
                Failure::new(429, "TooManyRequestsException", error.to_string())
            };
            let answer = host::invoke(lab, function, payload, &incoming.request_id)
                .await
                .map_err(throttled)?;
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            headers.insert(
                "x-amz-executed-version",
                HeaderValue::from_static("$LATEST"),
            );
            if let Some(error) = answer.function_error {
                headers.insert("x-amz-function-error", HeaderValue::from_static(error));
            }
            Ok(with_id(200, headers, answer.payload, &incoming.request_id))
        }
        "Event" => {
            async_queue::accept(lab, function, payload, incoming.request_id.clone());
            Ok(with_id(
                202,
                HeaderMap::new(),
                Bytes::new(),
                &incoming.request_id,
            ))
        }
        "DryRun" => Ok(with_id(
            204,
            HeaderMap::new(),
            Bytes::new(),
            &incoming.request_id,
        )),
        other => {
            let message = format!(
                "Value '{other}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
            );
            Err(Failure::new(400, "InvalidParameterValueException", message))
        }
    }
}

fn with_id(status: u16, mut headers: HeaderMap, body: Bytes, request_id: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), value);
    }
    Reply {
        status,
        headers,
        body,
    }
}
