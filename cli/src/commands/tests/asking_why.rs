//! `towpath why` and `towpath pipelines`.

use super::shop::*;
use super::*;
use towpath_core::release::{Block, Principal};

fn why(deployer: &Memory) -> String {
    yes(deployer, &[&["why"], &PRODUCTION[..]].concat())
}

#[test]
fn nothing_that_waits_is_said_with_what_serves() {
    let (deployer, _, worse) = shop();
    let text = why(&deployer);
    assert!(
        text.contains("no release is on its way to shop-api production"),
        "{text}"
    );
    assert!(text.contains(worse.as_str()), "{text}");
}

#[test]
fn what_stands_at_the_stage_says_what_it_waits_for() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    let had = deployer.services[&service()].clone();
    let events = rolled_out_on(Some(&had));
    let moving = deployer.release(&pipeline, "0000005", &events);
    row(&mut deployer).hold = Some(Block::hold(Principal::Aws("ada".into()), "the sale"));
    let text = why(&deployer);
    assert!(text.contains("0000005"), "{text}");
    assert!(text.contains("on hold: ada held it: the sale"), "{text}");
    assert!(text.contains("production: preparing"), "{text}");
    let arguments = [&["why"], &PRODUCTION[..], &["--output", "json"]].concat();
    let report = json(&yes(&deployer, &arguments));
    assert_eq!(report["here"][0]["release"], moving.as_str());
    assert_eq!(report["elsewhere"], serde_json::json!([]));
    assert_eq!(report["rolling_out"], serde_json::Value::Null);
}

#[test]
fn what_is_not_there_yet_says_where_it_is_and_a_hold_who_lifts_it() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    deployer.release(&pipeline, "0000005", &[]);
    row(&mut deployer).hold = Some(Block::hold(
        Principal::Aws("ada".into()),
        "the sale\u{202e} begins",
    ));
    let text = why(&deployer);
    assert!(text.contains("test: about to start"), "{text}");
    assert!(
        text.contains("on hold: ada held it: the sale begins"),
        "{text}"
    );
    assert!(
        text.contains("`towpath release-hold shop-api production --reason …` lifts it"),
        "{text}"
    );
    let staging = yes(&deployer, &["why", "shop-api", "staging"]);
    assert!(!staging.contains("on hold"), "{staging}");
}

#[test]
fn a_release_of_another_pipeline_that_has_the_service_is_named() {
    let (mut deployer, good, _) = shop();
    row(&mut deployer).owner = Some(good.clone());
    let text = why(&deployer);
    assert!(!text.contains("no release is on its way"), "{text}");
    assert!(
        text.contains(&format!("`towpath history {good}`")),
        "{text}"
    );
}

#[test]
fn a_stage_that_is_not_there_is_an_error_with_those_that_are() {
    let (deployer, _, _) = shop();
    let (answer, _) = towpath(&deployer, &["why", "shop-api", "prodution"]);
    let said = answer.unwrap_err();
    assert!(said.contains("did you mean `production`?"), "{said}");
}

#[test]
fn the_stored_pipelines_are_listed_with_their_stages() {
    let deployer = Memory::new();
    let text = yes(&deployer, &["pipelines"]);
    assert!(text.contains("towpath apply FILE"), "{text}");
    deployer.keep(SHOP);
    deployer.keep(BILLING);
    let text = yes(&deployer, &["pipelines"]);
    assert!(text.contains("test → staging → production"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    let name = "/towpath/pipelines/shop-api/broken".parse().unwrap();
    deployer.store(name, "no pipeline");
    let text = no(&deployer, &["pipelines"]);
    assert!(
        text.contains("unusable /towpath/pipelines/shop-api/broken"),
        "{text}"
    );
}

#[test]
fn shells_and_man_know_every_command() {
    let mut out = Vec::new();
    let asked = |arguments: &[&str], out: &mut Vec<u8>| {
        let arguments = [&["towpath"], arguments].concat();
        let arguments = Arguments::try_parse_from(arguments).unwrap();
        arguments.run(out).unwrap();
    };
    asked(&["completions", "bash"], &mut out);
    let script = String::from_utf8(out.clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("man1");
    asked(&["man", below.to_str().unwrap()], &mut out);
    for verb in Arguments::command().get_subcommands() {
        let name = verb.get_name();
        assert!(script.contains(name), "{name}");
        let page = below.join(format!("towpath-{name}.1"));
        let page = std::fs::read_to_string(&page).expect("a page of each command");
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
}

#[test]
fn the_version_is_asked_for_as_people_do() {
    let version = concat!("towpath ", env!("CARGO_PKG_VERSION"), "\n");
    let flag = Arguments::try_parse_from(["towpath", "--version"]).unwrap_err();
    assert_eq!(flag.to_string(), version);
    let mut out = Vec::new();
    let verb = Arguments::try_parse_from(["towpath", "version"]).unwrap();
    verb.run(&mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), version);
}
