//! Answers in the form that each protocol gives them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::cbor;
use super::parse::Protocol;

/// An error as a service answers it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// Name of the exception.
    pub(crate) code: String,
    /// Text for people.
    pub(crate) message: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// Members beside the message.
    pub(crate) fields: Map<String, Value>,
}

impl Failure {
    /// An error without further members.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status,
            fields: Map::new(),
        }
    }
}

/// A successful answer of the lab's own.
pub(crate) fn success(protocol: Protocol, value: &Value, request_id: &str) -> Response<Body> {
    respond(protocol, 200, value, request_id)
}

/// An error in the protocol's form.
pub(crate) fn failure(protocol: Protocol, failure: &Failure, request_id: &str) -> Response<Body> {
    let kind = if failure.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let mut response = match protocol {
        Protocol::Query => {
            let body = format!(
                "<ErrorResponse><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                escape(&failure.code),
                escape(&failure.message)
            );
            build(failure.status, "text/xml", body.into_bytes(), request_id)
        }
        Protocol::Json(_) | Protocol::Cbor | Protocol::Rest => {
            let mut members = failure.fields.clone();
            members.insert("__type".to_owned(), json!(failure.code));
            members.insert("message".to_owned(), json!(failure.message));
            if protocol == Protocol::Rest {
                members.insert("Type".to_owned(), json!(kind));
                members.insert("Message".to_owned(), json!(failure.message));
            }
            respond(
                protocol,
                failure.status,
                &Value::Object(members),
                request_id,
            )
        }
    };
    if protocol != Protocol::Query {
        // Services that once spoke the query protocol keep its codes in this header.
        let query = format!("{};{kind}", failure.code);
        for (name, value) in [
            ("x-amzn-errortype", &failure.code),
            ("x-amzn-query-error", &query),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

fn respond(protocol: Protocol, status: u16, value: &Value, request_id: &str) -> Response<Body> {
    match protocol {
        Protocol::Json(version) => {
            let kind = format!("application/x-amz-json-{version}");
            build(status, &kind, value.to_string().into_bytes(), request_id)
        }
        Protocol::Rest => build(
            status,
            "application/json",
            value.to_string().into_bytes(),
            request_id,
        ),
        Protocol::Cbor => {
            let mut response = build(status, "application/cbor", cbor::encode(value), request_id);
            let name = HeaderValue::from_static("rpc-v2-cbor");
            response.headers_mut().insert("smithy-protocol", name);
            response
        }
        Protocol::Query => build(status, "text/xml", Vec::new(), request_id),
    }
}

/// A response with a body of `content_type`.
pub(crate) fn build(
    status: u16,
    content_type: &str,
    body: Vec<u8>,
    request_id: &str,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [
        ("content-type", content_type),
        ("x-amzn-requestid", request_id),
    ] {
        if value.is_empty() {
            continue;
        }
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A JSON answer of the lab's controls.
pub(crate) fn control(status: u16, value: &Value) -> Response<Body> {
    build(
        status,
        "application/json",
        value.to_string().into_bytes(),
        "",
    )
}

/// Text as XML content.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
