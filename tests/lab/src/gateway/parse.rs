//! From an HTTP request to a call of an AWS API: who, where, which service, which operation.
//!
//! The protocols: <https://smithy.io/2.0/aws/protocols/index.html>. Signatures are not verified;
//! the lab listens on loopback only.

use axum::http::{HeaderMap, Method, Uri};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::cbor;

/// How the caller encodes requests and expects answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON with `X-Amz-Target`; the version (`1.0` or `1.1`) is that of the content type.
    Json(&'static str),
    /// Forms in, XML out.
    Query,
    /// Smithy RPC v2 with CBOR.
    Cbor,
    /// HTTP method and path, JSON bodies.
    Rest,
}

/// A call, parsed but not yet judged.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The access key id that signed it.
    pub(crate) access_key: String,
    /// The caller's account; set once the access key is known.
    pub(crate) account: String,
    /// The region it was signed for.
    pub(crate) region: String,
    /// The service it was signed for, such as `ecs` or `monitoring`.
    pub(crate) service: String,
    /// The operation, such as `UpdateService`; for REST protocols that the lab does not know,
    /// method and path.
    pub(crate) operation: String,
    /// How to answer.
    pub(crate) protocol: Protocol,
    /// The input, as JSON whatever the protocol.
    pub(crate) input: Value,
}

/// Why a request is not a call of an AWS API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// Neither header nor query has a signature.
    #[error("Missing Authentication Token")]
    Unsigned,
    /// The signature's credential scope is not one.
    #[error("The credential scope in the signature is not 'key/date/region/service/aws4_request'.")]
    Scope,
    /// The body is not in the form that its content type says.
    #[error("The request body could not be parsed.")]
    Body,
}

/// Parses a request.
///
/// # Errors
/// When it is not signed, or its body is not what it claims to be.
pub(crate) fn parse(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Request, ParseError> {
    let query = form(uri.query().unwrap_or_default().as_bytes());
    let scope = credential_scope(headers, &query)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = header("content-type").unwrap_or_default();

    let (protocol, operation, input) = if let Some(target) = header("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
        let version = if content_type.ends_with("1.0") {
            "1.0"
        } else {
            "1.1"
        };
        (Protocol::Json(version), operation, json_input(body)?)
    } else if let Some(operation) = rpc_operation(uri.path()) {
        (
            Protocol::Cbor,
            operation.to_owned(),
            cbor::decode(body).ok_or(ParseError::Body)?,
        )
    } else if content_type.starts_with("application/x-www-form-urlencoded")
        && *method == Method::POST
    {
        let mut members = form(body);
        let action = members.remove("Action");
        let operation = text(action).unwrap_or_else(|| format!("POST {}", uri.path()));
        members.remove("Version");
        (Protocol::Query, operation, Value::Object(members))
    } else if let Some(action) = query.get("Action").and_then(Value::as_str) {
        let operation = action.to_owned();
        (Protocol::Query, operation, Value::Object(query))
    } else {
        let (operation, input) = rest(method, uri.path(), &query, body);
        (Protocol::Rest, operation, input)
    };
    Ok(Request {
        access_key: scope.access_key,
        account: String::new(),
        region: scope.region,
        service: scope.service,
        operation,
        protocol,
        input,
    })
}

struct Scope {
    access_key: String,
    region: String,
    service: String,
}

fn credential_scope(headers: &HeaderMap, query: &Map<String, Value>) -> Result<Scope, ParseError> {
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let credential = match header {
        Some(header) => header
            .split_once("Credential=")
            .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or(rest))
            .ok_or(ParseError::Unsigned)?,
        None => query
            .get("X-Amz-Credential")
            .and_then(Value::as_str)
            .ok_or(ParseError::Unsigned)?,
    };
    let parts: Vec<&str> = credential.split('/').collect();
    match parts.as_slice() {
        [access_key, _date, region, service, "aws4_request"]
            if [access_key, region, service]
                .iter()
                .all(|part| is_plain(part)) =>
        {
            Ok(Scope {
                access_key: (*access_key).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
            })
        }
        _ => Err(ParseError::Scope),
    }
}

/// What comes from a signature ends up in ARNs, headers and logs.
fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !part.is_empty() && part.len() <= 128 && part.bytes().all(plain)
}

fn rpc_operation(path: &str) -> Option<&str> {
    let (_service, operation) = path.strip_prefix("/service/")?.split_once("/operation/")?;
    Some(operation)
}

fn json_input(body: &Bytes) -> Result<Value, ParseError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|_not_json| ParseError::Body)
}

/// The REST operations that the lab answers itself; others go by method and path.
fn rest(method: &Method, path: &str, query: &Map<String, Value>, body: &Bytes) -> (String, Value) {
    if *method == Method::GET && path.trim_end_matches('/') == "/2015-03-31/event-source-mappings" {
        let input = Value::Object(query.clone());
        return ("ListEventSourceMappings".to_owned(), input);
    }
    if let Some(rest) = path.strip_prefix("/2015-03-31/functions") {
        let parts: Vec<String> = rest
            .split('/')
            .filter(|part| !part.is_empty())
            .map(unescape)
            .collect();
        let named = |name: &str| serde_json::json!({ "FunctionName": name });
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", [name, "invocations"]) => return ("Invoke".to_owned(), named(name)),
            ("GET", [name]) => return ("GetFunction".to_owned(), named(name)),
            ("GET", [name, "configuration"]) => {
                return ("GetFunctionConfiguration".to_owned(), named(name));
            }
            ("GET", []) => return ("ListFunctions".to_owned(), Value::Null),
            ("DELETE", [name]) => return ("DeleteFunction".to_owned(), named(name)),
            ("POST", [name, "policy"]) => {
                let mut input: Value = serde_json::from_slice(body).unwrap_or_default();
                input["FunctionName"] = Value::from(*name);
                return ("AddPermission".to_owned(), input);
            }
            ("DELETE", [name, "policy", sid]) => {
                let mut input = named(name);
                input["StatementId"] = Value::from(*sid);
                return ("RemovePermission".to_owned(), input);
            }
            _ => {}
        }
    }
    let input = serde_json::from_slice(body).unwrap_or(Value::Null);
    (format!("{method} {path}"), input)
}

/// The fields of a form as strings, of which the last of each name counts.
fn form(bytes: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}

fn text(value: Option<Value>) -> Option<String> {
    value.as_ref().and_then(Value::as_str).map(str::to_owned)
}

/// Decodes `%XX` in a part of a path.
fn unescape(part: &str) -> String {
    // `+` is a plus in a path, unlike in a form.
    let form = format!("x={}", part.replace('+', "%2B"));
    form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Base64 as the JSON form of binary members.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
