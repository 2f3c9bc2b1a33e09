//! `response_url`: an address for answers to a click, good for five uses within thirty minutes.
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::api;
use super::workspace::Post;
use crate::gateway::dispatch::Http;
use crate::gateway::errors;
use crate::lab::Lab;

/// Answers a post to a response address.
pub(crate) fn answer(lab: &Arc<Lab>, code: &str, http: &Http) -> Response<Body> {
    let now = lab.clock.now();
    let Some(clicked) = lab.slack.use_response(code, now) else {
        return errors::control(404, &json!({ "ok": false, "error": "used_url" }));
    };
    let input: Value = serde_json::from_slice(&http.body).unwrap_or_default();
    let (text, blocks) = match api::content(&input) {
        Ok(content) => content,
        Err(refusal) => return errors::control(400, &refusal),
    };
    if input["replace_original"] == true {
        lab.slack
            .edit(&clicked.channel, &clicked.ts, text, blocks, now);
    } else if input["response_type"] == "in_channel" {
        let thread = input["thread_ts"].as_str().map(str::to_owned);
        let post = Post {
            thread_ts: thread,
            text,
            blocks,
            metadata: Value::Null,
        };
        lab.slack.post(&clicked.channel, post, now);
    }
    // Anything else is seen by the person who clicked only.
    errors::control(200, &json!({ "ok": true }))
}
