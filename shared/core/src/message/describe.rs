//! What each entry of the ledger says to people, in each place where they read of it. [`describe`]
//! is the one list of events; what is said of them is below, by what they are about.

mod approval;
mod arrival;
mod deployment;
mod ending;
mod preparation;

use super::escape::{one_line, slack_text};
use super::said::AlreadySaid;
use crate::names::ApprovalId;
use crate::release::{Entry, Event, Outcome, Release};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// A sentence for a terminal, on one line.
    pub sentence: String,
    /// How it is meant.
    pub tone: Tone,
    /// Whether it only keeps books: what is about to be tried, what was looked at, what people were
    /// notified of. The others tell the story of the release.
    pub is_bookkeeping: bool,
    /// The line in the release's thread in Slack, if it is worth one after those before it.
    pub(super) line: Option<String>,
    /// The e-mail, if it is worth one.
    pub(super) mail: Option<Mail>,
}

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something happened.
    Plain,
    /// Something is not as it should be.
    Bad,
    /// Something has ended.
    Outcome(Outcome),
}

/// What an e-mail says, without what all of them do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) headline: String,
    pub(super) body: String,
    /// The request that the reader can answer, if it is one.
    pub(super) asks: Option<ApprovalId>,
}

impl Description {
    fn new(sentence: String) -> Self {
        Self {
            sentence,
            tone: Tone::Plain,
            is_bookkeeping: false,
            line: None,
            mail: None,
        }
    }

    fn bookkeeping(sentence: String) -> Self {
        Self {
            is_bookkeeping: true,
            ..Self::new(sentence)
        }
    }

    fn bad(sentence: String) -> Self {
        Self {
            tone: Tone::Bad,
            ..Self::new(sentence)
        }
    }

    fn outcome(outcome: Outcome, sentence: String) -> Self {
        Self {
            tone: Tone::Outcome(outcome),
            ..Self::new(sentence)
        }
    }

    fn line(self, line: impl Into<Option<String>>) -> Self {
        Self {
            line: line.into(),
            ..self
        }
    }

    fn mail(self, mail: impl Into<Option<Mail>>) -> Self {
        Self {
            mail: mail.into(),
            ..self
        }
    }
}

/// An entry in the story of its release.
#[derive(Clone, Copy)]
struct Context<'a> {
    release: &'a Release,
    entry: &'a Entry,
}

impl Context<'_> {
    /// What people call the release, after its pipeline.
    fn name(self) -> String {
        format!(
            "{} {}",
            self.release.pipeline().pipeline,
            self.release.name()
        )
    }
}

/// What each entry of a release says, in their order.
pub fn describe(release: &Release) -> impl Iterator<Item = (&Entry, Description)> {
    let mut said = AlreadySaid::default();
    release.entries().iter().map(move |entry| {
        said.follow(&entry.event);
        (entry, of(Context { release, entry }, &mut said))
    })
}

