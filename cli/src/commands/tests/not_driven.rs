//! Releases that are not driven, because their ledger cannot be read or is not trusted: what commands
//! say of them, and that they keep no rollback.

use towpath_core::release::{Block, Outcome, Principal, Release, ServiceRow, Summary, Untrusted};

use super::shop::{ordered, rolled_out_on, row, service, shop};
use super::*;

/// A third release is being rolled out where two have succeeded.
fn rolling_out() -> (Memory, ReleaseId, ReleaseId) {
    let (mut deployer, _, good) = shop();
    let pipeline = deployer.keep(SHOP);
    let events = rolled_out_on(deployer.services.get(&service()));
    let owner = deployer.release(&pipeline, "0000003", &events);
    let row = row(&mut deployer);
    row.epoch += 1;
    row.owner = Some(owner.clone());
    row.taken_by = Some(owner.clone());
    (deployer, good, owner)
}

fn untrusted() -> Untrusted {
    Untrusted {
        trusted: 4,
        reason: "entry 5 has no seal".into(),
    }
}

/// `advance` has found that the release is not trusted, and had it let its service go.
fn closed(deployer: &mut Memory, id: &ReleaseId) {
    let entries = deployer.entries[id].iter().map(|one| one.entry.clone());
    let release = Release::fold(id.clone(), entries.collect()).unwrap();
    let summary = Summary::of(&release.distrusted(untrusted())).unwrap();
    deployer.summaries.insert(id.clone(), summary);
    deployer.untrusted.insert(id.clone(), untrusted());
    let ServiceRow { owner, hold, .. } = row(deployer);
    *owner = None;
    *hold = Some(Block::hold(Principal::Deployer, "it is not trusted"));
}

#[test]
fn an_owner_that_cannot_be_read_is_warned_of_and_keeps_no_rollback() {
    let (mut deployer, good, owner) = rolling_out();
    let problem = "entry 5 was edited";
    deployer.unreadable.insert(owner.clone(), problem.into());
    let text = ordered(&deployer, "rollback", &[]);
    let warning = format!("{owner} has production and is not driven: {problem}");
    assert!(text.contains(&warning), "{text}");
    let report = json(&ordered(&deployer, "rollback", &["--output", "json"]));
    assert_eq!(report["taken_from"]["release"], owner.as_str());
    assert_eq!(report["to"]["release"], good.as_str(), "what served");
    assert_eq!(report["rolled_back"], serde_json::Value::Null);
    assert_eq!(deployer.ordered.borrow().opened.len(), 1);
}

#[test]
fn an_owner_that_is_not_trusted_keeps_no_rollback() {
    let (mut deployer, good, owner) = rolling_out();
    deployer.untrusted.insert(owner.clone(), untrusted());
    let report = json(&ordered(&deployer, "rollback", &["--output", "json"]));
    assert_eq!(report["taken_from"]["release"], owner.as_str());
    assert_eq!(report["to"]["release"], good.as_str());

    // When it was let go, what it left is replaced by what served before.
    closed(&mut deployer, &owner);
    let report = json(&ordered(&deployer, "rollback", &["--output", "json"]));
    assert_eq!(report["taken_from"], serde_json::Value::Null);
    assert_eq!(report["to"]["release"], good.as_str());
}

#[test]
fn commands_say_that_a_release_is_not_trusted() {
    let (mut deployer, _, owner) = rolling_out();
    closed(&mut deployer, &owner);
    deployer.summaries.retain(|id, _| *id == owner);
    let state = "not trusted: entry 5 has no seal";
    let (answer, text) = towpath(&deployer, &["status", "shop-api"]);
    assert_eq!(answer, Ok(Answer::No));
    assert!(text.contains(state), "{text}");
    assert!(yes(&deployer, &["history", "shop-api"]).contains(state));
    assert!(yes(&deployer, &["history", owner.as_str()]).contains(state));
    // Whoever cannot read the keys goes by what the deployer has found.
    let (answer, text) = towpath(&deployer, &["audit", owner.as_str()]);
    assert_eq!(answer, Ok(Answer::No));
    assert!(
        text.contains("NOT INTACT") && text.contains(state),
        "{text}"
    );
    assert_eq!(
        deployer.summaries[&owner].outcome,
        Some(Outcome::NotTrusted)
    );
}

#[test]
fn audit_finds_a_summary_that_was_closed_although_every_entry_is_trusted() {
    let (mut deployer, _, owner) = rolling_out();
    deployer.untrusted.insert(owner.clone(), untrusted());
    let text = no(&deployer, &["audit", owner.as_str()]);
    assert!(text.contains("NOT INTACT"), "{text}");
    assert!(text.contains("and every one is"), "{text}");
}
