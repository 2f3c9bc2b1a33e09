//! What people read in the main situations, that nothing hostile gets through, and that Slack and
//! SNS take all of it.

mod bulletins;
mod deployments;
mod hostile;
mod limits;
mod misfits;
mod notified;
mod reasons;
mod situations;

use crate::message::{self, Message};
use crate::pipeline::Channel;
use crate::release::Release;

fn card(release: &Release) -> Message {
    message::card(Channel::Slack, &release.overview()).expect("Slack has cards")
}

/// The lines in the release's thread.
fn replies(release: &Release) -> Vec<String> {
    let replies = message::entry_messages(Channel::Slack, release).into_iter();
    replies.map(|reply| reply.message.text).collect()
}
