//! The Runtime API that a function's process talks to.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
//!
//! Each execution environment has a listener of its own, so an answer can never be taken for
//! that of another process.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use crate::gateway::errors;
use crate::lock::lock;

/// Work for a process.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request_id: String,
    /// The event.
    pub(crate) payload: Bytes,
    /// Real Unix time in milliseconds at which it will be killed.
    pub(crate) deadline_ms: i64,
    /// The function's ARN as invoked.
    pub(crate) arn: String,
    /// X-Ray's trace header.
    pub(crate) trace_id: String,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Reported>,
}

/// What a process reported about an invocation.
#[derive(Debug)]
pub(crate) enum Reported {
    /// It answered.
    Response(Bytes),
    /// It failed, with the description of its error.
    Error(Bytes),
}

/// How far an environment's start is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Init {
    /// The process has not asked for work yet.
    Starting,
    Ready,
    /// It said that it cannot start.
    Failed(Value),
}

/// One environment's side of the API.
#[derive(Debug)]
pub(crate) struct Runtime {
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    current: Mutex<Option<(String, oneshot::Sender<Reported>)>>,
    init: watch::Sender<Init>,
}

/// The largest answer of a synchronous invocation: 6 MB, and something for the framing.
const MAX_ANSWER: usize = 6 * 1024 * 1024 + 64 * 1024;

impl Runtime {
    /// The API's state, fed by `jobs`.
    pub(crate) fn new(jobs: mpsc::Receiver<Job>) -> (Arc<Self>, watch::Receiver<Init>) {
        let (init, ready) = watch::channel(Init::Starting);
        let runtime = Self {
            jobs: tokio::sync::Mutex::new(jobs),
            current: Mutex::default(),
            init,
        };
        (Arc::new(runtime), ready)
    }

    /// The routes of the API.
    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(MAX_ANSWER))
            .with_state(self)
    }

    fn report(&self, id: &str, reported: Reported) -> Response<Body> {
        let mut current = lock(&self.current);
        match current.take() {
            Some((expected, reply)) if expected == id => {
                // Nobody listens when the invocation was given up in the meantime.
                let _ = reply.send(reported);
                errors::control(202, &json!({ "status": "OK" }))
            }
            other => {
                *current = other;
                errors::control(
                    400,
                    &json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" }),
                )
            }
        }
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response<Body> {
    runtime.init.send_if_modified(|init| {
        let starts = *init == Init::Starting;
        if starts {
            *init = Init::Ready;
        }
        starts
    });
    // Dropping the sender tells the invocation that its process went on without an answer.
    lock(&runtime.current).take();
    let job = runtime.jobs.lock().await.recv().await;
    let Some(job) = job else {
        return errors::control(
            410,
            &json!({ "errorType": "Shutdown", "errorMessage": "the environment has ended" }),
        );
    };
    let mut response = errors::build(200, "application/json", job.payload.to_vec(), "");
    let headers = [
        ("lambda-runtime-aws-request-id", job.request_id.as_str()),
        ("lambda-runtime-deadline-ms", &job.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", &job.arn),
        ("lambda-runtime-trace-id", &job.trace_id),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    *lock(&runtime.current) = Some((job.request_id, job.reply));
    response
}

async fn response(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response<Body> {
    runtime.report(&id, Reported::Response(body))
}

async fn error(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    runtime.report(&id, Reported::Error(described(&headers, body)))
}

async fn init_error(
    State(runtime): State<Arc<Runtime>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let description = serde_json::from_slice(&described(&headers, body)).unwrap_or_default();
    runtime.init.send_replace(Init::Failed(description));
    errors::control(202, &json!({ "status": "OK" }))
}

/// The error's description; a body that is not JSON is wrapped, its type taken from the header.
fn described(headers: &HeaderMap, body: Bytes) -> Bytes {
    if serde_json::from_slice::<Value>(&body).is_ok() {
        return body;
    }
    let kind = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("Runtime.Unknown");
    let message = String::from_utf8_lossy(&body);
    json!({ "errorType": kind, "errorMessage": message })
        .to_string()
        .into()
}
