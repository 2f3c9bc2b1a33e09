//! All functions, and how one is invoked.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::environment::{self, Environment, StartError};
use super::function::{Answer, Config, Function};
use super::named::Named;
use super::runtime_api::Reported;
use crate::gateway::faults::Outcome;
use crate::gateway::record;
use crate::lab::Lab;
use crate::lock::lock;

/// The functions by account, region and name, and the processes that run.
#[derive(Debug)]
pub(crate) struct Lambda {
    functions: Mutex<BTreeMap<(String, String, String), Arc<Function>>>,
    environments: Mutex<HashMap<u64, Weak<Environment>>>,
    next: AtomicU64,
    /// A machine runs fewer processes than Lambda does; who comes later waits.
    slots: Semaphore,
}

/// Too many invocations of the function are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Rate Exceeded.")]
pub(crate) struct Throttled;

const MAX_AT_ONCE: usize = 64;

impl Default for Lambda {
    fn default() -> Self {
        Self {
            functions: Mutex::default(),
            environments: Mutex::default(),
            next: AtomicU64::new(1),
            slots: Semaphore::new(MAX_AT_ONCE),
        }
    }
}

impl Lambda {
    /// Adds a function, or replaces the one of the same name.
    pub(crate) fn add(&self, config: Config) -> Arc<Function> {
        let key = (
            config.account.clone(),
            config.region.clone(),
            config.name.clone(),
        );
        let function = Arc::new(Function {
            config,
            pool: Mutex::default(),
            stats: Mutex::default(),
        });
        lock(&self.functions).insert(key, Arc::clone(&function));
        function
    }

    /// The function with this name, partial ARN or ARN, with or without a version.
    pub(crate) fn find(&self, account: &str, region: &str, name: &str) -> Option<Arc<Function>> {
        let named = Named::parse(account, region, name);
        let key = (
            named.account.to_owned(),
            named.region.to_owned(),
            named.name.to_owned(),
        );
        lock(&self.functions).get(&key).cloned()
    }

    /// All functions, in the order of account, region and name.
    pub(crate) fn all(&self) -> Vec<Arc<Function>> {
        lock(&self.functions).values().cloned().collect()
    }

    /// Kills an execution environment, and waits until it is gone: it sees nothing of what comes
    /// after.
    pub(crate) async fn kill(&self, id: u64) {
        let environment = lock(&self.environments).get(&id).and_then(Weak::upgrade);
        if let Some(environment) = environment {
            environment.kill();
            environment.end().await;
        }
    }

    /// The number of the next execution environment.
    pub(super) fn next_environment(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn remember(&self, environment: &Arc<Environment>) {
        lock(&self.environments).insert(environment.id, Arc::downgrade(environment));
    }

    pub(super) fn forget(&self, id: u64) {
        lock(&self.environments).remove(&id);
    }
}

/// A place in a function's concurrency, given back when dropped.
struct Place<'a>(&'a Function);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut pool = lock(&self.0.pool);
        pool.in_flight = pool.in_flight.saturating_sub(1);
    }
}

/// Invokes a function and waits for its end.
///
/// # Errors
/// When its reserved concurrency is used up.
pub(crate) async fn invoke(
    lab: &Arc<Lab>,
    function: &Arc<Function>,
    payload: Bytes,
    request_id: &str,
) -> Result<Answer, Throttled> {
    let _busy = lab
        .activity
        .begin(format!("{} {request_id}", function.config.name));
    let (_place, idle) = enter(function)?;
    // The semaphore is never closed.
    let _slot = lab.lambda.slots.acquire().await;
    lock(&function.stats).begun(lab.clock.now());
    let environment = match idle {
        Some(environment) => environment,
        None => match environment::start(lab, function).await {
            Ok(environment) => environment,
            Err(error) => {
                lock(&function.stats).errors += 1;
                return Ok(not_started(request_id, &error));
            }
        },
    };
    Ok(run(function, &environment, payload, request_id).await)
}

