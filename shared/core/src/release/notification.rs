//! What people are still to be notified of, channel by channel. Only which entries that are is decided
//! here; what is said of them is in [`message`](crate::message).
//!
//! A channel is notified of every entry that is worth a message there, in order, and at least once. A
//! card shows the release's [overview](Release::overview), and is edited when that is another one.

use serde::{Deserialize, Serialize};

use super::{Action, DeploymentStatus, Event, Outcome, Release};
use crate::names::Fingerprint;
use crate::pipeline::{Channel, Detail};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SentMessage {
    /// Where: Slack's id of a channel, the ARN of a topic.
    pub to: String,
    /// Its id there: Slack's `ts`, SNS's id.
    pub id: String,
}

/// What the people of a channel know of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notified {
    /// The card, where the channel has one and it was posted.
    pub card: Option<ShownCard>,
    /// The last entry that they were notified of.
    pub through: u64,
}

/// A card that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCard {
    pub message: SentMessage,
    /// The overview that it shows.
    pub shows: Fingerprint,
}

/// What a channel is to be notified of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Notification {
    /// How the release stands.
    Card {
        /// The card, to be edited; it is posted where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        posted: Option<SentMessage>,
    },
    /// What has happened.
    Entries {
        /// The last entry that is known there.
        after: u64,
        /// The last entry to notify of.
        through: u64,
        /// The card, below which it is told, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<SentMessage>,
    },
}

/// The actions that bring people up to date, if anything is new to them.
#[must_use]
pub fn pending_notifications(release: &Release) -> Vec<Action> {
    let notify = &release.pipeline().notify;
    let mut actions = Vec::new();
    // Others learn what became of them so that their cards say so.
    if notify.destinations().any(|to| to.channel().has_card()) {
        let earlier = release.predecessors_to_notify();
        actions.extend(
            earlier.map(|(earlier, successor)| Action::NotifyPredecessor {
                predecessor: earlier.clone(),
                successor: successor.clone(),
            }),
        );
    }
    for to in notify.destinations() {
        let of_channel = pending(release, to.channel()).into_iter();
        actions.extend(of_channel.map(|notification| Action::Notify {
            to: to.clone(),
            notification,
        }));
    }
    actions
}

fn pending(release: &Release, channel: Channel) -> Vec<Notification> {
    let known = release.notified(channel);
    let mut pending = Vec::new();
    let card = known.card.as_ref();
    if channel.has_card() {
        let posted = card.map(|card| card.message.clone());
        let shown = card.map(|card| &card.shows);
        if shown != Some(&release.overview().fingerprint()) {
            pending.push(Notification::Card { posted });
        }
        // What happens is told below the card, so it waits for it.
        if card.is_none() {
            return pending;
        }
    }
    let detail = channel.detail();
    let mut entries = release.entries().iter().rev();
    let last = entries.find(|entry| entry.event.is_notified(detail));
    if let Some(last) = last.filter(|last| last.sequence > known.through) {
        pending.push(Notification::Entries {
            after: known.through,
            through: last.sequence,
            below: card.map(|card| card.message.clone()),
        });
    }
    pending
}

impl Event {
    /// Whether people of a channel that is told so much are notified of it. What was said in the same
    /// words before is not said again.
    #[must_use]
    pub fn is_notified(&self, detail: Detail) -> bool {
        let (step, headline) = self.is_step_and_headline();
        match detail {
            Detail::EveryStep => step,
            Detail::Headlines => headline,
        }
    }

    fn is_step_and_headline(&self) -> (bool, bool) {
        match self {
            Self::ApprovalRequested { .. }
            | Self::ApprovalVoided { .. }
            | Self::ReplyRefused { .. }
            | Self::Held { .. } => (true, true),
            // Of a success the end of its last rollout tells.
            Self::Ended { outcome, .. } => (*outcome != Outcome::Succeeded, true),
            Self::RolloutEnded { outcome, .. } => (*outcome == Outcome::Succeeded, false),
            Self::Opened { rollback, .. } => (rollback.is_some(), false),
            Self::Checked { results, .. } => (!results.is_empty(), false),
            Self::DeploymentObserved { status, .. } => (is_step(status), false),
            Self::Voted { .. }
            | Self::RollbackRequested { .. }
            | Self::Vetoed { .. }
            | Self::Blocked { .. }
            | Self::RolloutStarted { .. }
            | Self::TaskStarted { .. }
            | Self::ScalingLeft { .. }
            | Self::BaselineChanged { .. }
            | Self::GroupTaken { .. }
            | Self::TrafficAllowed { .. }
            | Self::RollbackStarted { .. }
            | Self::ActionRefused { .. } => (true, false),
            Self::DeploymentReported { .. }
            | Self::HookCalled { .. }
            | Self::HookAnswered { .. }
            | Self::Watched { .. }
            | Self::Superseded { .. }
            | Self::Overtook { .. }
            | Self::NextNotified { .. }
            | Self::Planned { .. }
            | Self::Intended { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NotPerformed { .. }
            | Self::NotSeen { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ScalingRestored { .. }
            | Self::DeploymentStarted { .. }
            | Self::RunsAlready { .. }
            | Self::GroupFreed { .. }
            | Self::Replaced { .. }
            | Self::BroughtBack { .. }
            | Self::PredecessorNotified { .. }
            | Self::CardShown { .. }
            | Self::Notified { .. } => (false, false),
        }
    }
}

/// Whether it is a step that a deployment is seen to stand so: that AWS rolls it back, or may.
fn is_step(status: &DeploymentStatus) -> bool {
    match status {
        DeploymentStatus::RollingBack { .. } | DeploymentStatus::Halted { .. } => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    }
}
