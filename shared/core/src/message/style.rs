//! How a text that is told in several places is written in each of them.

use jiff::Timestamp;

use super::escape::{one_line, slack_text};
use super::wording::{date, mention, to_the_second};
use crate::names::SlackUser;

/// How much of a text from outside a line shows, in characters. The reason for a release's end is shown
/// whole elsewhere.
pub(super) const LONGEST_QUOTE: usize = 200;

/// How the parts of a text are written that are not its own words.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// A text from outside.
    pub(super) quote: fn(&str) -> String,
    /// A text that is always shown whole: a name, a command.
    pub(super) whole: fn(&str) -> String,
    /// An instant.
    pub(super) time: fn(Timestamp) -> String,
    /// A person.
    pub(super) person: fn(&SlackUser) -> String,
}

/// In a message of Slack.
pub(super) const SLACK: Style = Style {
    quote: |text| slack_text(&one_line(text, LONGEST_QUOTE)),
    whole: slack_text,
    time: date,
    person: mention,
};

/// In a notification of Slack, which shows no dates.
pub(super) const SLACK_NOTIFICATION: Style = Style {
    time: to_the_second,
    ..SLACK
};

/// In a terminal, an e-mail, a log or the ledger.
pub(super) const PLAIN: Style = Style {
    quote: |text| one_line(text, LONGEST_QUOTE),
    whole: |text| one_line(text, usize::MAX - 1),
    time: to_the_second,
    person: SlackUser::to_string,
};
