//! JSON as AWS sends and takes it, through the SDK.
//!
//! The SDK's types know the fields of the day it was built. A field that AWS has added since would
//! be dropped on the way in and on the way out, and with it a part of what people run. So the
//! answer's body is kept as it came, and the request's body is replaced before it is signed;
//! signing, retries, endpoint and error handling stay the SDK's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;
use towpath_deployer::ports::CallError;
use towpath_taskdef::json;

use crate::call::unreadable;

/// Keeps the body of an operation's last answer.
#[derive(Clone, Default)]
pub(crate) struct Answer(Arc<Mutex<Option<Vec<u8>>>>);

impl Answer {
    /// The answer's JSON, to its last digit: for what is written again.
    pub(crate) fn json(&self, operation: &'static str) -> Result<Value, CallError> {
        let body = self.body(operation)?;
        // Not serde_json's own reader: a key of a map must stay a key, whatever it is called.
        json::read(&body).map_err(|error| unreadable(operation, error))
    }

    /// The answer's JSON, whose numbers may be rounded: for what is only looked at.
    pub(crate) fn to_look_at(&self, operation: &'static str) -> Result<Value, CallError> {
        let body = self.body(operation)?;
        json::parse(&body).map_err(|error| unreadable(operation, error))
    }

    fn body(&self, operation: &'static str) -> Result<Vec<u8>, CallError> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        body.ok_or_else(|| unreadable(operation, "it has no body"))
    }
}

impl fmt::Debug for Answer {
    /// Without the body: task definitions may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

#[dyn_dispatch_hint]
impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "TowpathKeepAnswer"
    }

    /// After the SDK has parsed the body it is in memory.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body.to_vec());
        }
        Ok(())
    }
}

/// Replaces a request's body, before it is signed.
pub(crate) fn replace_body(
    document: &Value,
) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static + use<> {
    let body = document.to_string();
    move |request| {
        request
            .headers_mut()
            .insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body.as_str());
    }
}
