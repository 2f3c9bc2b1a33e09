//! The commands that ask a deployer, against one in memory.

use clap::{CommandFactory as _, Parser as _};
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{CheckResult, Event};

use super::*;
use crate::deployer::memory::{Memory, succeeded};
use crate::deployer::service_of;

const SHOP: &str = include_str!("../../../docs/examples/three-stages.yaml");
const BILLING: &str = include_str!("../../../docs/examples/two-accounts.yaml");

/// What a command answers and prints, without colour.
fn towpath(deployer: &Memory, arguments: &[&str]) -> (Result<Answer, String>, String) {
    let arguments =
        Arguments::try_parse_from([&["towpath"], arguments].concat()).expect("the arguments");
    let mut out = anstream::StripStream::new(Vec::new());
    let output = arguments.output;
    let answer = waited(async {
        match &arguments.verb {
            Verb::Apply(arguments) => apply::run(deployer, arguments, output, &mut out).await,
            Verb::Status(arguments) => status::run(deployer, arguments, output, &mut out).await,
            Verb::History(arguments) => history::run(deployer, arguments, output, &mut out).await,
            Verb::Audit(arguments) => audit::run(deployer, arguments, output, &mut out).await,
            Verb::Explain(arguments) => {
                explain::among_stored(deployer, arguments, output, &mut out).await
            }
            Verb::Lint(_) | Verb::Schema(_) | Verb::Render(_) | Verb::Diff(_) => {
                panic!("it asks no deployer")
            }
        }
    });
    let text = String::from_utf8(out.into_inner()).unwrap();
    (answer.map_err(|failure| failure.to_string()), text)
}

fn yes(deployer: &Memory, arguments: &[&str]) -> String {
    let (answer, text) = towpath(deployer, arguments);
    assert_eq!(answer, Ok(Answer::Yes), "{text}");
    text
}

fn no(deployer: &Memory, arguments: &[&str]) -> String {
    let (answer, text) = towpath(deployer, arguments);
    assert_eq!(answer, Ok(Answer::No), "{text}");
    text
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// A file with this text; the folder lives as long as the test.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.yaml");
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

#[test]
fn apply_stores_shows_what_changes_and_is_quiet_about_nothing() {
    let deployer = Memory::new();
    let (_folder, first) = file(SHOP);
    let text = yes(&deployer, &["apply", &first]);
    assert!(text.contains("+pipeline: shop-api\n"), "{text}");
    assert!(
        text.ends_with(
            "shop-api is stored, new in /towpath/pipelines/shop/api/shop-api, version 1\n"
        )
    );

    let (_folder, second) = file(&SHOP.replace("required: 2", "required: 3"));
    let dry = no(&deployer, &["apply", "--dry-run", &second]);
    assert!(dry.contains("shop-api would change"), "{dry}");
    let text = yes(&deployer, &["apply", &second]);
    insta::assert_snapshot!(text);

    let text = yes(&deployer, &["apply", &second]);
    assert_eq!(
        text,
        "shop-api is unchanged in /towpath/pipelines/shop/api/shop-api, version 2\n"
    );
    assert_eq!(deployer.parameters.borrow()[0].version, 2);
}

#[test]
fn apply_does_not_touch_what_is_the_same_pipeline_written_differently() {
    let deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let mut value: serde_json::Value =
        serde_json::from_str(&pipeline.to_stored().unwrap().value).unwrap();
    value["stages"][0]["timeout"] = "60m".into();
    let name = deployer.parameters.borrow()[0].name.clone();
    deployer.store(name, &value.to_string());
    let (_folder, path) = file(SHOP);
    let report = json(&yes(&deployer, &["apply", "--output", "json", &path]));
    assert_eq!(report["pipelines"][0]["change"], "unchanged");
    assert_eq!(report["changes"], false);
    assert_eq!(deployer.parameters.borrow()[0].version, 2);
}

#[test]
fn apply_stores_nothing_unless_every_file_is_good() {
    let deployer = Memory::new();
    let (_folder, good) = file(SHOP);
    let (_folder, bad) = file(&SHOP.replace("required: 2", "required: 9"));
    let text = no(&deployer, &["apply", &good, &bad]);
    assert!(
        text.contains("9 approvals can never be had from 3"),
        "{text}"
    );
    assert!(text.ends_with("nothing is stored\n"));
    assert!(deployer.parameters.borrow().is_empty());
}

#[test]
fn apply_refuses_what_another_pipeline_has_already() {
    let deployer = Memory::new();
    deployer.keep(SHOP);
    let (_folder, moved) = file(&SHOP.replace("repository: shop/api", "repository: shop/web"));
    let text = no(&deployer, &["apply", &moved]);
    assert!(
        text.contains("pipeline `shop-api` is also in /towpath/pipelines/shop/api/shop-api"),
        "{text}"
    );
    let (_folder, renamed) = file(&SHOP.replace("pipeline: shop-api", "pipeline: shop-web"));
    let report = json(&no(&deployer, &["apply", "--output", "json", &renamed]));
    let conflicts = report["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 3);
    let first = conflicts[0].as_str().unwrap();
    assert!(
        first.contains("the service of stage `test`, 111111111111/eu-west-1/shop-test/api, is that of stage `test` in /towpath/pipelines/shop/api/shop-api"),
        "{first}"
    );
    assert_eq!(deployer.parameters.borrow().len(), 1);
}

#[test]
fn apply_refuses_two_files_that_claim_the_same() {
    let deployer = Memory::new();
    let (_folder, one) = file(SHOP);
    let (_folder, other) = file(&SHOP.replace("repository: shop/api", "repository: shop/web"));
    no(&deployer, &["apply", &one, &other]);
    assert!(deployer.parameters.borrow().is_empty());
}

#[test]
fn explain_asks_only_the_pipelines_of_the_repository() {
    let deployer = Memory::new();
    deployer.keep(SHOP);
    deployer.keep(BILLING);
    let text = yes(&deployer, &["explain", "shop/api", "3f2c1ab"]);
    assert_eq!(
        text,
        "shop-api takes 3f2c1ab: it is a commit hash; it goes through test → staging → production\n"
    );
    // `shop/api` lies below `shop`, and its pipelines are not those of `shop`.
    let text = no(&deployer, &["explain", "shop", "3f2c1ab"]);
    assert_eq!(text, "no pipeline is stored for shop\n");
}

#[test]
fn explain_and_status_tell_what_cannot_be_used() {
    let deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let value = pipeline.to_stored().unwrap().value;
    deployer.store("/towpath/pipelines/shop/api/broken".parse().unwrap(), "{}");
    deployer.store("/towpath/pipelines/shop/api/copy".parse().unwrap(), &value);
    let text = yes(&deployer, &["explain", "shop/api", "3f2c1ab"]);
    assert!(
        text.contains("unusable /towpath/pipelines/shop/api/broken: not a pipeline: missing field")
    );
    assert!(text.contains("unusable /towpath/pipelines/shop/api/copy: parameter"));
    let report = json(&no(&deployer, &["status", "--output", "json"]));
    assert_eq!(report["ok"], false);
    assert_eq!(report["unusable"].as_object().unwrap().len(), 2);
    assert_eq!(report["pipelines"].as_array().unwrap().len(), 1);
}

/// A deployer in which one release serves everywhere and another is on its way.
fn busy() -> (Memory, ReleaseId, ReleaseId) {
    let mut deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let old = deployer.release(&pipeline, "0000001", &[succeeded()]);
    for stage in 0..3 {
        deployer.runs(&pipeline, stage, &old);
    }
    let checks = Event::Checked {
        stage: "staging".parse().unwrap(),
        deployment: "d-ABC123".parse().unwrap(),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: "health".parse().unwrap(),
            passed: false,
            detail: "GET http://h/ answered 500\n\u{1b}[2Jin 3 of 3 attempts".into(),
        }],
    };
    let new = deployer.release(
        &pipeline,
        "3f2c1ab",
        &[checks, Event::Replied { through: 2 }],
    );
    let staging = service_of(&pipeline.stages[1], &crate::deployer::memory::home());
    let row = deployer.services.get_mut(&staging).unwrap();
    row.owner = Some(new.clone());
    (deployer, old, new)
}

