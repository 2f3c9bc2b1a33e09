//! Where people are notified: the one list of notification channels, and which of them a pipeline has.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::SlackChannel;

/// Where people are told what happens to a pipeline's releases.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The Slack channel that gets one thread per release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["C0123456789"]))]
    pub slack: Option<SlackChannel>,
    /// Whether requests and outcomes are also published to the deployer's SNS topic, for e-mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("examples" = [true]))]
    pub sns: bool,
}

/// A kind of channel in which people are notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A Slack channel: one message per release, with a thread.
    Slack,
    /// The deployer's SNS topic: e-mails.
    Sns,
}

/// A channel, with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A Slack channel.
    Slack(SlackChannel),
    /// The deployer's SNS topic.
    Sns,
}

/// How much of a release a channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every step, in a line each.
    EveryStep,
    /// Requests, what keeps a stage or a request from going on, and outcomes.
    Headlines,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Slack, Self::Sns];

    /// How much it is told.
    #[must_use]
    pub fn detail(self) -> Detail {
        match self {
            Self::Slack => Detail::EveryStep,
            Self::Sns => Detail::Headlines,
        }
    }

    /// Whether a release has a card there: a message that shows how it stands, is edited when that
    /// changes, and has everything else below it.
    #[must_use]
    pub fn has_card(self) -> bool {
        match self {
            Self::Slack => true,
            Self::Sns => false,
        }
    }

    /// Whether what was sent there can be found again, so that nobody has to be told once more where it
    /// is not known whether a message has arrived.
    #[must_use]
    pub fn keeps_messages(self) -> bool {
        match self {
            Self::Slack => true,
            Self::Sns => false,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slack => "slack",
            Self::Sns => "sns",
        })
    }
}

impl Destination {
    /// The kind of channel.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Slack(_) => Channel::Slack,
            Self::Sns => Channel::Sns,
        }
    }
}

impl Notify {
    /// Where the pipeline's people are notified.
    pub fn destinations(&self) -> impl Iterator<Item = Destination> {
        Channel::ALL
            .into_iter()
            .filter_map(|channel| match channel {
                Channel::Slack => self.slack.clone().map(Destination::Slack),
                Channel::Sns => self.sns.then_some(Destination::Sns),
            })
    }

    /// The same, but for the channels in which they were notified.
    pub fn destinations_but(
        &self,
        notified: &BTreeSet<Channel>,
    ) -> impl Iterator<Item = Destination> {
        self.destinations()
            .filter(|it| !notified.contains(&it.channel()))
    }

    /// Whether nobody is notified anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.destinations().next().is_none()
    }
}
