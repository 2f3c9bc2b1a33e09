//! The commands that ask a deployer, against one in memory.

mod asking_why;
mod by_hand;
mod examining;
mod ledger;
mod not_driven;
mod ordering;
mod planning;
mod rolling_back;
mod shop;
mod stored;
mod storing;
mod ways_out;

use clap::{CommandFactory as _, Parser as _};
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::{Channel, HookPoint};
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
            Verb::Plan(arguments) => plan::run(deployer, arguments, output, &mut out).await,
            Verb::Status(arguments) => status::run(deployer, arguments, output, &mut out).await,
            Verb::Why(arguments) => why::run(deployer, arguments, output, &mut out).await,
            Verb::Pipelines(arguments) => {
                pipelines::run(deployer, arguments, output, &mut out).await
            }
            Verb::Doctor(arguments) => doctor::run(deployer, arguments, output, &mut out).await,
            Verb::History(arguments) => history::run(deployer, arguments, output, &mut out).await,
            Verb::Audit(arguments) => audit::run(deployer, arguments, output, &mut out).await,
            Verb::Rollback(arguments) => rollback::run(deployer, arguments, output, &mut out).await,
            Verb::Hold(arguments) => hold::hold(deployer, arguments, output, &mut out).await,
            Verb::ReleaseHold(arguments) => {
                hold::release(deployer, arguments, output, &mut out).await
            }
            Verb::Veto(arguments) => veto::veto(deployer, arguments, output, &mut out).await,
            Verb::LiftVeto(arguments) => veto::lift(deployer, arguments, output, &mut out).await,
            Verb::Explain(arguments) => {
                explain::among_stored(deployer, arguments, output, &mut out).await
            }
            Verb::Init(arguments) => match init::options(arguments, output) {
                Ok(wish) => init::run(deployer, &wish, arguments, output, &mut out).await,
                Err(failure) => Err(failure),
            },
            Verb::Lint(_)
            | Verb::Schema(_)
            | Verb::Render(_)
            | Verb::Diff(_)
            | Verb::Completions(_)
            | Verb::Man(_)
            | Verb::Version(_) => {
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

/// What is printed where nothing would be deployed.
fn never(deployer: &Memory, arguments: &[&str]) -> String {
    let (answer, text) = towpath(deployer, arguments);
    assert_eq!(answer, Ok(Answer::Never), "{text}");
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
        deployment: Some("d-ABC123".parse().unwrap()),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: "health".parse().unwrap(),
            passed: false,
            detail: "GET http://h/ answered 500\n\u{1b}[2Jin 3 of 3 attempts".into(),
        }],
    };
    let told = Event::Notified {
        channel: Channel::Slack,
        through: 2,
    };
    let new = deployer.release(&pipeline, "3f2c1ab", &[checks, told]);
    let staging = service_of(&pipeline.stages[1], &crate::deployer::memory::home());
    let row = deployer.services.get_mut(&staging).unwrap();
    row.owner = Some(new.clone());
    (deployer, old, new)
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
