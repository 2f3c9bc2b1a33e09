//! What every EventBridge event has around its detail:
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.

use jiff::Timestamp;
use serde_json::Value;

use super::ReadError;
use super::fields::Fields;
use crate::message::one_line;
use crate::names::{AccountId, Region};

/// Longest event id in bytes. AWS sends UUIDs of 36.
const MAX_ID_LEN: usize = 128;

/// An EventBridge event.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) id: String,
    pub(super) source: &'a str,
    pub(super) detail_type: &'a str,
    /// Where it happened. A bus in another account that it was forwarded to does not change it.
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) detail: Fields<'a>,
    fields: Fields<'a>,
}

impl<'a> Envelope<'a> {
    pub(super) fn read(event: &'a Value) -> Result<Self, ReadError> {
        let fields = Fields::of(event, "the event")?;
        let id = fields.text("id")?;
        if id.len() > MAX_ID_LEN || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ReadError::malformed("id is not an event's id"));
        }
        Ok(Self {
            id: id.to_owned(),
            source: fields.text("source")?,
            detail_type: fields.text("detail-type")?,
            account: fields.name("account")?,
            region: fields.name("region")?,
            detail: fields.object("detail")?,
            fields,
        })
    }

    /// When it happened, to the second, as whoever sends it says. An event that comes late or twice says
    /// the same.
    pub(super) fn time(&self) -> Result<Timestamp, ReadError> {
        let time = self.fields.text("time")?;
        time.parse()
            .map_err(|_| ReadError::malformed("time is no time"))
    }

    /// Why an event of another source or detail-type is not read.
    pub(super) fn unexpected_source(&self, wanted: &str) -> ReadError {
        ReadError::ignored(format!(
            "`{}` of `{}` is {wanted}",
            one_line(self.detail_type, 80),
            one_line(self.source, 80)
        ))
    }
}
