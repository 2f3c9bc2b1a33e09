//! The gateway's port: connections, bodies within bounds, and which part answers a path.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming as Received;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::controls;
use crate::ecr_blobs;
use crate::gateway::dispatch::{self, Http, LoseAnswer};
use crate::gateway::errors;
use crate::lab::Lab;
use crate::lambda::url;
use crate::registry;
use crate::slack::{api as slack_api, response_url};

/// Larger than the largest request of any service behind the gateway (DynamoDB's 16 MB).
const MAX_BODY: usize = 20 * 1024 * 1024;

/// Accepts connections until the task is aborted.
pub(crate) async fn serve(lab: Arc<Lab>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(Arc::clone(&lab), stream));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely; they come back as connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// The connection breaks instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost on purpose")]
struct Lost;

async fn connection(lab: Arc<Lab>, stream: TcpStream) {
    let service = service_fn(move |request: Request<Received>| {
        let lab = Arc::clone(&lab);
        async move {
            // In a task of its own: a client that hangs up does not undo half a call.
            let answer = tokio::spawn(answer(lab, request)).await;
            let response = answer.unwrap_or_else(|_panic| {
                errors::control(
                    500,
                    &json!({ "message": "the lab has a defect: see its log" }),
                )
            });
            if response.extensions().get::<LoseAnswer>().is_some() {
                return Err(Lost);
            }
            Ok(response)
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(60))
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn answer(lab: Arc<Lab>, request: Request<Received>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body: Bytes = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            let message = format!("the body could not be read: {error}");
            return errors::control(413, &json!({ "message": message }));
        }
    };
    let http = Http {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    };
    let path = http.uri.path().to_owned();
    if let Some(control) = path.strip_prefix("/_lab/") {
        controls::answer(&lab, control, &http).await
    } else if let Some(rest) = path.strip_prefix("/_url/") {
        let (function, rest) = rest.split_once('/').unwrap_or((rest, ""));
        url::answer(&lab, function, &format!("/{rest}"), &http).await
    } else if let Some(method) = path.strip_prefix("/slack/api/") {
        slack_api::answer(&lab, method, &http, None).await
    } else if let Some((environment, method)) = of_environment(&path) {
        slack_api::answer(&lab, method, &http, Some(environment)).await
    } else if let Some(code) = path.strip_prefix("/slack/response/") {
        response_url::answer(&lab, code, &http)
    } else if let Some(digest) = path.strip_prefix("/_blob/") {
        ecr_blobs::download(&lab, digest)
    } else if registry::is_meant(&http) {
        registry::answer(&lab, &http)
    } else {
        dispatch::handle(lab, http).await
    }
}

/// The execution environment and the method of a call of Slack's API that a function makes: the token
/// does not tell whose it is.
fn of_environment(path: &str) -> Option<(u64, &str)> {
    let (environment, method) = path.strip_prefix("/slack/from/")?.split_once("/api/")?;
    Some((environment.parse().ok()?, method))
}
