//! Function URLs, on the gateway under `/_url/<function>/…`, with payload format 2.0.
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::host;
use crate::gateway::dispatch::Http;
use crate::gateway::errors;
use crate::lab::Lab;

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// Answers a request to a function's URL. `name` is the function's name in AWS or in the
/// description; `path` is what follows it.
pub(crate) async fn answer(lab: &Arc<Lab>, name: &str, path: &str, http: &Http) -> Response<Body> {
    let short = lab
        .description
        .functions
        .get_key_value(name)
        .map(|(short, _)| short.clone());
    let full = short.map_or_else(
        || name.to_owned(),
        |short| lab.description.function_name(&short),
    );
    let settings = &lab.settings;
    let function = lab.lambda.find(&settings.account, &settings.region, &full);
    let auth = lab
        .description
        .functions
        .iter()
        .find(|(short, _)| lab.description.function_name(short) == full)
        .and_then(|(_, function)| function.triggers.url.as_ref())
        .map(|url| url.auth.clone());
    let (Some(function), Some(auth)) = (function, auth) else {
        return errors::control(
            404,
            &json!({ "Message": "there is no function URL of this name" }),
        );
    };
    if auth != "NONE" && !http.headers.contains_key("authorization") {
        return errors::control(403, &json!({ "Message": "Forbidden" }));
    }
    let request_id = lab.ids.uuid();
    let event = event(lab, &full, path, http, &request_id).to_string();
    match host::invoke(lab, &function, event.into(), &request_id).await {
        Err(_throttled) => errors::control(429, &json!({ "Message": "Too Many Requests" })),
        Ok(answer) if answer.function_error.is_some() => {
            errors::control(502, &json!({ "Message": "Internal Server Error" }))
        }
        Ok(answer) => response(&answer.json()),
    }
}

fn event(lab: &Lab, function: &str, path: &str, http: &Http, request_id: &str) -> Value {
    let now = lab.clock.now();
    let (headers, cookies) = headers(&http.headers);
    let content_type = headers
        .get("content-type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let as_text = is_text(content_type)
        .then(|| std::str::from_utf8(&http.body).ok())
        .flatten();
    let raw_query = http.uri.query().unwrap_or_default();
    let domain = format!("{function}.lambda-url.{}.on.aws", lab.settings.region);
    let agent = headers.get("user-agent").cloned().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": raw_query,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": function,
            "domainName": domain,
            "domainPrefix": function,
            "http": {
                "method": http.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": agent,
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    event["headers"] = Value::Object(headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !raw_query.is_empty() {
        event["queryStringParameters"] = Value::Object(query(raw_query));
    }
    if !http.body.is_empty() {
        event["isBase64Encoded"] = json!(as_text.is_none());
        event["body"] = match as_text {
            Some(text) => json!(text),
            None => json!(BASE64.encode(&http.body)),
        };
    }
    event
}

/// Names in lower case, several values of a name joined by commas, cookies apart.
fn headers(all: &HeaderMap) -> (Map<String, Value>, Vec<String>) {
    let mut joined = Map::new();
    let mut cookies = Vec::new();
    for name in all.keys() {
        let values: Vec<String> = all
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if name == "cookie" {
            let one_by_one = values.iter().flat_map(|value| value.split(';'));
            cookies.extend(one_by_one.map(|cookie| cookie.trim().to_owned()));
        } else {
            joined.insert(name.as_str().to_owned(), json!(values.join(",")));
        }
    }
    joined.entry("x-forwarded-proto").or_insert(json!("https"));
    joined.entry("x-forwarded-port").or_insert(json!("443"));
    joined
        .entry("x-forwarded-for")
        .or_insert(json!("127.0.0.1"));
    (joined, cookies)
}

fn query(raw: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
        let joined = match parameters.get(name.as_ref()).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        parameters.insert(name.into_owned(), json!(joined));
    }
    parameters
}

/// Other bodies, forms among them, come to the function in base64.
fn is_text(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.starts_with("text/")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
        ]
        .contains(&kind.as_str())
}

/// The function's answer as a response. An answer without a status code is itself the body.
fn response(answer: &Value) -> Response<Body> {
    let Some(status) = answer.get("statusCode") else {
        let body = answer
            .as_str()
            .map_or_else(|| answer.to_string(), str::to_owned);
        return errors::build(200, "application/json", body.into_bytes(), "");
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok());
    let Some(status) = status
        .and_then(|status| u16::try_from(status).ok())
        .filter(|s| (200..600).contains(s))
    else {
        return errors::control(502, &json!({ "Message": "Internal Server Error" }));
    };
    let text = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true {
        match BASE64.decode(text) {
            Ok(body) => body,
            Err(_) => return errors::control(502, &json!({ "Message": "Internal Server Error" })),
        }
    } else {
        text.as_bytes().to_vec()
    };
    let mut response = errors::build(status, "application/json", body, "");
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&text)) {
            response.headers_mut().insert(name, value);
        }
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        if let Some(Ok(value)) = cookie.as_str().map(HeaderValue::from_str) {
            response.headers_mut().append("set-cookie", value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_not_text_and_json_is() {
        assert!(!is_text("application/x-www-form-urlencoded"));
        assert!(!is_text(""));
        assert!(is_text("application/json; charset=utf-8"));
        assert!(is_text("text/plain"));
    }

    #[test]
    fn several_headers_of_one_name_are_joined() {
        let mut all = HeaderMap::new();
        for value in ["1", "2"] {
            all.append("X-Slack-Signature", HeaderValue::from_static(value));
        }
        all.append("Cookie", HeaderValue::from_static("a=1; b=2"));
        let (headers, cookies) = headers(&all);
        assert_eq!(headers["x-slack-signature"], "1,2");
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(query("a=1&a=2&b=%26")["a"], "1,2");
    }

    #[test]
    fn a_function_answers_with_status_headers_and_body() {
        let answer =
            response(&json!({"statusCode": 401, "headers": {"x-why": "unsigned"}, "body": "no"}));
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["x-why"], "unsigned");
        assert_eq!(response(&json!({"a": 1})).status(), 200);
        assert_eq!(response(&json!({"statusCode": 7})).status(), 502);
    }
}
