//! Requests and answers in the form of each protocol.

use std::fmt::Write as _;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use serde_json::Value;

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
        path.push_str(&escaped(&plain(value)));
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

/// Text with everything but the unreserved characters of RFC 3986 escaped, which both forms and
/// signatures take.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

/// What an answer says.
pub(super) fn output(protocol: Protocol, action: &str, body: &[u8]) -> Result<Value, BoxError> {
    match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } if body.is_empty() => Ok(Value::Null),
        Protocol::Json { .. } | Protocol::Rest { .. } => Ok(serde_json::from_slice(body)?),
        Protocol::Query { .. } => {
            let text = std::str::from_utf8(body)?;
            Ok(xml::below(text, &format!("{action}Result"))?)
        }
    }
}

/// The error in an answer, with its code and message. `header` is the answer's `x-amzn-errortype`.
pub(super) fn error(protocol: Protocol, header: Option<&str>, body: &[u8]) -> ErrorMetadata {
    let said = match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } => serde_json::from_slice(body).ok(),
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
mod tests {
    use super::super::api::{EVENTBRIDGE, IAM, LAMBDA, SQS};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_json_call_names_its_operation_in_a_header() {
        let request = request(&EVENTBRIDGE, "DescribeRule", &json!({"Name": "r"})).unwrap();
        assert_eq!(
            request,
            Request {
                method: "POST",
                path: "/".into(),
                headers: vec![
                    ("content-type", "application/x-amz-json-1.1".into()),
                    ("x-amz-target", "AWSEvents.DescribeRule".into()),
                ],
                body: r#"{"Name":"r"}"#.into(),
            }
        );
        let http = request.into_http().unwrap();
        assert_eq!(http.headers().get("content-length"), Some("12"));
    }

    #[test]
    fn a_query_call_is_a_flat_form() {
        let input = json!({
            "PolicySourceArn": "arn:aws:iam::1:role/a b",
            "ActionNames": ["iam:PassRole", "s3:GetObject"],
            "ContextEntries": [{"ContextKeyName": "k", "ContextKeyValues": ["v"]}],
            "Marker": null,
            "MaxItems": 3,
        });
        let request = request(&IAM, "SimulatePrincipalPolicy", &input).unwrap();
        assert_eq!(
            request.body,
            "Action=SimulatePrincipalPolicy&Version=2010-05-08\
             &PolicySourceArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b\
             &ActionNames.member.1=iam%3APassRole&ActionNames.member.2=s3%3AGetObject\
             &ContextEntries.member.1.ContextKeyName=k\
             &ContextEntries.member.1.ContextKeyValues.member.1=v&MaxItems=3"
        );
    }

    #[test]
    fn a_rest_call_has_its_members_in_the_path_and_the_query() {
        let input = json!({"FunctionName": "arn:aws:lambda:x:1:function:f", "Qualifier": "a/b"});
        let request = request(&LAMBDA, "GetFunctionConfiguration", &input).unwrap();
        assert_eq!(
            request.path,
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Af/configuration\
             ?Qualifier=a%2Fb"
        );
        assert_eq!(request.method, "GET");
    }

    #[test]
    fn a_rest_call_that_cannot_be_written_is_refused_by_name() {
        let text = |action, input| request(&LAMBDA, action, &input).unwrap_err().to_string();
        assert_eq!(
            text("Invoke", json!({})),
            "the operation Invoke has no path: add it to the API's routes"
        );
        assert_eq!(
            text("GetPolicy", json!({"FunctionName": null})),
            "the input has no FunctionName"
        );
    }

    #[test]
    fn an_errors_code_is_its_bare_name() {
        let code = |api: &Api, header: Option<&str>, body: &str| {
            let error = error(api.protocol, header, body.as_bytes());
            (
                error.code().unwrap_or_default().to_owned(),
                error.message().unwrap_or_default().to_owned(),
            )
        };
        let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        assert_eq!(
            code(
                &SQS,
                None,
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}"#
            ),
            pair("QueueDoesNotExist", "none")
        );
        assert_eq!(
            code(
                &LAMBDA,
                Some("ResourceNotFoundException:http://internal.amazon.com/"),
                r#"{"Message":"gone"}"#
            ),
            pair("ResourceNotFoundException", "gone")
        );
        assert_eq!(
            code(
                &IAM,
                None,
                "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message>\
                 </Error></ErrorResponse>"
            ),
            pair("NoSuchEntity", "no role")
        );
        assert_eq!(code(&IAM, None, "<html"), pair("", ""));
    }
}
