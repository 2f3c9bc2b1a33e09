//! Whether a release may be started with what a definition says: judged from the entries alone, by
//! other means than the core's own.

use std::collections::BTreeSet;

use towpath_core::names::Fingerprint;
use towpath_core::release::{Decision, Event, Principal, Release};

/// Why it may not, if so.
pub(super) fn not_granted(release: &Release, says: &Fingerprint) -> Option<String> {
    let (stage, _) = release.current()?;
    let gate = stage.approval.as_ref()?;
    let mut asked = None;
    let mut approved = BTreeSet::new();
    for entry in release.entries() {
        if let Event::ApprovalRequested {
            stage: at,
            approval,
            digest,
            spec,
            ..
        } = &entry.event
            && *at == stage.name
        {
            approved.clear();
            asked = Some((approval, digest, spec));
        }
        if let Event::ApprovalVoided { .. } = &entry.event {
            asked = None;
        }
        if let Event::Voted {
            approval,
            by,
            decision,
            ..
        } = &entry.event
            && asked.is_some_and(|(id, ..)| id == approval)
        {
            match decision {
                Decision::Reject => return Some(format!("{by} has rejected it")),
                Decision::Approve => approved.insert(by),
            };
        }
    }
    let Some((_, digest, spec)) = asked else {
        return Some("nobody was asked".into());
    };
    let eligible = |by: &&Principal| match by {
        Principal::Slack(user) => gate.slack.contains(user),
        Principal::TokenHolder => gate.sns,
        Principal::Aws(_) | Principal::Deployer => false,
    };
    let enough = approved.into_iter().filter(eligible).count() >= usize::from(gate.required);
    let same = *digest == release.image().digest && spec == says;
    match (enough, same) {
        (true, true) => None,
        (false, _) => Some("too few have approved it".into()),
        (true, false) => Some("something else was approved".into()),
    }
}