#[test]
fn status_shows_what_runs_since_when_and_what_is_on_its_way() {
    let (deployer, old, new) = busy();
    let text = yes(&deployer, &["status"]);
    insta::assert_snapshot!(
        text.replace(new.as_str(), "<new>")
            .replace(old.as_str(), "<old>")
    );
    let report = json(&yes(&deployer, &["status", "shop-api", "--output", "json"]));
    let staging = &report["pipelines"][0]["stages"][1];
    assert_eq!(staging["runs"]["release"], old.as_str());
    assert_eq!(staging["rolling_out"]["release"], new.as_str());
    assert_eq!(report["pipelines"][0]["open"][0]["release"], new.as_str());
    let (answer, _) = towpath(&deployer, &["status", "other"]);
    assert_eq!(
        answer,
        Err("there is no pipeline `other` below /towpath/pipelines: `towpath apply FILE` stores one".into())
    );
}

#[test]
fn a_held_stage_is_told_with_1() {
    let (mut deployer, _, _) = busy();
    let row = deployer.services.values_mut().last().unwrap();
    row.hold = Some("rolled back\u{202e} by hand".into());
    let text = no(&deployer, &["status"]);
    assert!(text.contains("HELD: rolled back by hand"), "{text}");
}

#[test]
fn history_shows_the_entries_of_a_release_and_keeps_bookkeeping_apart() {
    let (deployer, _, new) = busy();
    let text = yes(&deployer, &["history", new.as_str()]);
    insta::assert_snapshot!(text.replace(new.as_str(), "<new>"));
    let text = yes(&deployer, &["history", "--all", new.as_str()]);
    assert!(text.contains("people were told in its thread, up to entry 2"));
    let report = json(&yes(
        &deployer,
        &["history", new.as_str(), "--output", "json"],
    ));
    assert_eq!(report["entries"].as_array().unwrap().len(), 3);
    assert_eq!(report["entries"][2]["bookkeeping"], true);
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
        entries[1].1["results"][0]["passed"] = true.into();
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
fn the_arguments_are_well_formed() {
    Arguments::command().debug_assert();
}

#[test]
fn every_verb_has_an_example_in_its_help() {
    for verb in Arguments::command().get_subcommands() {
        let help = verb.get_after_help().map(ToString::to_string);
        let example = format!("towpath {}", verb.get_name());
        assert!(
            help.is_some_and(|help| help.contains(&example)),
            "{example}"
        );
    }
}
