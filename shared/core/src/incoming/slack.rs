//! Clicks on the buttons of a card, as Slack sends them:
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
//!
//! The payload's `response_url` is not read: whoever has it can post to the channel in the app's name.
//!
//! A valid signature says that Slack sent it, not that the person may decide. Whoever reads a
//! click checks its app, team, channel and user against what is expected.

mod signature;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use signature::{SignatureError, SlackSignature};

use super::ReadError;
use super::fields::Fields;
use super::url::MAX_BODY;
use crate::message::{APPROVE, ButtonValue, REJECT, ROLL_BACK, RollBackValue, one_line};
use crate::names::{ReleaseId, SlackUser};
use crate::release::Decision;

/// Longest id of an app, a team or a channel in bytes.
const MAX_ID_LEN: usize = 32;

/// Longest name of a person in characters.
const MAX_NAME_LEN: usize = 80;

/// Somebody clicked a button of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// The app that the card belongs to, as its id.
    pub app: String,
    /// The workspace that it was clicked in, as its id.
    pub team: String,
    /// The channel that the card is in, as its id.
    pub channel: String,
    /// Who clicked.
    pub user: SlackUser,
    /// What they call themselves. For people to read; anyone can choose any name.
    pub user_name: String,
    /// Whether they belong neither to the workspace nor to its organisation, or Slack does not say
    /// so: somebody from the other side of a shared channel. Guests of the workspace itself belong
    /// to it as far as a click tells; `users.info` knows them.
    pub is_outsider: bool,
    /// The card, as Slack names it: its `ts`.
    pub message_ts: String,
    /// What was clicked.
    pub action: ButtonAction,
}

/// What was clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonAction {
    /// A button that answers a request.
    Decide {
        /// What it decides.
        decision: Decision,
        /// The request.
        value: ButtonValue,
    },
    /// The button that takes a release back.
    RollBack {
        /// The release, and where.
        value: RollBackValue,
    },
}

impl ButtonAction {
    /// The release whose card the button is on.
    #[must_use]
    pub fn release(&self) -> &ReleaseId {
        match self {
            Self::Decide { value, .. } => &value.release,
            Self::RollBack { value } => &value.release,
        }
    }
}

/// Reads the body of a request whose signature was verified.
///
/// # Errors
/// [`ReadError::Ignored`] for what is no click on a button of ours, [`ReadError::Malformed`] for
/// what Slack would not send.
pub fn read(body: &[u8]) -> Result<Interaction, ReadError> {
    let payload = json(&form_payload(body)?)?;
    let click = Fields::of(&payload, "the payload")?;
    match click.text("type")? {
        "block_actions" => {}
        other => {
            return Err(ReadError::ignored(format!(
                "`{}` is no click on a button",
                one_line(other, 80)
            )));
        }
    }
    let action = action(&click)?;
    let container = click.object("container")?;
    if container.text("type")? != "message" {
        return Err(container.broken("type", &"the button is not in a message"));
    }
    let channel = id(&click.object("channel")?, "id")?;
    if channel != container.text("channel_id")? {
        return Err(container.broken("channel_id", &"another channel than channel.id"));
    }
    let message_ts = container.text("message_ts")?;
    if !is_timestamp(message_ts) {
        return Err(container.broken("message_ts", &"not the ts of a message"));
    }
    let user = click.object("user")?;
    let name = user.optional_text("username")?;
    let name = name.or(user.optional_text("name")?).unwrap_or_default();
    let team = id(&click.object("team")?, "id")?;
    Ok(Interaction {
        app: id(&click, "api_app_id")?,
        channel,
        user: user.name("id")?,
        user_name: one_line(name, MAX_NAME_LEN),
        is_outsider: is_outsider(&click, &user, &team)?,
        team,
        message_ts: message_ts.to_owned(),
        action,
    })
}

/// In an organisation of several workspaces the user's team may be the organisation itself.
fn is_outsider(click: &Fields<'_>, user: &Fields<'_>, team: &str) -> Result<bool, ReadError> {
    let Some(home) = user.optional_text("team_id")? else {
        return Ok(true);
    };
    let organisation = match click.value("enterprise") {
        Some(_) => click.object("enterprise")?.optional_text("id")?,
        None => None,
    };
    Ok(home != team && Some(home) != organisation)
}

/// The one field of the form, decoded.
fn form_payload(body: &[u8]) -> Result<String, ReadError> {
    if body.len() > MAX_BODY {
        return Err(ReadError::malformed(format!(
            "the body has more than {MAX_BODY} bytes"
        )));
    }
    let mut found = None;
    for (key, value) in form_urlencoded::parse(body) {
        if key == "payload" && found.replace(value.into_owned()).is_some() {
            return Err(ReadError::malformed("the form has two payloads"));
        }
    }
    found.ok_or_else(|| ReadError::malformed("the form has no payload"))
}

/// The payload as JSON.
fn json(payload: &str) -> Result<Value, ReadError> {
    // The error's text may quote the payload, which is not for the log: its place is enough.
    towpath_taskdef::json::read(payload.as_bytes()).map_err(|error| {
        ReadError::malformed(format!(
            "the payload is not JSON, has a key twice, or is nested too deeply ({})",
            error.place()
        ))
    })
}

fn action(click: &Fields<'_>) -> Result<ButtonAction, ReadError> {
    let actions = match click.value("actions") {
        Some(Value::Array(actions)) => actions.as_slice(),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        )
        | None => &[],
    };
    let [action] = actions else {
        return Err(ReadError::malformed(format!(
            "a click on {} buttons at once",
            actions.len()
        )));
    };
    let action = Fields::of(action, "actions[0]")?;
    let decide = |decision| {
        Ok(ButtonAction::Decide {
            decision,
            value: value(&action, "names no request")?,
        })
    };
    match action.text("action_id")? {
        APPROVE => decide(Decision::Approve),
        REJECT => decide(Decision::Reject),
        ROLL_BACK => Ok(ButtonAction::RollBack {
            value: value(&action, "names no release and stage")?,
        }),
        other => Err(ReadError::ignored(format!(
            "`{}` is no button of Towpath",
            one_line(other, 80)
        ))),
    }
}

/// What the button carries. Serde would also read an object's fields from a list.
fn value<T: DeserializeOwned>(action: &Fields<'_>, otherwise: &str) -> Result<T, ReadError> {
    let value = Some(action.text("value")?).filter(|value| value.starts_with('{'));
    value
        .and_then(|value| towpath_taskdef::json::read_as(value.as_bytes()).ok())
        .ok_or_else(|| action.broken("value", &otherwise))
}

/// An id of Slack: upper-case letters and digits.
fn id(fields: &Fields<'_>, key: &str) -> Result<String, ReadError> {
    let text = fields.text(key)?;
    let fits = text.len() <= MAX_ID_LEN
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(fields.broken(key, &"not an id of Slack"))
    }
}

/// Whether the text is a message's `ts`: seconds, a dot, and what makes it unique.
fn is_timestamp(text: &str) -> bool {
    let digits = |part: &str| {
        (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(seconds, rest)| digits(seconds) && digits(rest))
}
