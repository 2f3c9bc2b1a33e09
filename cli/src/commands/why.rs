//! `towpath why`: what keeps a stage from getting something new, and who or what ends that.

use std::io::Write;

use futures_util::future::try_join;
use jiff::Timestamp;
use serde::Serialize;
use towpath_core::message::state;
use towpath_core::names::{PipelineName, StageName};
use towpath_core::release::{BlockedBy, Outcome, ReleaseState, ServiceRow, Summary, WaitsOn};

use super::history::{ReleaseLine, coloured, last_opened};
use super::stage::{self, Found, StageArguments};
use super::status::last_ended;
use crate::deployer::orders::Orders;
use crate::describe::{ago, safe};
use crate::output::{Answer, BAD, Failure, NAME, Output, QUIET, write_json};

/// How many of the pipeline's newest releases are looked at for the last that came to an end.
const NEWEST: usize = 20;

/// Say why a stage does not deploy: what waits there or is on its way, for whom or what, until when.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath why shop-api production\n  \
    towpath why shop-api production --output json\n\n\
    Exits with 0 whatever the answer is.")]
pub(super) struct Arguments {
    #[command(flatten)]
    of: StageArguments,
}

#[derive(Serialize)]
struct Report<'a> {
    pipeline: &'a PipelineName,
    stage: &'a StageName,
    service: String,
    /// The releases that stand at the stage, with what they wait for.
    here: Vec<ReleaseLine<'a>>,
    /// Those of the pipeline that stand at another stage.
    elsewhere: Vec<ReleaseLine<'a>>,
    /// The release of another pipeline that is being rolled out to the service.
    rolling_out: Option<String>,
    /// Why the stage takes no new release, if it does not.
    hold: Option<String>,
    /// What succeeded there last.
    serves: Option<Serves<'a>>,
    /// The last release of the pipeline that has ended, if it has not succeeded.
    last: Option<ReleaseLine<'a>>,
}

#[derive(Serialize)]
struct Serves<'a> {
    release: &'a str,
    since: Timestamp,
}

pub(super) async fn run<D: Orders>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Found {
        pipeline,
        stage,
        service,
        ..
    } = stage::find(deployer, &arguments.of).await?;
    let (row, open) = try_join(stage::row(deployer, &service), deployer.open_releases()).await?;
    let open: Vec<_> = open
        .iter()
        .filter(|one| one.pipeline == pipeline.pipeline && one.outcome.is_none())
        .collect();
    let (here, elsewhere): (Vec<&Summary>, Vec<&Summary>) =
        open.iter().partition(|one| stands_at(one, &stage.name));
    // What is on its way says more than what has ended.
    let newest = if open.is_empty() {
        last_opened(deployer, &pipeline.pipeline, NEWEST).await?
    } else {
        Vec::new()
    };
    let last = last_ended(&newest).filter(|last| last.outcome != Some(Outcome::Succeeded));
    match output {
        Output::Json => write_json(
            out,
            &Report {
                pipeline: &pipeline.pipeline,
                stage: &stage.name,
                service: service.to_string(),
                here: lines(&here),
                elsewhere: lines(&elsewhere),
                rolling_out: another_owner(&row, &here),
                hold: row.hold.as_ref().map(ToString::to_string),
                serves: row.last_good.as_ref().map(|good| Serves {
                    release: good.release.as_str(),
                    since: good.at,
                }),
                last: last.map(ReleaseLine::from),
            },
        )?,
        Output::Text => {
            let name = format!("{} {}", pipeline.pipeline, stage.name);
            write_text(out, &name, &row, (&here, &elsewhere), last, deployer.now())?;
        }
    }
    Ok(Answer::Yes)
}

fn lines<'a>(releases: &[&'a Summary]) -> Vec<ReleaseLine<'a>> {
    releases.iter().map(|one| ReleaseLine::from(*one)).collect()
}

fn stands_at(release: &Summary, stage: &StageName) -> bool {
    match &release.state {
        ReleaseState::Waiting(waiting) => waiting.stage == *stage,
        ReleaseState::Ended(_) | ReleaseState::NoStages => false,
    }
}

fn waits_for_hold(release: &Summary) -> bool {
    let ReleaseState::Waiting(waiting) = &release.state else {
        return false;
    };
    matches!(waiting.on, WaitsOn::Blocked(BlockedBy::Hold { .. }))
}

/// The release that has the service, where it is none of those that stand at the stage: one of another
/// pipeline with the same service.
fn another_owner(row: &ServiceRow, here: &[&Summary]) -> Option<String> {
    let owner = row.owner.as_ref()?;
    let is_known = here.iter().any(|one| one.release == *owner);
    (!is_known).then(|| owner.to_string())
}

fn write_text(
    out: &mut dyn Write,
    name: &str,
    row: &ServiceRow,
    (here, elsewhere): (&[&Summary], &[&Summary]),
    last: Option<&Summary>,
    now: Timestamp,
) -> Result<(), Failure> {
    for one in here.iter().chain(elsewhere) {
        let (name, release) = (one.name(), &one.release);
        writeln!(
            out,
            "{NAME}{name}{NAME:#} {QUIET}{release}{QUIET:#}: {}",
            safe(&state(one))
        )?;
    }
    if let Some(owner) = another_owner(row, here) {
        writeln!(
            out,
            "{NAME}{owner}{NAME:#} is being rolled out to its service: `towpath history {owner}` shows how far it is"
        )?;
    }
    // What waits for its lifting says so itself.
    let is_told = here.iter().any(|one| waits_for_hold(one));
    if let Some(reason) = row.hold.as_ref().filter(|_| !is_told) {
        writeln!(
            out,
            "{BAD}on hold{BAD:#}: {}; `towpath release-hold {name} --reason …` lifts it",
            safe(&reason.to_string())
        )?;
    }
    if !here.is_empty() || !elsewhere.is_empty() || row.owner.is_some() {
        return Ok(());
    }
    match &row.last_good {
        Some(good) => writeln!(
            out,
            "no release is on its way to {name}; {} serves there since {}",
            good.release,
            ago(good.at, now)
        )?,
        None => writeln!(
            out,
            "no release is on its way to {name}, and none has come there yet"
        )?,
    }
    if let Some(last) = last {
        writeln!(
            out,
            "the last, {}, {QUIET}{}{QUIET:#}: {}",
            last.name(),
            last.release,
            coloured(last.outcome, &safe(&state(last)))
        )?;
    }
    writeln!(
        out,
        "{QUIET}`towpath explain {} TAG` says whether the pipeline takes a tag{QUIET:#}",
        name.split(' ').next().unwrap_or(name)
    )?;
    Ok(())
}