fn of(told: Context<'_>, said: &mut AlreadySaid) -> Description {
    match &told.entry.event {
        Event::Opened {
            rollback: Some(rollback),
            image,
            ..
        } => arrival::rollback_opened(said, rollback, &image.tag),
        Event::Opened {
            pipeline,
            version,
            image,
            rollback: None,
            ..
        } => arrival::opened(pipeline, *version, image),
        Event::Planned { stage, plan } => arrival::planned(stage, plan),
        Event::Blocked { stage, by } => arrival::blocked(told, said, stage, by),
        Event::Superseded { by: _, tag } => arrival::superseded(tag),
        Event::Overtook { older } => arrival::overtook(older),
        Event::Replaced {
            stage,
            by,
            tag,
            is_rollback: back,
            epoch: _,
        } => arrival::replaced(stage, by, tag.as_ref(), *back),
        Event::BroughtBack { stage, by, .. } => arrival::brought_back(stage, by),
        Event::PredecessorNotified {
            predecessor: earlier,
            service,
        } => arrival::told_earlier(earlier, service),
        Event::NextNotified { service, next } => arrival::woke(service, next.as_ref()),

        Event::ApprovalRequested {
            stage,
            approval,
            spec,
            expires_at,
            ..
        } => approval::requested(told, stage, approval, spec, *expires_at),
        Event::Voted {
            approval,
            by,
            decision,
            reason,
            message: _,
        } => approval::voted(said, approval, by, *decision, reason.as_deref()),
        Event::ReplyRefused {
            approval,
            message,
            reason,
        } => approval::reply_refused(told, approval, message, reason),
        Event::ApprovalVoided { approval, reason } => approval::voided(told, approval, *reason),

        Event::RolloutStarted { stage, epoch } => preparation::started(told, stage, *epoch),
        Event::Intended { actions, until } => preparation::intended(actions, *until),
        Event::OutcomeUnknown {
            actions,
            said: known,
        } => preparation::outcome_unknown(actions, known),
        Event::NotPerformed {
            action,
            said: known,
        } => preparation::not_performed(*action, known),
        Event::NotSeen { action } => preparation::not_seen(*action),
        Event::Registered { revision, found } => preparation::registered(revision, *found),
        Event::ScalingSuspended { state: _ } => preparation::scaling_suspended(),
        Event::ScalingLeft {
            target,
            desired,
            restoring,
        } => preparation::scaling_left(said, target, *desired, *restoring),
        Event::ScalingRestored { state } => preparation::scaling_restored(*state),
        Event::TaskStarted {
            stage,
            check,
            task,
            found,
        } => preparation::task_started(stage, check, task, *found),
        Event::Watched { stage } => preparation::watched(stage),
        Event::Checked {
            stage, at, results, ..
        } => preparation::checks_ran(said, stage, *at, results),
        Event::BaselineChanged { stage, found } => {
            preparation::baseline_changed(said, stage, found)
        }
        Event::RunsAlready { stage } => preparation::runs_already(stage),
        Event::GroupTaken { stage, by } => preparation::group_taken(stage, by.as_ref()),
        Event::GroupFreed { stage } => preparation::group_freed(stage),
        Event::ActionRefused { action, why } => preparation::refused(said, *action, why),

        Event::DeploymentStarted {
            deployment, found, ..
        } => deployment::started(deployment, *found),
        Event::DeploymentReported { deployment, state } => deployment::reported(deployment, state),
        Event::DeploymentObserved { deployment, status } => {
            deployment::observed(said, deployment, status)
        }
        Event::HookCalled {
            stage,
            deployment,
            at,
            execution: _,
        } => deployment::hook_called(stage, deployment, *at),
        Event::HookAnswered {
            deployment,
            at,
            passed,
        } => deployment::hook_answered(deployment, *at, *passed),
        Event::TrafficAllowed { deployment, pause } => {
            deployment::traffic_allowed(told, said, deployment, pause.as_ref())
        }
        Event::RollbackRequested { stage, by, reason } => {
            deployment::rollback_requested(said, stage, by, reason.as_deref())
        }
        Event::RollbackStarted {
            deployment, reason, ..
        } => deployment::rollback_started(said, deployment.as_ref(), reason),

        Event::Vetoed { by, reason } => ending::vetoed(said, by, reason),
        Event::Held { stage, reason } => ending::held(told, said, stage, reason),
        Event::RolloutEnded {
            stage,
            outcome,
            reason,
            revision: _,
        } => ending::rollout_ended(said, stage, *outcome, reason),
        Event::Ended { outcome, reason } => ending::ended(told, said, *outcome, reason),

        Event::NotificationIntended {
            channel,
            through: None,
            ..
        } => Description::bookkeeping(format!("its card was about to be posted on {channel}")),
        Event::NotificationIntended {
            channel,
            through: Some(through),
            ..
        } => Description::bookkeeping(format!(
            "people were about to be notified on {channel}, up to entry {through}"
        )),
        Event::CardShown {
            channel, message, ..
        } => Description::bookkeeping(format!(
            "its card was shown on {channel}, in {}",
            plain(&message.to)
        )),
        Event::Notified { channel, through } => Description::bookkeeping(format!(
            "people were notified on {channel}, up to entry {through}"
        )),
    }
}

/// How much of a text from outside a sentence shows, in characters.
const MAX_TEXT_LEN: usize = 400;

/// Text from outside on one line, with nothing that a terminal would obey.
fn plain(text: &str) -> String {
    one_line(text, MAX_TEXT_LEN)
}

/// A reason, after what it is the reason for, in a sentence.
fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {}", plain(reason)))
}

/// A reason, after what it is the reason for, in Slack.
fn because_in_slack(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {}", slack_text(reason)))
}

fn there(found: bool, otherwise: &str) -> &str {
    if found {
        "was there already"
    } else {
        otherwise
    }
}
