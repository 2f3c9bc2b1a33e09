//! `towpath history` and `towpath audit`.

use towpath_core::release::{BrokenSeal, Writer};

use super::*;
use crate::deployer::Sealed;

#[test]
fn history_shows_the_entries_of_a_release_and_keeps_bookkeeping_apart() {
    let (deployer, _, new) = busy();
    let text = yes(&deployer, &["history", new.as_str()]);
    insta::assert_snapshot!(text.replace(new.as_str(), "<new>"));
    let text = yes(&deployer, &["history", "--all", new.as_str()]);
    assert!(text.contains("people were notified on slack, up to entry 2"));
    let report = json(&yes(
        &deployer,
        &["history", new.as_str(), "--output", "json"],
    ));
    assert_eq!(report["entries"].as_array().unwrap().len(), 3);
    assert_eq!(report["entries"][2]["bookkeeping"], true);
    assert_eq!(report["waiting"]["says"], "test: about to start");
    assert_eq!(report["waiting"]["for"], "towpath");
    assert_eq!(report["entries"][1]["event"]["type"], "checked");
    assert_eq!(report["release"]["tag"], "3f2c1ab");
}

#[test]
fn history_lists_the_releases_of_one_pipeline_or_of_all() {
    let (deployer, old, new) = busy();
    for arguments in [&["history"][..], &["history", "shop-api"][..]] {
        let text = yes(&deployer, arguments);
        assert!(
            text.contains(old.as_str()) && text.contains(new.as_str()),
            "{text}"
        );
        assert!(text.contains("shop/api:0000001  succeeded\n"), "{text}");
    }
    let one = yes(&deployer, &["history", "shop-api", "--limit", "1"]);
    assert_eq!(one.lines().count(), 1);
    for nothing in ["other", "shop-api-0123456789abcdef", "Not a name"] {
        let (answer, _) = towpath(&deployer, &["history", nothing]);
        let error = answer.unwrap_err();
        assert!(
            error.starts_with("there is no release and no pipeline"),
            "{error}"
        );
    }
}

#[test]
fn audit_finds_an_intact_ledger_intact() {
    let (deployer, old, new) = busy();
    let text = yes(&deployer, &["audit", old.as_str(), new.as_str()]);
    assert!(
        text.contains("2 entries") && text.contains("3 entries"),
        "{text}"
    );
    let (answer, _) = towpath(&deployer, &["audit", "shop-api-0123456789abcdef"]);
    assert!(
        answer
            .unwrap_err()
            .starts_with("there is no release shop-api-0123456789abcdef")
    );
}

/// What audit tells after damage was done to the release of three entries.
fn audited_after(damage: impl FnOnce(&mut Memory, &ReleaseId)) -> serde_json::Value {
    let (mut deployer, _, new) = busy();
    damage(&mut deployer, &new);
    let report = json(&no(&deployer, &["audit", new.as_str(), "--output", "json"]));
    assert_eq!(report["intact"], false);
    report["releases"][0].clone()
}

#[test]
fn audit_names_the_entry_that_was_edited_or_removed() {
    let edited = audited_after(|deployer, id| {
        let entries = deployer.entries.get_mut(id).unwrap();
        let text = &mut entries[1].text.event;
        *text = text.replace(r#""passed":false"#, r#""passed":true"#);
    });
    assert_eq!(edited["entry"], 2);
    assert!(edited["problem"].as_str().unwrap().contains("was edited"));

    let removed = audited_after(|deployer, id| {
        deployer.entries.get_mut(id).unwrap().remove(1);
    });
    assert_eq!(removed["entry"], 2);
    assert!(removed["problem"].as_str().unwrap().contains("is missing"));

    let cut = audited_after(|deployer, id| {
        deployer.entries.get_mut(id).unwrap().pop();
    });
    assert!(
        cut["problem"]
            .as_str()
            .unwrap()
            .contains("the summary's head is entry 3")
    );

    let unreadable = audited_after(|deployer, id| {
        let problem = "event of E#000000000002 is wrong: unknown variant".to_owned();
        deployer.unreadable.insert(id.clone(), problem);
    });
    assert!(
        unreadable["problem"]
            .as_str()
            .unwrap()
            .contains("E#000000000002")
    );

    let without_summary = audited_after(|deployer, id| {
        deployer.summaries.remove(id);
    });
    assert!(
        without_summary["problem"]
            .as_str()
            .unwrap()
            .contains("the summary is missing")
    );
}

#[test]
fn audit_does_not_take_another_release_for_this_one() {
    // The entries of a release that ended well, put in the place of one that did not.
    let swapped = audited_after(|deployer, id| {
        let other = deployer.entries.keys().find(|other| *other != id).unwrap();
        let entries = deployer.entries[other].clone();
        deployer.entries.insert(id.clone(), entries);
    });
    assert_eq!(swapped["entry"], 1);
}

#[test]
fn audit_names_an_entry_that_was_not_written_by_who_may_write_it() {
    let forged = audited_after(|deployer, id| {
        let broken = BrokenSeal::NotTheirs {
            entry: 2,
            writer: Writer::Approval,
        };
        deployer.sealed.insert(id.clone(), Sealed::Broken(broken));
    });
    assert_eq!(forged["entry"], 2);
    assert!(
        forged["problem"]
            .as_str()
            .unwrap()
            .contains("sealed by approval")
    );
}

#[test]
fn audit_says_when_it_could_not_verify_who_wrote_what() {
    let (mut deployer, _, new) = busy();
    let denied = Sealed::Unknown("ssm:GetParameter: AccessDeniedException".into());
    deployer.sealed.insert(new.clone(), denied);
    let text = yes(&deployer, &["audit", new.as_str()]);
    assert!(
        text.contains("who wrote them was not verified") && text.contains("AccessDenied"),
        "{text}"
    );
    let report = json(&yes(
        &deployer,
        &["audit", new.as_str(), "--output", "json"],
    ));
    assert_eq!(
        report["releases"][0]["unsealed"],
        "ssm:GetParameter: AccessDeniedException"
    );
}
