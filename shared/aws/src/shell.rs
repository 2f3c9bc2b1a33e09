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
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

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

/// Lines of JSON, each with the invocation, the release and the stage that it is about.
fn logging<W>(filter: EnvFilter, to: W) -> impl SubscriberInitExt
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(to)
        .finish()
}

/// Serves a function's invocations, one after the other, until Lambda ends the process.
///
/// # Errors
/// When the thread's runtime cannot be built or Lambda's runtime API cannot be reached.
pub fn run<R: Serialize>(
    handler: impl AsyncFn(&Aws, &Invocation) -> Result<R, HandlerError>,
) -> Result<(), Error> {
    let filter = EnvFilter::try_from_env("TOWPATH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    logging(filter, std::io::stdout).init();
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
    use std::io;
    use std::sync::{Arc, Mutex};

    use towpath_core::release::Actor;
    use towpath_deployer::drive::drive;

    use super::*;
    use crate::config::{ENDPOINT_URL, REGION, Settings, TABLE};

    /// What is logged, for a test to read.
    #[derive(Clone, Default)]
    struct Logged(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Logged {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn whatever_is_logged_while_a_release_is_driven_says_which_one() {
        // Nothing listens there: each attempt to read the ledger is a call that fails at once.
        let aws = Aws::new(Settings::of([
            (ENDPOINT_URL, "http://127.0.0.1:9".to_owned()),
            (REGION, "eu-west-1".to_owned()),
            (TABLE, "towpath".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDTEST".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret-access-key".to_owned()),
        ]));
        let logged = Logged::default();
        let writer = logged.clone();
        let filter = EnvFilter::new("info,towpath_aws=debug");
        let guard = logging(filter, move || writer.clone()).set_default();
        let id = "shop-api-0123456789abcdef".parse().expect("an id");
        let actor = Actor::Function("advance".into());
        let driven = drive(&aws, &id, &actor, || Duration::from_secs(60)).await;
        drop(guard);
        assert!(driven.is_err(), "{driven:?}");
        let text = logged.0.lock().expect("whole").clone();
        let text = String::from_utf8(text).expect("text");
        let lines = text.lines().map(serde_json::from_str);
        let lines: Vec<Value> = lines.collect::<Result<_, _>>().expect("JSON");
        let called = lines.iter().filter(|line| line["message"] == "called");
        let times: Vec<_> = called.map(|line| &line["duration_ms"]).collect();
        assert!(
            !times.is_empty() && times.iter().all(|time| time.is_u64()),
            "{text}"
        );
        for line in lines {
            let spans = line["spans"].as_array().expect("spans");
            let of = spans.iter().find_map(|span| span["release.id"].as_str());
            assert_eq!(of, Some("shop-api-0123456789abcdef"), "{line}");
        }
    }

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
