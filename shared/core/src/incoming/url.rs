//! Requests to a function's URL, payload format 2.0:
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.
//!
//! Anyone on the internet can send one. Nothing here says who did: a signature over the body does,
//! or whatever else the route asks for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::ReadError;
use super::fields::{Fields, kind};

/// Largest body in bytes that is read; Lambda itself would take 6 MB. A Slack interaction has some
/// kilobytes.
pub const MAX_BODY: usize = 64 * 1_024;

/// Most headers that are read.
const MAX_HEADERS: usize = 100;

/// Largest name and value of one header together, in bytes.
const MAX_HEADER: usize = 8 * 1_024;

/// A request, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlRequest {
    /// The method, in upper case: `POST`.
    pub method: String,
    /// The path, beginning with `/`, not decoded and without the query.
    pub path: String,
    /// The headers, by their names in lower case. Lambda joins the values of a header that was
    /// sent twice with commas.
    pub headers: BTreeMap<String, String>,
    /// The body's bytes as they were sent, which signatures are made over. At most
    /// [`MAX_BODY`].
    pub body: Vec<u8>,
    /// Who connected, as Lambda saw it.
    pub source_ip: IpAddr,
}

impl UrlRequest {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Reads a request to a function's URL.
///
/// # Errors
/// [`ReadError::Malformed`] for what is no such request, or is too large.
pub fn read(request: &Value) -> Result<UrlRequest, ReadError> {
    let fields = Fields::of(request, "the request")?;
    match fields.text("version")? {
        "2.0" => {}
        other => {
            return Err(fields.broken(
                "version",
                &format!("`{other}` is not the payload format 2.0"),
            ));
        }
    }
    let context = fields.object("requestContext")?.object("http")?;
    let method = context.text("method")?;
    if method.len() > 16 || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(context.broken("method", &"not an HTTP method"));
    }
    let path = fields.text("rawPath")?;
    if !path.starts_with('/') {
        return Err(fields.broken("rawPath", &"not a path"));
    }
    Ok(UrlRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers(&fields)?,
        body: body(&fields)?,
        source_ip: context.name("sourceIp")?,
    })
}

fn headers(fields: &Fields<'_>) -> Result<BTreeMap<String, String>, ReadError> {
    let map = match fields.value("headers") {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)),
        ) => {
            return Err(fields.broken("headers", &format!("{}, not an object", kind(other))));
        }
    };
    if map.len() > MAX_HEADERS {
        return Err(fields.broken("headers", &format!("more than {MAX_HEADERS} of them")));
    }
    let mut headers = BTreeMap::new();
    for (name, value) in map {
        let Some(value) = value.as_str() else {
            return Err(fields.broken("headers", &format!("one is {}, not text", kind(value))));
        };
        if name.len() + value.len() > MAX_HEADER {
            return Err(fields.broken("headers", &"one is too large"));
        }
        // Two spellings of one name would let two readers see two values.
        if headers
            .insert(name.to_ascii_lowercase(), value.to_owned())
            .is_some()
        {
            return Err(fields.broken("headers", &"two have the same name"));
        }
    }
    Ok(headers)
}

fn body(fields: &Fields<'_>) -> Result<Vec<u8>, ReadError> {
    let text = match fields.value("body") {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => text,
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)),
        ) => return Err(fields.broken("body", &format!("{}, not text", kind(other)))),
    };
    let is_base64 = match fields.value("isBase64Encoded") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
        ) => return Err(fields.broken("isBase64Encoded", &"neither true nor false")),
    };
    let largest = if is_base64 {
        MAX_BODY.div_ceil(3) * 4
    } else {
        MAX_BODY
    };
    let too_large = || fields.broken("body", &format!("more than {MAX_BODY} bytes"));
    if text.len() > largest {
        return Err(too_large());
    }
    let bytes = if is_base64 {
        STANDARD
            .decode(text)
            .map_err(|_| fields.broken("body", &"not base64"))?
    } else {
        text.as_bytes().to_vec()
    };
    // Padding lets an encoded text stand for up to two bytes more than its share.
    if bytes.len() > MAX_BODY {
        return Err(too_large());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::incoming::fixtures::fixture;

    fn with(key: &str, value: Value) -> Value {
        let mut request = fixture("lambda-url-request-none");
        request[key] = value;
        request
    }

    #[test]
    fn a_request_is_read_as_it_was_sent() {
        let request = read(&fixture("lambda-url-request-none")).unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, "/");
        assert_eq!(request.body, b"hello");
        assert_eq!(request.source_ip.to_string(), "27.0.4.123");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("x-slack-signature"), None);
    }

    #[test]
    fn a_form_comes_encoded_and_is_decoded_for_its_signature() {
        let request = read(&fixture("lambda-url-slack-interactive")).unwrap();
        assert!(request.body.starts_with(b"payload=%7B%22type%22"));
        assert_eq!(request.path, "/slack/interactive");
    }

    #[test]
    fn names_of_headers_are_in_lower_case_and_unambiguous() {
        let request = read(&with("headers", json!({ "X-Thing": "1" }))).unwrap();
        assert_eq!(request.header("x-thing"), Some("1"));
        assert_eq!(
            read(&with("headers", json!({ "X-Thing": "1", "x-thing": "2" })))
                .unwrap_err()
                .to_string(),
            "malformed: headers: two have the same name"
        );
    }

    #[test]
    fn a_body_is_taken_up_to_its_limit() {
        let most = "a".repeat(MAX_BODY);
        assert_eq!(
            read(&with("body", json!(most))).unwrap().body.len(),
            MAX_BODY
        );
        let more = format!("{most}a");
        let refused = "malformed: body: more than 65536 bytes";
        let error = read(&with("body", json!(more))).unwrap_err();
        assert_eq!(error.to_string(), refused);

        for (bytes, fits) in [(most, true), (more.clone(), false), (more.repeat(2), false)] {
            let mut request = with("body", json!(STANDARD.encode(bytes)));
            request["isBase64Encoded"] = json!(true);
            match read(&request) {
                Ok(request) => assert!(fits && request.body.len() == MAX_BODY),
                Err(error) => assert!(!fits && error.to_string() == refused),
            }
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (key, value) in [
            ("version", json!("1.0")),
            ("rawPath", json!("http://elsewhere/")),
            ("requestContext", json!({ "http": { "method": "POST" } })),
            ("headers", json!({ "accept": ["a", "b"] })),
            ("body", json!({ "payload": 1 })),
            ("isBase64Encoded", json!("false")),
        ] {
            let error = read(&with(key, value)).unwrap_err();
            assert!(matches!(error, ReadError::Malformed(_)), "{key}: {error}");
        }
        let mut garbled = with("body", json!("%%%"));
        garbled["isBase64Encoded"] = json!(true);
        assert_eq!(
            read(&garbled).unwrap_err().to_string(),
            "malformed: body: not base64"
        );
    }
}
