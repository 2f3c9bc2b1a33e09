//! What every EventBridge event has around its detail:
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.

use serde_json::Value;

use super::ReadError;
use super::fields::{Fields, kind};
use crate::message::one_line;
use crate::names::{AccountId, Region};

/// Longest event id in bytes. AWS sends UUIDs of 36.
const LONGEST_ID: usize = 128;

/// Most resources of one event that are looked at; ECS and ECR name one or two.
const MOST_RESOURCES: usize = 16;

/// An EventBridge event.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) id: String,
    pub(super) source: &'a str,
    pub(super) detail_type: &'a str,
    /// Where it happened. A bus in another account that it was forwarded to does not change it.
    pub(super) account: AccountId,
    pub(super) region: Region,
    /// The ARNs that the event is about, which may be none.
    pub(super) resources: Vec<&'a str>,
    pub(super) detail: Fields<'a>,
}

impl<'a> Envelope<'a> {
    pub(super) fn read(event: &'a Value) -> Result<Self, ReadError> {
        let fields = Fields::of(event, "the event")?;
        let id = fields.text("id")?;
        if id.len() > LONGEST_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ReadError::malformed("id is not an event's id"));
        }
        Ok(Self {
            id: id.to_owned(),
            source: fields.text("source")?,
            detail_type: fields.text("detail-type")?,
            account: fields.name("account")?,
            region: fields.name("region")?,
            resources: resources(&fields)?,
            detail: fields.object("detail")?,
        })
    }

    /// Why an event of another source or detail-type is not read.
    pub(super) fn foreign(&self, wanted: &str) -> ReadError {
        ReadError::ignored(format!(
            "`{}` of `{}` is {wanted}",
            one_line(self.detail_type, 80),
            one_line(self.source, 80)
        ))
    }
}

fn resources<'a>(fields: &Fields<'a>) -> Result<Vec<&'a str>, ReadError> {
    let list = match fields.value("resources") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)),
        ) => {
            return Err(ReadError::malformed(format!(
                "resources is {}, not a list",
                kind(other)
            )));
        }
    };
    list.iter()
        .take(MOST_RESOURCES)
        .map(|resource| {
            resource.as_str().ok_or_else(|| {
                ReadError::malformed(format!("resources holds {}, not ARNs", kind(resource)))
            })
        })
        .collect()
}
