//! What comes in and what goes back: one call of an AWS API, its input members and its error.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// One call of an AWS API, already authenticated and parsed.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Twelve-digit account that the caller's credentials belong to.
    pub account: &'a str,
    /// Region that the request was signed for.
    pub region: &'a str,
    /// ARN of the caller's role, or `root`.
    pub principal: &'a str,
    /// Endpoint prefix: `ecs`, `codedeploy`, `ecr` or `application-autoscaling`.
    pub service: &'a str,
    /// Operation name, such as `UpdateService`.
    pub operation: &'a str,
    /// The request body as JSON, member names as on the wire.
    pub input: &'a Value,
}

/// What AWS would answer instead of a result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// Exception name, such as `ClusterNotFoundException`.
    pub code: String,
    /// The text that AWS gives.
    pub message: String,
    /// HTTP status.
    pub status: u16,
    /// Members beside the message.
    pub fields: Map<String, Value>,
}

/// The body of a successful answer, or the error.
pub(crate) type Answer = Result<Value, ApiError>;

impl ApiError {
    /// A client error: every modelled exception of these services is answered with status 400.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status: 400,
            fields: Map::new(),
        }
    }
}

/// An account and a region: resources of the same name in different places are different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Place {
    pub(crate) fn new(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// `arn:aws:<service>:<region>:<account>:<resource>`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region, self.account
        )
    }

    /// The place that an ARN names, when it is one.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        if parts.next() != Some("arn") {
            return None;
        }
        let region = parts.nth(2)?;
        let account = parts.next()?;
        Some(Self::new(account, region))
    }
}

impl Call<'_> {
    /// Where the call acts.
    pub(crate) fn place(&self) -> Place {
        Place::new(self.account, self.region)
    }

    /// A string member; absent, null and other types are all `None`.
    pub(crate) fn str(&self, name: &str) -> Option<&str> {
        text(self.input, name)
    }

    /// A string member that must be there and not empty, else the given exception.
    pub(crate) fn required(&self, name: &str, code: &str, message: &str) -> Result<&str, ApiError> {
        match self.str(name) {
            Some(value) if !value.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::new(code, message)),
        }
    }

    /// A list member; absent is empty.
    pub(crate) fn list(&self, name: &str) -> &[Value] {
        array(self.input, name)
    }

    /// The strings of a list member.
    pub(crate) fn strings(&self, name: &str) -> Vec<String> {
        strings(self.input, name)
    }

    /// A non-negative integer member.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.input.get(name).and_then(Value::as_u64)
    }

    /// A boolean member.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.input.get(name).and_then(Value::as_bool)
    }

    /// A member that is present and not null.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.input.get(name).filter(|value| !value.is_null())
    }
}

/// A string member of any JSON object.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// A list member of any JSON object; absent is empty.
pub(crate) fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The strings of a list member of any JSON object.
pub(crate) fn strings(value: &Value, name: &str) -> Vec<String> {
    array(value, name)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// One page of a list and the token of the next. `None` means that the token is not one of ours.
pub(crate) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let start = match token {
        Some(token) => usize::from_str_radix(token, 16).ok()?,
        None => 0,
    };
    if start > items.len() {
        return None;
    }
    let end = start.saturating_add(size.max(1));
    let next = (end < items.len()).then(|| format!("{end:016x}"));
    Some((
        items.into_iter().skip(start).take(size.max(1)).collect(),
        next,
    ))
}

/// Puts a member into an answer when there is one: AWS leaves absent members out.
pub(crate) fn put(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(map), Some(value)) = (object.as_object_mut(), value) {
        map.insert(name.to_owned(), value.into());
    }
}

/// A timestamp as the JSON protocols write it: seconds since the epoch, with milliseconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since the epoch stay far below 2^53"
)]
pub(crate) fn epoch(at: Timestamp) -> Value {
    Value::from(at.as_millisecond() as f64 / 1000.0)
}
