//! The workspace's state: channels, people, messages.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lock::lock;

/// Team of the workspace.
pub(crate) const TEAM: &str = "T0LAB0000";
/// The app that the bot belongs to.
pub(crate) const APP: &str = "A0LAB0000";
/// The bot's user.
pub(crate) const BOT_USER: &str = "U0TOWPATH";
pub(crate) const BOT: &str = "B0TOWPATH";

#[derive(Debug, Default)]
pub(crate) struct Workspace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: Vec<Message>,
    whispers: Vec<Whisper>,
    channels: BTreeMap<String, Channel>,
    users: BTreeMap<String, User>,
    responses: BTreeMap<String, ResponseUrl>,
    last_ts: (i64, u32),
}

/// A message of the bot.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) channel: String,
    /// Slack's id of the message within its channel.
    pub(crate) ts: String,
    /// The message whose thread it is in.
    pub(crate) thread_ts: Option<String>,
    pub(crate) text: String,
    pub(crate) blocks: Value,
    /// What the app says to apps; null where it says nothing.
    pub(crate) metadata: Value,
    /// Virtual time of posting.
    pub(crate) posted: String,
    /// What it was before each edit, and when it was edited.
    pub(crate) edits: Vec<Edit>,
}

/// A message that is about to be added.
#[derive(Debug)]
pub(crate) struct Post {
    /// The message whose thread it is to be in.
    pub(crate) thread_ts: Option<String>,
    pub(crate) text: String,
    pub(crate) blocks: Value,
    pub(crate) metadata: Value,
}

/// A message that one person sees.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Whisper {
    pub(crate) channel: String,
    /// Who sees it.
    pub(crate) user: String,
    pub(crate) text: String,
    pub(crate) blocks: Value,
    /// Virtual time of posting.
    pub(crate) posted: String,
}

/// An edit of a message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Edit {
    /// Virtual time.
    pub(crate) time: String,
    pub(crate) text_before: String,
    pub(crate) blocks_before: Value,
}

/// A channel, as set up by a test; others have these defaults.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether the bot is a member.
    pub(crate) is_member: bool,
    /// Whether it is archived.
    pub(crate) is_archived: bool,
    /// Whether it is shared with another workspace.
    pub(crate) is_ext_shared: bool,
}

/// A person, as set up by a test; others are members with these defaults.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its workspace.
    pub(crate) team_id: String,
    /// Whether the account was deactivated.
    pub(crate) deleted: bool,
    /// Whether it is a bot.
    pub(crate) is_bot: bool,
    /// Whether it is a guest.
    pub(crate) is_restricted: bool,
    /// Whether it is a guest of one channel.
    pub(crate) is_ultra_restricted: bool,
    /// Whether it belongs to another workspace (Slack Connect).
    pub(crate) is_stranger: bool,
}

/// An address that Slack hands out with a click.
#[derive(Debug, Clone)]
pub(crate) struct ResponseUrl {
    /// The clicked message's channel.
    pub(crate) channel: String,
    /// The clicked message.
    pub(crate) ts: String,
    /// When it was handed out.
    pub(crate) given: Timestamp,
    /// How often it was used.
    pub(crate) used: u32,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: "deploys".to_owned(),
            is_member: true,
            is_archived: false,
            is_ext_shared: false,
        }
    }
}

impl Default for User {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            team_id: TEAM.to_owned(),
            deleted: false,
            is_bot: false,
            is_restricted: false,
            is_ultra_restricted: false,
            is_stranger: false,
        }
    }
}

impl Workspace {
    /// Sets a channel up.
    pub(crate) fn put_channel(&self, channel: Channel) {
        lock(&self.0).channels.insert(channel.id.clone(), channel);
    }

    /// Sets a person up.
    pub(crate) fn put_user(&self, user: User) {
        lock(&self.0).users.insert(user.id.clone(), user);
    }

