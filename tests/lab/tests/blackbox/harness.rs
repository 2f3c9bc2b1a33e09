//! A lab for one test: started on a free port, with time standing still, and ended with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// A running lab.
pub(crate) struct Lab {
    child: Child,
    pub(crate) base: String,
    pub(crate) client: Client,
    pub(crate) dir: tempfile::TempDir,
}

/// An answer: status, headers as JSON, body as JSON (or as text, where it is not).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Value,
    pub(crate) body: Value,
}

/// The functions of `functions.json`, all of which are the same program.
const FUNCTIONS: [&str; 4] = ["echo", "one-at-a-time", "broken", "feed"];

impl Lab {
    /// Starts a lab and waits until it says that it is ready.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with more arguments.
    pub(crate) fn start_with(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in FUNCTIONS {
            let program = env!("CARGO_BIN_EXE_towpath-lab-function");
            std::os::unix::fs::symlink(program, dir.path().join(name)).expect("a link");
        }
        let moto = towpath_moto::warm().expect("a warm moto");
        let mut child = Command::new(env!("CARGO_BIN_EXE_towpath-lab"))
            .args(["serve", "--port", "0"])
            .args(if more.contains(&"--speed") {
                &[][..]
            } else {
                &["--speed", "0"]
            })
            .arg("--functions-json")
            .arg(here.join("tests/blackbox/functions.json"))
            .arg("--bin-dir")
            .arg(dir.path())
            .arg("--moto-warm")
            .arg(&moto.socket)
            .arg("--log-dir")
            .arg(dir.path().join("logs"))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the lab starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a line");
        let Some(base) = line.trim_end().strip_prefix("lab ready ") else {
            let mut errors = String::new();
            let mut stderr = child.stderr.take().expect("piped");
            stderr.read_to_string(&mut errors).expect("text");
            panic!("the lab did not start: {line:?} {errors}");
        };
        let base = base.to_owned();
        // What it says from now on goes to the test's own output.
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .for_each(|line| eprintln!("{line}"))
        });
        let client = Client::builder().no_proxy().build().expect("a client");
        Self {
            child,
            base,
            client,
            dir,
        }
    }

    /// A control: `control("POST", "push", json!({…}))`.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self
            .client
            .request(method, format!("{}/_lab/{path}", self.base));
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        send(request).await.expect("the lab answers")
    }

    /// What a control shows.
    pub(crate) async fn look(&self, path: &str) -> Value {
        let answer = self.control("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    /// Does something by a control that has to succeed.
    pub(crate) async fn tell(&self, path: &str, body: Value) -> Value {
        let answer = self.control("POST", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    /// Waits until the lab does nothing.
    pub(crate) async fn idle(&self) {
        self.tell("idle", json!({ "timeout_seconds": 60 })).await;
    }

    /// Moves time.
    pub(crate) async fn advance(&self, seconds: u64) -> Value {
        self.tell("clock/advance", json!({ "seconds": seconds }))
            .await
    }

    /// A call of a JSON protocol, as the root of an account or with any access key.
    pub(crate) async fn call_as(
        &self,
        access_key: &str,
        service: &str,
        target: &str,
        input: Value,
    ) -> Answer {
        send(self.json_call(access_key, service, target, input))
            .await
            .expect("the lab answers")
    }

    /// A call as the root of the functions' account.
    pub(crate) async fn call(&self, service: &str, target: &str, input: Value) -> Answer {
        self.call_as("AKIAROOT", service, target, input).await
    }

    /// The request of a call, not sent yet.
    pub(crate) fn json_call(
        &self,
        access_key: &str,
        service: &str,
        target: &str,
        input: Value,
    ) -> RequestBuilder {
        self.client
            .post(&self.base)
            .header("authorization", signature(access_key, service))
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string())
    }

    /// A call of a query protocol; the body of the answer is XML.
    pub(crate) async fn query(
        &self,
        access_key: &str,
        service: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let request = self
            .client
            .post(&self.base)
            .header("authorization", signature(access_key, service))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        send(request).await.expect("the lab answers")
    }

    /// A call of a REST protocol that only reads.
    pub(crate) async fn rest(&self, service: &str, path: &str) -> Answer {
        let url = format!("{}{path}", self.base);
        let signed = signature("AKIAROOT", service);
        let request = self.client.get(url).header("authorization", signed);
        send(request).await.expect("the lab answers")
    }

    /// A call to Lambda's API about a function's policy.
    pub(crate) async fn policy(
        &self,
        method: &str,
        function: &str,
        rest: &str,
        input: Value,
    ) -> Answer {
        let url = format!("{}/2015-03-31/functions/{function}/policy{rest}", self.base);
        let method = method.parse().expect("a method");
        let request = (self.client.request(method, url))
            .header("authorization", signature("AKIAROOT", "lambda"))
            .body(input.to_string());
        send(request).await.expect("the lab answers")
    }

    /// Invokes a function.
    pub(crate) async fn invoke(&self, function: &str, kind: &str, event: Value) -> Answer {
        let request = self
            .client
            .post(format!(
                "{}/2015-03-31/functions/{function}/invocations",
                self.base
            ))
            .header("authorization", signature("AKIAROOT", "lambda"))
            .header("x-amz-invocation-type", kind)
            .body(event.to_string());
        send(request).await.expect("the lab answers")
    }

    /// Puts an item with the given key and further attributes into the ledger table.
    pub(crate) async fn put(&self, pk: &str, sk: &str, more: Value) -> Answer {
        let mut item = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        for (name, value) in more.as_object().into_iter().flatten() {
            item[name] = value.clone();
        }
        let input = json!({ "TableName": "lab-ledger", "Item": item });
        self.call("dynamodb", "DynamoDB_20120810.PutItem", input)
            .await
    }

    /// The statistics of a function.
    pub(crate) async fn stats(&self, name: &str) -> Value {
        let shown = self.look("functions").await;
        let functions = shown["functions"].as_array().expect("a list").clone();
        functions
            .into_iter()
            .find(|function| function["name"] == name)
            .expect("a function")
    }

    /// The events that a function got, from its log: each line is a request id and an event.
    pub(crate) fn received(&self, function: &str) -> Vec<Value> {
        let log = self.dir.path().join(format!("logs/{function}.log"));
        let text = std::fs::read_to_string(log).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(_, event)| serde_json::from_str(event).ok())
            .collect()
    }

    /// Process id of the lab.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the lab with a signal and waits for its end.
    pub(crate) fn end(&mut self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.pid().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
        self.child.wait().expect("it ends");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It may have been ended by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        })
        .collect();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or_else(|_not_json| json!(text));
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn signature(access_key: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}
