//! What a release has to say in each channel, line by line.

use std::collections::BTreeSet;

use super::describe::describe;
use super::email;
use crate::release::{Notice, Release, Reply};

/// What the release's Slack thread says, line by line.
#[must_use]
pub fn replies(release: &Release) -> Vec<Reply> {
    let mut lines = BTreeSet::new();
    let mut replies = Vec::new();
    for (entry, described) in describe(release) {
        if let Some(text) = described.line
            && lines.insert(text.clone())
        {
            let sequence = entry.sequence;
            replies.push(Reply { sequence, text });
        }
    }
    replies
}

/// What is published of the release, for e-mail.
#[must_use]
pub fn notices(release: &Release) -> Vec<Notice> {
    let mut mails = BTreeSet::new();
    describe(release)
        .filter_map(|(entry, described)| {
            Some(email::notice(release, entry.sequence, described.mail?))
        })
        .filter(|notice| mails.insert((notice.subject.clone(), notice.text.clone())))
        .collect()
}
