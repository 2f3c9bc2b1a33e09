//! Requests and answers in the form of each protocol.

use std::fmt::Write as _;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;
use towpath_taskdef::json;

use super::api::{Api, Protocol};
use super::xml;

/// A request, before it is sent: the same for each attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    /// The request for the SDK's runtime, which puts the endpoint before the path.
    pub(super) fn into_http(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method(self.method)?;
        request.set_uri(self.path)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            request.headers_mut().insert("content-length", length);
        }
        *request.body_mut() = SdkBody::from(self.body);
        Ok(request)
    }
}

/// A call that cannot be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// It is none of the API's operations that are known here.
    #[error("the operation {0} has no path: add it to the API's routes")]
    NoRoute(String),
    /// A member that the path needs.
    #[error("the input has no {0}")]
    Missing(String),
}

/// The request for an operation.
pub(super) fn request(api: &Api, action: &str, input: &Value) -> Result<Request, RequestError> {
    match api.protocol {
        Protocol::Json { version, target } => Ok(Request {
            method: "POST",
            path: "/".into(),
            headers: vec![
                ("content-type", format!("application/x-amz-json-{version}")),
                ("x-amz-target", format!("{target}.{action}")),
            ],
            body: input.to_string(),
        }),
        Protocol::Query { version } => Ok(Request {
            method: "POST",
            path: "/".into(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
            body: form(action, version, input),
        }),
        Protocol::Rest { routes } => {
            let route = routes.iter().find(|(name, _)| *name == action);
            let (_, route) = route.ok_or_else(|| RequestError::NoRoute(action.to_owned()))?;
            Ok(Request {
                method: "GET",
                path: path(route, input)?,
                headers: Vec::new(),
                body: String::new(),
            })
        }
    }
}

fn form(action: &str, version: &str, input: &Value) -> String {
    let mut form = format!("Action={}&Version={}", escaped(action), escaped(version));
    flatten(&mut form, "", input);
    form
}

/// Writes the members of a form: `Members.member.1.Name=value`.
fn flatten(form: &mut String, name: &str, value: &Value) {
    let below = |part: &str| match name {
        "" => part.to_owned(),
        name => format!("{name}.{part}"),
    };
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (member, value) in members {
                flatten(form, &below(member), value);
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                flatten(form, &below(&format!("member.{}", place + 1)), value);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            // Writing to a string cannot fail.
            let _ = write!(form, "&{}={}", escaped(name), escaped(&plain(value)));
        }
    }
}

fn path(route: &str, input: &Value) -> Result<String, RequestError> {
    let mut path = String::new();
    let mut rest = route;
    let mut used = Vec::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (member, after) = after.split_once('}').unwrap_or((after, ""));
        let value = input.get(member).filter(|value| !value.is_null());
        let value = value.ok_or_else(|| RequestError::Missing(member.to_owned()))?;
        path.push_str(before);
        path.extend(escaped(&plain(value)));
        used.push(member);
        rest = after;
    }
    path.push_str(rest);
    let members = input.as_object().into_iter().flatten();
    let mut mark = '?';
    for (member, value) in members {
        if used.contains(&member.as_str()) || value.is_null() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(path, "{mark}{}={}", escaped(member), escaped(&plain(value)));
        mark = '&';
    }
    Ok(path)
}

/// A scalar as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Everything but the unreserved characters of RFC 3986, which both forms and signatures take so.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn escaped(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// What an answer says.
pub(super) fn output(protocol: Protocol, action: &str, body: &[u8]) -> Result<Value, BoxError> {
    match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } if body.is_empty() => Ok(Value::Null),
        Protocol::Json { .. } | Protocol::Rest { .. } => Ok(json::parse(body)?),
        Protocol::Query { .. } => {
            let text = std::str::from_utf8(body)?;
            Ok(xml::below(text, &format!("{action}Result"))?)
        }
    }
}

/// The error in an answer, with its code and message. `header` is the answer's `x-amzn-errortype`.
pub(super) fn error(protocol: Protocol, header: Option<&str>, body: &[u8]) -> ErrorMetadata {
    let said = match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } => json::parse(body).ok(),
        Protocol::Query { .. } => std::str::from_utf8(body)
            .ok()
            .and_then(|text| xml::below(text, "Error").ok()),
    }
    .unwrap_or(Value::Null);
    let member = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| said[*name].as_str());
        found.next().map(str::to_owned)
    };
    let code = header
        .map(str::to_owned)
        .or_else(|| member(&["__type", "code", "Code"]));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        metadata = metadata.code(bare(&code));
    }
    if let Some(message) = member(&["message", "Message", "errorMessage"]) {
        metadata = metadata.message(message);
    }
    metadata.build()
}

/// An error's name without the namespace before it and the address behind it:
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

#[cfg(test)]
mod tests;
