//! A Lambda function for the lab's own tests: speaks the Runtime API with nothing but the
//! standard library and does what the event asks for.
//!
//! | member of the event | what it does |
//! |---|---|
//! | none of these | answers `{"event": …, "function": …, "environment": …}` |
//! | `"fail": "why"` | reports an error |
//! | `"crash": code` | exits in the middle of the invocation |
//! | `"hang": true` | never answers |
//! | `"answer": value` | answers that |
//! | `"call": {…}` | makes a signed call through the gateway and answers with what came back |
//!
//! A lifecycle hook of CodeDeploy or ECS is answered with success. Stream records are obeyed by their `NewImage`: `fail` fails the batch, `poison` names the
//! record as a failed item. A request to its URL is echoed.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    if env("FUNCTION_FAILS_AT_START") == "exit" {
        std::process::exit(3);
    }
    let api = env("AWS_LAMBDA_RUNTIME_API");
    let runtime = "/2018-06-01/runtime/invocation";
    println!("started {}", env("AWS_LAMBDA_FUNCTION_NAME"));
    loop {
        let next = request(&api, "GET", &format!("{runtime}/next"), &[], "")?;
        let id = next.header("lambda-runtime-aws-request-id").to_owned();
        let event: Value = serde_json::from_str(&next.body)?;
        println!("{id} {event}");
        let (what, answer) = match handle(&event, &next) {
            Ok(answer) => ("response", answer.to_string()),
            Err(why) => {
                let error = json!({ "errorType": "Asked", "errorMessage": why });
                ("error", error.to_string())
            }
        };
        request(
            &api,
            "POST",
            &format!("{runtime}/{id}/{what}"),
            &[],
            &answer,
        )?;
    }
}

fn handle(event: &Value, next: &Response) -> std::result::Result<Value, String> {
    if let Some(why) = event["fail"].as_str() {
        return Err(why.to_owned());
    }
    if let Some(code) = event["crash"].as_i64() {
        std::process::exit(i32::try_from(code).unwrap_or(1));
    }
    if event["hang"] == true {
        loop {
            std::thread::park();
        }
    }
    if let Some(answer) = event.get("answer") {
        return Ok(answer.clone());
    }
    if event["call"].is_object() {
        return call(&event["call"]).map_err(|error| error.to_string());
    }
    if event["executionDetails"].is_object() || event["lifecycleStage"].is_string() {
        return Ok(json!({ "hookStatus": "SUCCEEDED" }));
    }
    if event["LifecycleEventHookExecutionId"].is_string() {
        return hook(event).map_err(|error| error.to_string());
    }
    if event
        .get("Records")
        .is_some_and(|records| records[0]["eventSource"] == "aws:dynamodb")
    {
        return records(event);
    }
    if event["requestContext"]["http"].is_object() {
        return Ok(
            json!({ "statusCode": 200, "headers": { "x-from": "function" }, "body": event.to_string() }),
        );
    }
    let clock = std::fs::read_to_string(env("TOWPATH_CLOCK_FILE")).unwrap_or_default();
    Ok(json!({
        "event": event,
        "function": env("AWS_LAMBDA_FUNCTION_NAME"),
        "deadline_ms": next.header("lambda-runtime-deadline-ms"),
        "arn": next.header("lambda-runtime-invoked-function-arn"),
        "clock": serde_json::from_str::<Value>(&clock).unwrap_or_default(),
        "pid": std::process::id(),
        "setting": env("SETTING"),
    }))
}

fn records(event: &Value) -> std::result::Result<Value, String> {
    let mut failed = Vec::new();
    for record in event["Records"].as_array().into_iter().flatten() {
        let image = &record["dynamodb"]["NewImage"];
        if let Some(why) = image["fail"]["S"].as_str() {
            return Err(why.to_owned());
        }
        if image.get("poison").is_some() {
            failed.push(json!({ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }));
        }
    }
    Ok(json!({ "batchItemFailures": failed }))
}

/// Reports success for a lifecycle hook of CodeDeploy.
fn hook(event: &Value) -> Result<Value> {
    let answer = call(&json!({
        "service": "codedeploy",
        "target": "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus",
        "input": {
            "deploymentId": event["DeploymentId"],
            "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
            "status": "Succeeded",
        },
    }))?;
    if answer["status"] == 200 {
        Ok(answer)
    } else {
        Err(answer.to_string().into())
    }
}

/// A call of a JSON protocol with the function's own credentials, or of a method of Slack's.
fn call(call: &Value) -> Result<Value> {
    if call["service"] == "slack" {
        return call_slack(call);
    }
    let endpoint = env("AWS_ENDPOINT_URL");
    let address = endpoint.strip_prefix("http://").ok_or("no endpoint")?;
    let service = call["service"].as_str().unwrap_or_default();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        env("AWS_ACCESS_KEY_ID"),
        env("AWS_REGION")
    );
    let headers = [
        ("authorization", credential.as_str()),
        ("x-amz-target", call["target"].as_str().unwrap_or_default()),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    let response = request(address, "POST", "/", &headers, &call["input"].to_string())?;
    let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
    Ok(json!({ "status": response.status, "body": body }))
}

fn call_slack(call: &Value) -> Result<Value> {
    let url = env("SLACK_API_URL");
    let url = url.strip_prefix("http://").ok_or("no address of Slack")?;
    let (address, path) = url.split_once('/').ok_or("no path of Slack")?;
    let text = |member: &str| call[member].as_str().unwrap_or_default();
    let token = format!("Bearer {}", text("token"));
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "application/json; charset=utf-8"),
    ];
    let path = format!("/{path}/{}", text("target"));
    let response = request(address, "POST", &path, &headers, &call["input"].to_string())?;
    let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
    Ok(json!({ "status": response.status, "body": body }))
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    let body = String::from_utf8(body)?;
    Ok(Response {
        status,
        headers,
        body,
    })
}
