//! What people have not been told yet.

use super::{Action, Release};
use crate::message;

/// The actions that bring people up to date, if there is anything to tell.
#[must_use]
pub fn announcements(release: &Release) -> Vec<Action> {
    let mut actions = Vec::new();
    let told = release.told();
    if release.pipeline().notify.slack.is_some() {
        actions.extend(
            release
                .to_tell()
                .map(|(earlier, successor)| Action::TellEarlier {
                    earlier: earlier.clone(),
                    successor: successor.clone(),
                }),
        );
    }
    if let Some(channel) = &release.pipeline().notify.slack {
        let card = message::card(release);
        match &told.card {
            // The replies go into the card's thread, so they wait for it.
            None => actions.push(Action::PostCard {
                channel: channel.to_string(),
                card,
            }),
            Some((channel, ts, face)) => {
                if *face != card.face() {
                    actions.push(Action::UpdateCard {
                        channel: channel.clone(),
                        ts: ts.clone(),
                        card,
                    });
                }
                let mut replies = message::replies(release);
                replies.retain(|reply| reply.sequence > told.replied);
                if !replies.is_empty() {
                    actions.push(Action::Reply {
                        channel: channel.clone(),
                        thread: ts.clone(),
                        replies,
                    });
                }
            }
        }
    }
    if release.pipeline().notify.sns {
        let mut notices = message::notices(release);
        notices.retain(|notice| notice.sequence > told.published);
        if !notices.is_empty() {
            actions.push(Action::Publish {
                release: release.id().clone(),
                notices,
            });
        }
    }
    actions
}