/// Invokes a function for one of Lambda's own queues (`stream` or `async`, the caller that faults
/// name), which delivers at least once.
///
/// # Errors
/// When the invocation was refused and has to be made later.
pub(crate) async fn deliver(
    lab: &Arc<Lab>,
    function: &Arc<Function>,
    payload: Bytes,
    request_id: &str,
    queue: &str,
) -> Result<Answer, Throttled> {
    let event: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let fault = lab.faults.meet("lambda", "Invoke", queue, &event);
    if let Some(fault) = fault {
        record::delivery(lab, queue, &function.config.name, &event, fault);
    }
    match fault {
        Some(Outcome::Throttled | Outcome::FailedBefore | Outcome::CrashBefore) => Err(Throttled),
        Some(Outcome::AnswerLost | Outcome::CrashAfter) => {
            invoke(lab, function, payload, request_id).await?;
            Ok(Answer::failed(
                request_id,
                "Runtime.Unknown",
                "the answer was lost",
            ))
        }
        Some(Outcome::LatencyMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            invoke(lab, function, payload, request_id).await
        }
        Some(Outcome::Refused | Outcome::Stale) | None => {
            invoke(lab, function, payload, request_id).await
        }
    }
}

fn enter(function: &Function) -> Result<(Place<'_>, Option<Arc<Environment>>), Throttled> {
    let mut pool = lock(&function.pool);
    if function
        .config
        .reserved_concurrency
        .is_some_and(|most| pool.in_flight >= most)
    {
        lock(&function.stats).throttles += 1;
        return Err(Throttled);
    }
    pool.in_flight += 1;
    let idle = loop {
        match pool.idle.pop() {
            Some(environment) if environment.has_ended() => {}
            other => break other,
        }
    };
    Ok((Place(function), idle))
}

async fn run(
    function: &Arc<Function>,
    environment: &Arc<Environment>,
    payload: Bytes,
    request_id: &str,
) -> Answer {
    let started = Instant::now();
    let (job, reported) = environment::job(function, request_id, payload);
    let timeout = function.config.timeout;
    let work = async {
        if environment.give(job).await.is_err() {
            return None;
        }
        reported.await.ok()
    };
    let mut timed_out = false;
    let answer = tokio::select! {
        biased;
        reported = work => match reported {
            Some(Reported::Response(payload)) => Answer {
                request_id: request_id.to_owned(),
                payload,
                function_error: None,
            },
            Some(Reported::Error(payload)) => Answer {
                request_id: request_id.to_owned(),
                payload,
                function_error: Some("Unhandled"),
            },
            // The process asked for more work without an answer, or has ended.
            None => {
                environment.kill();
                let how = environment.end().await;
                Answer::failed(request_id, "Runtime.ExitError", &format!("Runtime exited with error: {how}"))
            }
        },
        how = environment.end() => {
            Answer::failed(request_id, "Runtime.ExitError", &format!("Runtime exited with error: {how}"))
        }
        () = tokio::time::sleep(timeout) => {
            timed_out = true;
            environment.kill();
            environment.end().await;
            let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
            Answer::failed(request_id, "Sandbox.Timedout", &message)
        }
    };
    let mut stats = lock(&function.stats);
    stats.observe_memory(environment.pid);
    stats.ended(
        started.elapsed(),
        answer.function_error.is_some(),
        timed_out,
    );
    drop(stats);
    if !environment.has_ended() {
        lock(&function.pool).idle.push(Arc::clone(environment));
    }
    answer
}

fn not_started(request_id: &str, error: &StartError) -> Answer {
    match error {
        StartError::Reported(description) => Answer {
            request_id: request_id.to_owned(),
            payload: description.to_string().into(),
            function_error: Some("Unhandled"),
        },
        StartError::Spawn { .. } => {
            Answer::failed(request_id, "Runtime.InvalidEntrypoint", &error.to_string())
        }
        StartError::Exited(_) => {
            Answer::failed(request_id, "Runtime.ExitError", &error.to_string())
        }
        StartError::TooSlow(_) => {
            Answer::failed(request_id, "Sandbox.Timedout", &error.to_string())
        }
    }
}

/// The report of `GET /_lab/functions`.
pub(crate) fn report(lab: &Lab) -> Value {
    let functions = lab.lambda.all();
    let shown: Vec<Value> = functions
        .iter()
        .map(|function| {
            let config = &function.config;
            let mut stats = lock(&function.stats);
            for pid in stats.processes.clone() {
                stats.observe_memory(pid);
            }
            let mut shown = serde_json::to_value(&*stats).unwrap_or_default();
            shown["name"] = json!(config.name);
            shown["arn"] = json!(config.arn());
            shown["role"] = json!(config.role_arn);
            shown["memory_mb"] = json!(config.memory_mb);
            shown["timeout_seconds"] = json!(config.timeout.as_secs());
            shown["binary"] = json!(config.binary);
            shown["log"] = json!(
                lab.settings
                    .log_dir
                    .join(config.log_name(&lab.settings.account))
            );
            shown
        })
        .collect();
    json!({ "functions": shown })
}