    /// A channel by id, or by name with `#`. Every well-formed id exists unless set up otherwise.
    pub(crate) fn channel(&self, id_or_name: &str) -> Option<Channel> {
        let state = lock(&self.0);
        if let Some(channel) = state.channels.get(id_or_name) {
            return Some(channel.clone());
        }
        if let Some(name) = id_or_name.strip_prefix('#') {
            let known = state.channels.values().find(|channel| channel.name == name);
            return Some(known.cloned().unwrap_or_else(|| Channel {
                id: format!("C{}", code(name)),
                name: name.to_owned(),
                ..Channel::default()
            }));
        }
        is_id(id_or_name, &['C', 'G', 'D']).then(|| Channel {
            id: id_or_name.to_owned(),
            ..Channel::default()
        })
    }

    /// A person by id. Every well-formed id exists unless set up otherwise.
    pub(crate) fn user(&self, id: &str) -> Option<User> {
        if let Some(user) = lock(&self.0).users.get(id) {
            return Some(user.clone());
        }
        is_id(id, &['U', 'W']).then(|| User {
            id: id.to_owned(),
            name: id.to_lowercase(),
            ..User::default()
        })
    }

    /// Adds a message; its `ts` is unique.
    pub(crate) fn post(&self, channel: &str, post: Post, now: Timestamp) -> Message {
        let mut state = lock(&self.0);
        let second = now.as_second();
        state.last_ts = match state.last_ts {
            (last, n) if last == second => (last, n + 1),
            _ => (second, 100),
        };
        let message = Message {
            channel: channel.to_owned(),
            ts: format!("{}.{:06}", state.last_ts.0, state.last_ts.1),
            thread_ts: post.thread_ts,
            text: post.text,
            blocks: post.blocks,
            metadata: post.metadata,
            posted: now.to_string(),
            edits: Vec::new(),
        };
        state.messages.push(message.clone());
        message
    }

    /// Replaces a message's text and blocks.
    pub(crate) fn edit(
        &self,
        channel: &str,
        ts: &str,
        text: String,
        blocks: Value,
        now: Timestamp,
    ) -> Option<Message> {
        let mut state = lock(&self.0);
        let message = state
            .messages
            .iter_mut()
            .find(|m| m.channel == channel && m.ts == ts)?;
        message.edits.push(Edit {
            time: now.to_string(),
            text_before: std::mem::replace(&mut message.text, text),
            blocks_before: std::mem::replace(&mut message.blocks, blocks),
        });
        Some(message.clone())
    }

    pub(crate) fn message(&self, channel: &str, ts: &str) -> Option<Message> {
        let state = lock(&self.0);
        state
            .messages
            .iter()
            .find(|m| m.channel == channel && m.ts == ts)
            .cloned()
    }

    /// Adds a message that one person sees.
    pub(crate) fn whisper(&self, whisper: Whisper) {
        lock(&self.0).whispers.push(whisper);
    }

    /// All messages that one person saw, in the order of posting.
    pub(crate) fn whispers(&self) -> Vec<Whisper> {
        lock(&self.0).whispers.clone()
    }

    /// All messages, in the order of posting.
    pub(crate) fn messages(&self) -> Vec<Message> {
        lock(&self.0).messages.clone()
    }

    /// Remembers a response address under its code.
    pub(crate) fn put_response(&self, code: &str, response: ResponseUrl) {
        lock(&self.0).responses.insert(code.to_owned(), response);
    }

    /// Uses a response address once: five times within thirty minutes.
    pub(crate) fn use_response(&self, code: &str, now: Timestamp) -> Option<ResponseUrl> {
        let mut state = lock(&self.0);
        let response = state.responses.get_mut(code)?;
        let age = now.duration_since(response.given);
        if response.used >= 5 || age > jiff::SignedDuration::from_mins(30) {
            return None;
        }
        response.used += 1;
        Some(response.clone())
    }
}

fn is_id(text: &str, starts: &[char]) -> bool {
    text.starts_with(starts)
        && (9..=12).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Ten characters that depend on `name` only.
fn code(name: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode_upper(&Sha256::digest(name)[..5])
}
