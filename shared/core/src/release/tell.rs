//! What people have not been told yet.

use super::{Action, Release, Reply};
use crate::message;

/// The actions that bring people up to date, if there is anything to tell.
#[must_use]
pub fn announcements(release: &Release) -> Vec<Action> {
    let mut actions = Vec::new();
    let told = release.told();
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
                let replies: Vec<_> = release
                    .entries()
                    .iter()
                    .filter(|entry| entry.sequence > told.replied)
                    .filter_map(|entry| {
                        message::reply(release, entry).map(|text| Reply {
                            sequence: entry.sequence,
                            text,
                        })
                    })
                    .collect();
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
        let notices: Vec<_> = release
            .entries()
            .iter()
            .filter(|entry| entry.sequence > told.published)
            .filter_map(|entry| message::notice(release, entry))
            .collect();
        if !notices.is_empty() {
            actions.push(Action::Publish {
                release: release.id().clone(),
                notices,
            });
        }
    }
    actions
}
