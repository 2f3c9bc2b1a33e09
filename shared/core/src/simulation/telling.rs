//! Slack and SNS, where everything that is sent arrives, and what must hold of it: nobody reads one
//! thing twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::sample;
use super::world::World;
use crate::names::ReleaseId;
use crate::release::{Action, Decision, DeploymentStatus, Event, Outcome, Phase, Release};

/// What has arrived in the channels of each release, by the entries that it tells. A line that is
/// sent once more, since nobody knows whether it has arrived, is the same line.
pub(super) type Channels = BTreeMap<(ReleaseId, Channel), BTreeMap<u64, String>>;

/// Where people are told of one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    /// Its thread in Slack.
    Thread,
    /// E-mail.
    Mail,
}

/// What is recorded once `action` has told people something; `None` for every other action.
#[must_use]
pub fn told(action: &Action) -> Option<Event> {
    match action {
        Action::PostCard { channel, card } => Some(Event::CardPosted {
            channel: channel.clone(),
            ts: "1772442000.000100".into(),
            face: card.face(),
        }),
        Action::UpdateCard { card, .. } => Some(Event::CardUpdated { face: card.face() }),
        Action::Reply { replies, .. } => replies.last().map(|last| Event::Replied {
            through: last.sequence,
        }),
        Action::Publish { notices, .. } => notices.last().map(|last| Event::Published {
            through: last.sequence,
        }),
        Action::Plan { .. }
        | Action::Register { .. }
        | Action::SuspendScaling { .. }
        | Action::Start(_)
        | Action::RunTask { .. }
        | Action::RunChecks { .. }
        | Action::AnswerHook { .. }
        | Action::Continue { .. }
        | Action::Observe { .. }
        | Action::LookAtGroup { .. }
        | Action::RollBack { .. }
        | Action::RestoreScaling { .. }
        | Action::Supersede { .. }
        | Action::WakeCandidate { .. }
        | Action::TellEarlier { .. } => None,
    }
}

impl World {
    /// Keeps what arrives in a release's channels.
    pub(super) fn hear(&mut self, id: &ReleaseId, action: &Action) {
        let (channel, lines): (_, Vec<_>) = match action {
            Action::Reply { replies, .. } => {
                let lines = replies.iter();
                let lines = lines.map(|reply| (reply.sequence, reply.text.clone()));
                (Channel::Thread, lines.collect())
            }
            Action::Publish { notices, .. } => {
                let lines = notices.iter();
                let lines = lines.map(|notice| (notice.sequence, notice.text.clone()));
                (Channel::Mail, lines.collect())
            }
            Action::Plan { .. }
            | Action::Register { .. }
            | Action::SuspendScaling { .. }
            | Action::Start(_)
            | Action::RunTask { .. }
            | Action::RunChecks { .. }
            | Action::AnswerHook { .. }
            | Action::Continue { .. }
            | Action::Observe { .. }
            | Action::LookAtGroup { .. }
            | Action::RollBack { .. }
            | Action::RestoreScaling { .. }
            | Action::Supersede { .. }
            | Action::WakeCandidate { .. }
            | Action::TellEarlier { .. }
            | Action::PostCard { .. }
            | Action::UpdateCard { .. } => return,
        };
        for (sequence, text) in lines {
            let heard = self.channels.entry((id.clone(), channel)).or_default();
            let first = heard.insert(sequence, text.clone());
            if let Some(first) = first.filter(|first| *first != text) {
                self.violated(format!("I6: {id} tells `{first}` again as `{text}`"));
            }
        }
    }

    /// I6: what arrived says each thing once.
    pub(super) fn check_channels(&mut self, release: &Release) {
        for channel in [Channel::Thread, Channel::Mail] {
            let heard = self.channels.get(&(release.id().clone(), channel));
            let lines: Vec<_> = heard
                .into_iter()
                .flat_map(BTreeMap::values)
                .cloned()
                .collect();
            let requests = release.entries().iter().filter(|entry| {
                matches!(entry.event, Event::ApprovalRequested { .. })
                    && heard.is_some_and(|heard| !heard.contains_key(&entry.sequence))
            });
            let untold: Vec<_> = requests.map(|entry| entry.sequence).collect();
            if !untold.is_empty() {
                let id = release.id();
                self.violated(format!("I6: {id} asks and tells nobody: {untold:?}"));
            }
            let mut twice = said_twice(release, &lines);
            let distinct: BTreeSet<_> = lines.iter().collect();
            if distinct.len() < lines.len() {
                twice.push("a whole line".into());
            }
            for what in twice {
                let id = release.id();
                self.violated(format!(
                    "I6: {id} says {what} twice by {channel:?}: {lines:#?}"
                ));
            }
        }
    }
}

impl World {
    /// I6: at rest, a card says that its release serves, and offers to roll it back, only where it does.
    pub(super) fn check_card(&mut self, release: &Release) {
        let told = release.pipeline().notify.slack.is_some();
        let old_news = self.now > sample::dawn() + SignedDuration::from_hours(7 * 24);
        if !told || old_news || release.rollback().is_some() {
            return;
        }
        for (index, rollout) in release.rollouts().iter().enumerate() {
            let succeeded = matches!(&rollout.phase, Phase::Ended { conclusion, .. } if conclusion.outcome == Outcome::Succeeded);
            let (true, Some(service)) = (succeeded, release.service_id(index)) else {
                continue;
            };
            let good = self.ledger.row(&service).good;
            let serves = good.is_some_and(|good| !good.before && good.release == *release.id());
            let says = rollout.serves();
            if serves != says {
                let id = release.id();
                self.violated(format!(
                    "I6: the card of {id} says of {service} that it serves: {says}"
                ));
            }
        }
    }
}

/// What has happened once, and is said in more than one of these lines.
fn said_twice(release: &Release, lines: &[String]) -> Vec<String> {
    let saying = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    let mut twice: Vec<String> = release
        .entries()
        .iter()
        .flat_map(|entry| reasons(&entry.event))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|reason| saying(reason) > 1)
        .collect();
    let happened = |is: fn(&Event) -> bool| {
        let entries = release.entries().iter();
        entries.filter(|entry| is(&entry.event)).count()
    };
    let began = happened(|event| matches!(event, Event::RolloutStarted { .. }));
    let rejections = happened(
        |event| matches!(event, Event::Voted { decision, .. } if *decision == Decision::Reject),
    );
    let vetoes = happened(|event| matches!(event, Event::Vetoed { .. }));
    for (what, most) in [
        ("Towpath takes the rollout back", began),
        ("AWS takes the rollout back", began),
        ("rejected", rejections.max(1)),
        ("vetoed", vetoes.max(1)),
    ] {
        if saying(what) > most {
            twice.push(what.to_owned());
        }
    }
    twice
}

/// The reasons that an event gives, in words that nothing else in the world has.
fn reasons(event: &Event) -> Vec<String> {
    if let Event::Checked { results, .. } = event {
        let failed = results.iter().filter(|result| !result.passed);
        return failed.map(|result| result.detail.clone()).collect();
    }
    if let Event::ActionRefused { reason, .. }
    | Event::DeploymentObserved {
        status:
            DeploymentStatus::RollingBack { reason, .. }
            | DeploymentStatus::RolledBack { reason }
            | DeploymentStatus::Failed { reason }
            | DeploymentStatus::FailedInPlace { reason }
            | DeploymentStatus::Stopped { reason },
        ..
    } = event
    {
        return vec![reason.clone()];
    }
    Vec::new()
}
