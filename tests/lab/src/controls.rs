//! The lab's own controls, under `/_lab/`. They are documented in the README beside this crate;
//! black-box tests rely on them.

mod clock;
mod diagnostics;
mod setup;
mod world;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::gateway::dispatch::Http;
use crate::gateway::errors;
use crate::lab::Lab;

/// Why a control was refused.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    /// No such control.
    #[error("there is no control {0}: see the README of the lab")]
    Unknown(String),
    /// The body is not what the control takes.
    #[error("the body is not what this control takes")]
    Body(#[source] serde_json::Error),
    /// Something in the body cannot be used.
    #[error("{0}")]
    Input(String),
    /// What is asked for is not there.
    #[error("{0}")]
    Missing(String),
    /// A simulated service refused.
    #[error("{code}: {message}")]
    Service {
        /// Its error code.
        code: String,
        message: String,
        /// Its HTTP status.
        status: u16,
    },
    /// The lab did not come to rest.
    #[error(transparent)]
    Time(#[from] crate::time::TimeError),
}

type Answer = Result<Value, ControlError>;

/// Answers a control.
pub(crate) async fn answer(lab: &Arc<Lab>, control: &str, http: &Http) -> Response<Body> {
    match dispatch(lab, control, http).await {
        Ok(value) => errors::control(200, &value),
        Err(error) => {
            let status = match &error {
                ControlError::Unknown(_) | ControlError::Missing(_) => 404,
                ControlError::Body(_) | ControlError::Input(_) => 400,
                ControlError::Service { status, .. } => *status,
                ControlError::Time(_) => 504,
            };
            let mut body = json!({ "message": error.to_string() });
            match &error {
                ControlError::Body(cause) => body["cause"] = json!(cause.to_string()),
                ControlError::Service { code, .. } => body["code"] = json!(code),
                ControlError::Unknown(_)
                | ControlError::Input(_)
                | ControlError::Missing(_)
                | ControlError::Time(_) => {}
            }
            errors::control(status, &body)
        }
    }
}

async fn dispatch(lab: &Arc<Lab>, control: &str, http: &Http) -> Answer {
    let body = &http.body;
    match (http.method.as_str(), control.trim_end_matches('/')) {
        ("GET", "health") => Ok(diagnostics::health(lab)),
        ("GET", "journal") => Ok(diagnostics::journal(lab, since(http))),
        ("GET", "events") => Ok(diagnostics::events(lab, since(http))),
        ("GET", "dead-letters") => Ok(diagnostics::dead_letters(lab)),
        ("GET", "functions") => Ok(crate::lambda::host::report(lab)),
        ("GET", "iam") => Ok(diagnostics::iam(lab)),
        ("GET", "listeners") => Ok(lab.listeners.report()),
        ("GET", "overview") => Ok(diagnostics::overview(lab)),
        ("GET", "sns/messages") => Ok(diagnostics::sns(lab)),
        ("GET", "slack/messages") => Ok(diagnostics::slack(lab)),
        ("GET", "faults") => Ok(json!({ "faults": lab.faults.list() })),
        ("GET", "clock") => Ok(clock::show(lab)),
        ("POST", "push") => world::push(lab, &parse(body)?),
        ("POST", "alarms") => world::alarm(lab, &parse(body)?).await,
        ("POST", "metrics") => world::metric(lab, &parse(body)?).await,
        ("POST", "scripts") => Ok(world::script(lab, &parse(body)?)),
        ("POST", "scale-out") => world::scale_out(lab, &parse(body)?),
        ("POST", "events") => setup::event(lab, parse(body)?),
        ("POST", "faults") => setup::faults(lab, parse(body)?),
        ("DELETE", "faults") => {
            lab.faults.clear();
            Ok(json!({ "faults": [] }))
        }
        ("POST", "roles") => setup::role(lab, &parse(body)?),
        ("POST", "credentials") => setup::credentials(lab, &parse(body)?),
        ("POST", "rules") => setup::rule(lab, &parse(body)?),
        ("POST", "functions") => setup::function(lab, &parse(body)?),
        ("POST", "functions/recycle") => setup::recycle(lab, &parse(body)?),
        ("POST", "slack/click") => setup::click(lab, &parse(body)?).await,
        ("POST", "slack/channels") => setup::channel(lab, parse(body)?),
        ("POST", "slack/users") => setup::user(lab, parse(body)?),
        ("POST", "clock/advance") => clock::advance(lab, &parse(body)?).await,
        ("POST", "clock/next") => clock::next(lab).await,
        ("POST", "clock/speed") => clock::speed(lab, &parse(body)?),
        ("POST", "idle") => clock::idle(lab, body).await,
        (method, control) => Err(ControlError::Unknown(format!("{method} /_lab/{control}"))),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(ControlError::Body)
}

/// The `since` of the query; 0 without one.
fn since(http: &Http) -> u64 {
    let query = http.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "since")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}
