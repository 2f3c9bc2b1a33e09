//! The data plane: a loopback port for each load balancer listener, answered by the tasks that
//! run behind it in the world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Response, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::gateway::errors;
use crate::iam::policy::wildcard;
use crate::lab::Lab;
use crate::lock::lock;
use crate::world;

/// All open listeners, by ARN.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<BTreeMap<String, Open>>);

#[derive(Debug)]
struct Open {
    /// The port that the listener was created with.
    port: u16,
    /// The loopback port that it has here.
    local: u16,
    server: AbortHandle,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    arn: String,
    priority: u32,
    /// Path patterns; none takes every path.
    paths: Vec<String>,
}

/// Opens a port for a listener: its own where that is free and needs no privilege, else any.
pub(crate) async fn open(lab: &Arc<Lab>, arn: &str, port: u16) {
    let own = if port >= 1024 { port } else { 0 };
    let bound = match TcpListener::bind(("127.0.0.1", own)).await {
        Ok(bound) => Ok(bound),
        Err(_taken) => TcpListener::bind(("127.0.0.1", 0)).await,
    };
    let bound = bound.and_then(|bound| Ok((bound.local_addr()?.port(), bound)));
    let (local, bound) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            tracing::error!(%error, listener = arn, "no port is left for a listener");
            return;
        }
    };
    let routes = Router::new()
        .fallback(answer)
        .with_state((Arc::clone(lab), arn.to_owned()));
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(bound, routes).await {
            tracing::warn!(%error, "a listener has ended");
        }
    });
    let open = Open {
        port,
        local,
        server: server.abort_handle(),
        rules: Vec::new(),
    };
    lock(&lab.listeners.0).insert(arn.to_owned(), open);
}

/// Closes a listener's port.
pub(crate) fn close(lab: &Lab, arn: &str) {
    if let Some(open) = lock(&lab.listeners.0).remove(arn) {
        open.server.abort();
    }
}

impl Listeners {
    /// Adds a rule, which goes before the listener's default action.
    pub(crate) fn add_rule(&self, listener: &str, arn: &str, priority: u32, paths: Vec<String>) {
        if let Some(open) = lock(&self.0).get_mut(listener) {
            let arn = arn.to_owned();
            open.rules.push(Rule {
                arn,
                priority,
                paths,
            });
            open.rules.sort_by_key(|rule| rule.priority);
        }
    }

    /// Takes a rule away.
    pub(crate) fn remove_rule(&self, arn: &str) {
        for open in lock(&self.0).values_mut() {
            open.rules.retain(|rule| rule.arn != arn);
        }
    }

    /// The report of `GET /_lab/listeners`.
    pub(crate) fn report(&self) -> Value {
        let listeners = lock(&self.0);
        let shown: Vec<Value> = listeners
            .iter()
            .map(|(arn, open)| {
                let url = format!("http://127.0.0.1:{}", open.local);
                json!({ "arn": arn, "port": open.port, "local_port": open.local, "url": url })
            })
            .collect();
        json!({ "listeners": shown })
    }

    /// The rule that takes a path, or the listener itself.
    fn route(&self, listener: &str, path: &str) -> String {
        let listeners = lock(&self.0);
        let rules = listeners
            .get(listener)
            .map_or(&[][..], |open| open.rules.as_slice());
        let takes = |rule: &&Rule| {
            rule.paths.is_empty() || rule.paths.iter().any(|pattern| wildcard(pattern, path))
        };
        rules
            .iter()
            .find(takes)
            .map_or_else(|| listener.to_owned(), |rule| rule.arn.clone())
    }
}

async fn answer(State((lab, arn)): State<(Arc<Lab>, String)>, uri: Uri) -> Response<Body> {
    let route = lab.listeners.route(&arn, uri.path());
    let answer = world::with(&lab, |world, now| world.request(&route, uri.path(), now));
    tokio::time::sleep(Duration::from_millis(answer.latency_ms)).await;
    let mut response = errors::build(answer.status, "text/plain", answer.body.into_bytes(), "");
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
