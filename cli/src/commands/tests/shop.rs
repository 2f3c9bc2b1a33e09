//! A deployer in which releases of one pipeline went through production, and orders about it.

use towpath_core::names::Fingerprint;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Outcome, Reason, Recomputed, Release, Revision, ServiceRow};

use super::*;
use crate::deployer::memory::home;

pub(super) const PRODUCTION: [&str; 2] = ["shop-api", "production"];

pub(super) fn revision(number: u8) -> Revision {
    format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/api:{number}")
        .parse()
        .unwrap()
}

/// A deployer in which two releases succeeded in production, the second of which serves.
pub(super) fn shop() -> (Memory, ReleaseId, ReleaseId) {
    let mut deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let good = succeeds(&mut deployer, &pipeline, "0000001", revision(6));
    let worse = succeeds(&mut deployer, &pipeline, "0000002", revision(7));
    (deployer, good, worse)
}

/// A release that went through production with that revision, and serves there now.
pub(super) fn succeeds(
    deployer: &mut Memory,
    pipeline: &Pipeline,
    tag: &str,
    with: Revision,
) -> ReleaseId {
    let mut events = rolled_out_on(deployer.services.get(&service()));
    events.push(Event::RolloutEnded {
        stage: "production".parse().unwrap(),
        outcome: Outcome::Succeeded,
        reason: Reason::Serves { name: "it".into() },
        revision: Some(with),
    });
    events.push(succeeded());
    let id = deployer.release(pipeline, tag, &events);
    left_by(deployer, &id);
    id
}

/// What happened to a release that is being rolled out to production, with the service's row as it
/// was before.
pub(super) fn rolled_out_on(row: Option<&ServiceRow>) -> Vec<Event> {
    let row = row.cloned().unwrap_or_default();
    let epoch = row.epoch + 1;
    let plan = serde_json::json!({
        "previous": revision(5), "base": { "revision": revision(5) },
        "spec": Fingerprint::of("rendered"), "images": [], "desired_count": 2, "service": row,
    });
    let succeeded_in = |stage: &str| Event::RolloutEnded {
        stage: stage.parse().unwrap(),
        outcome: Outcome::Succeeded,
        reason: Reason::Serves { name: "it".into() },
        revision: None,
    };
    let production = || "production".parse().unwrap();
    vec![
        succeeded_in("test"),
        succeeded_in("staging"),
        Event::Planned {
            stage: production(),
            plan: Box::new(serde_json::from_value(plan).unwrap()),
        },
        Event::RolloutStarted {
            stage: production(),
            epoch,
        },
    ]
}

/// Production's row is as that release left it.
pub(super) fn left_by(deployer: &mut Memory, id: &ReleaseId) {
    let entries = deployer.entries[id]
        .iter()
        .map(|stored| stored.entry.clone());
    let release = Release::fold(id.clone(), entries.collect()).unwrap();
    let row = Recomputed::of(&service(), [&release], &[], false).row;
    deployer.services.insert(service(), row);
}

/// Production's row.
pub(super) fn row(deployer: &mut Memory) -> &mut ServiceRow {
    deployer.services.get_mut(&service()).unwrap()
}

pub(super) fn service() -> towpath_core::release::ServiceId {
    towpath_core::release::ServiceId {
        account: home().account,
        region: home().region,
        cluster: "shop".parse().unwrap(),
        service: "api".parse().unwrap(),
    }
}

pub(super) fn order(verb: &str, rest: &[&str]) -> Vec<String> {
    let all = [&[verb], &PRODUCTION[..], rest].concat();
    all.into_iter().map(str::to_owned).collect()
}

pub(super) fn ordered(deployer: &Memory, verb: &str, rest: &[&str]) -> String {
    let arguments = order(verb, rest);
    yes(
        deployer,
        &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

pub(super) fn refused(deployer: &Memory, verb: &str, rest: &[&str]) -> String {
    let arguments = order(verb, rest);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    towpath(deployer, &arguments).0.unwrap_err()
}
