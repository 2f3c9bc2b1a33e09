//! What every function's `main` does: logging, one thread, and Lambda's runtime around a handler.

use std::time::{Duration, SystemTime};

pub use lambda_runtime::Error;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use towpath_deployer::handlers::HandlerError;
use towpath_taskdef::json::{self, JsonError};
use tracing_subscriber::EnvFilter;

use crate::Aws;
use crate::deadline::Deadline;
use crate::switches;
use crate::version::Version;

/// One invocation of a function.
#[derive(Debug)]
pub struct Invocation {
    event: Result<Value, JsonError>,
    deadline: SystemTime,
}

impl Invocation {
    /// What the function was given.
    ///
    /// # Errors
    /// [`HandlerError::Malformed`], if it cannot be read without loss.
    pub fn event(&self) -> Result<&Value, HandlerError> {
        self.read()
            .map_err(|error| HandlerError::Malformed(error.to_string()))
    }

    /// What the function was given, for one that answers what cannot be read.
    ///
    /// # Errors
    /// Why it cannot be read without loss.
    pub fn read(&self) -> Result<&Value, &JsonError> {
        self.event.as_ref()
    }

    /// The time until Lambda kills the function.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default()
    }
}

/// Serves a function's invocations, one after the other, until Lambda ends the process.
///
/// # Errors
/// When the thread's runtime cannot be built or Lambda's runtime API cannot be reached.
pub fn run<R: Serialize>(
    handler: impl AsyncFn(&Aws, &Invocation) -> Result<R, HandlerError>,
) -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_target(false)
        .with_env_filter(
            EnvFilter::try_from_env("TOWPATH_LOG").unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .init();
    tracing::info!(version = %Version::own(), "started");
    switches::check().inspect_err(|error| tracing::error!(%error, "not started"))?;
    let aws = Aws::from_env();
    // The text is read by the one reader of texts from outside: Lambda's own takes the last of two
    // equal keys.
    let serve = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let (event, context) = event.into_parts();
        let invocation = Invocation {
            event: json::read(event.get().as_bytes()),
            deadline: context.deadline(),
        };
        let answer = within(aws.deadline(), &invocation, handler(&aws, &invocation)).await;
        if let Err(error) = &answer {
            tracing::error!(%error, "invocation failed");
        }
        answer.map_err(dead_letter)
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(lambda_runtime::run(serve))
}

/// What the dead letter says: the kind of error, and the error with its causes.
fn dead_letter(error: HandlerError) -> Diagnostic {
    Diagnostic {
        error_type: error.kind().into(),
        error_message: error.to_string(),
    }
}

/// What the handler answers, if it does in time. Lambda kills a function that does not answer, and
/// starts a new one for the next event.
async fn within<R>(
    deadline: &Deadline,
    invocation: &Invocation,
    handled: impl Future<Output = Result<R, HandlerError>>,
) -> Result<R, HandlerError> {
    deadline.begin(invocation.time_left());
    let time = deadline.of_the_function().cap(Duration::MAX);
    match tokio::time::timeout(time, handled).await {
        Ok(answer) => answer,
        Err(_) => Err(HandlerError::OutOfTime),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_does_not_come_to_an_end_is_left_before_lambda_kills_the_function() {
        let time = Duration::from_secs(30);
        let invocation = Invocation {
            event: Ok(Value::Null),
            deadline: SystemTime::now() + time,
        };
        let begun = tokio::time::Instant::now();
        let answer = within::<()>(&Deadline::default(), &invocation, pending()).await;
        assert!(matches!(answer, Err(HandlerError::OutOfTime)), "{answer:?}");
        assert!(begun.elapsed() < time, "{:?}", begun.elapsed());
    }
}
