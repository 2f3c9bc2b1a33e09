//! How a text that is told in several places is written in each of them.

use jiff::Timestamp;

use super::escape::{one_line, slack_text};
use crate::names::SlackUser;
use crate::release::{Outcome, Principal};

/// How much of a text from outside a line shows, in characters. The reason for a release's end is shown
/// whole elsewhere.
pub(super) const MAX_QUOTE_LEN: usize = 200;

/// How the parts of a text are written that are not its own words.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// A text from outside.
    pub(super) quote: fn(&str) -> String,
    /// A text that is always shown whole: a name, a command.
    pub(super) whole: fn(&str) -> String,
    /// An instant.
    pub(super) time: fn(Timestamp) -> String,
    pub(super) person: fn(&SlackUser) -> String,
}

/// In a message of Slack.
pub(super) const SLACK: Style = Style {
    quote: |text| slack_text(&one_line(text, MAX_QUOTE_LEN)),
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
    quote: |text| one_line(text, MAX_QUOTE_LEN),
    whole: |text| one_line(text, usize::MAX - 1),
    time: to_the_second,
    person: SlackUser::to_string,
};

/// An outcome's emoji.
pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => ":white_check_mark:",
        Outcome::Failed => ":x:",
        Outcome::RolledBack => ":leftwards_arrow_with_hook:",
        Outcome::Superseded => ":fast_forward:",
        Outcome::Stopped => ":octagonal_sign:",
        Outcome::Refused => ":no_entry:",
        Outcome::Expired => ":alarm_clock:",
        Outcome::NotTrusted => ":rotating_light:",
    }
}

/// An instant that Slack shows in each reader's own time zone:
/// <https://docs.slack.dev/messaging/formatting-message-text#date-formatting>.
fn date(at: Timestamp) -> String {
    let seconds = at.as_second();
    let fallback = to_the_second(at);
    format!("<!date^{seconds}^{{date_short_pretty}} {{time}}|{fallback}>")
}

/// An instant for people who read plain text: nobody waits for a fraction of a second.
pub(super) fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn mention(user: &SlackUser) -> String {
    format!("<@{user}>")
}

pub(super) fn person(principal: &Principal) -> String {
    match principal {
        Principal::Slack(user) => mention(user),
        Principal::TokenHolder | Principal::Deployer => principal.to_string(),
        // The ledger has the whole ARN.
        Principal::Aws(arn) => slack_text(arn.rsplit('/').next().unwrap_or(arn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_a_fraction_of_a_second() {
        let at = "2026-12-01T03:00:21.022352539Z".parse().unwrap();
        assert_eq!(
            date(at),
            "<!date^1796094021^{date_short_pretty} {time}|2026-12-01T03:00:21Z>"
        );
        assert_eq!(to_the_second(at), "2026-12-01T03:00:21Z");
    }
}
