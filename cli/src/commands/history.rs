//! `towpath history`: what happened to releases, when, by whom and why.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use towpath_core::message::{Description, Tone, describe, reason_of, state, waiting};
use towpath_core::names::{PipelineName, ReleaseId};
use towpath_core::release::{Actor, Event, Outcome, Release, Summary};

use crate::deployer::{Deployer, StoredPipeline, all_pipelines};
use crate::describe::{safe, time};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, QUIET, write_json};
use crate::typo::hint;

/// Show what happened to a release, or the releases of a pipeline.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath history\n  \
    towpath history shop-api --limit 5\n  \
    towpath history shop-api-0123456789abcdef --all\n  \
    towpath history shop-api-0123456789abcdef --output json")]
pub(super) struct Arguments {
    /// A release, to show its entries, or a pipeline, to show its releases; if left out, the
    /// releases of all pipelines.
    #[arg(value_name = "PIPELINE|RELEASE")]
    subject: Option<String>,
    /// How many releases of each pipeline to show, newest first.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Include bookkeeping entries.
    #[arg(long)]
    all: bool,
}

/// Neither a release nor a pipeline.
#[derive(Debug, thiserror::Error)]
#[error("there is no release and no pipeline `{0}` here: {1}")]
struct NothingSuch(String, String);

pub(super) async fn run<D: Deployer>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Some(subject) = &arguments.subject else {
        let mut releases = Vec::new();
        for kept in all_pipelines(deployer).await? {
            if let Ok(pipeline) = kept.pipeline {
                releases.extend(last_opened(deployer, &pipeline.pipeline, arguments.limit).await?);
            }
        }
        releases.sort_by_key(|one| std::cmp::Reverse(one.opened_at));
        return write_releases(out, output, &releases);
    };
    let nothing = |kept: &[StoredPipeline]| {
        let known: Vec<_> = kept.iter().map(StoredPipeline::called).collect();
        let hint = hint(subject, &known);
        let hint = hint.unwrap_or_else(|| "`towpath apply FILE` stores a pipeline".to_owned());
        NothingSuch(safe(subject), hint)
    };
    if let Ok(id) = subject.parse::<ReleaseId>()
        && let Some(release) = deployer.release(&id).await?
    {
        return write_entries(out, output, &release, arguments.all);
    }
    let Ok(pipeline) = subject.parse::<PipelineName>() else {
        return Err(nothing(&all_pipelines(deployer).await?).into());
    };
    let releases = last_opened(deployer, &pipeline, arguments.limit).await?;
    if releases.is_empty() {
        let kept = all_pipelines(deployer).await?;
        if !kept.iter().any(|one| one.called() == pipeline.as_str()) {
            return Err(nothing(&kept).into());
        }
    }
    write_releases(out, output, &releases)
}

/// How many releases of a pipeline are looked through.
const MAX_READ: usize = 5_000;

/// The releases of a pipeline that were opened last. A rollback carries an image that was pushed
/// long ago, and stands where it happened all the same.
pub(super) async fn last_opened<D: Deployer>(
    deployer: &D,
    pipeline: &PipelineName,
    limit: usize,
) -> Result<Vec<Summary>, Failure> {
    let mut releases = deployer.releases_of(pipeline, MAX_READ).await?;
    releases.sort_by_key(|one| std::cmp::Reverse(one.opened_at));
    releases.truncate(limit);
    Ok(releases)
}

/// A release in a list, as it is written to JSON.
#[derive(Serialize)]
pub(super) struct ReleaseLine<'a> {
    release: &'a ReleaseId,
    pipeline: &'a PipelineName,
    repository: &'a str,
    /// What the pipeline calls what it deploys, and its digest: nothing where a rollback brings back
    /// what ran before the first release.
    tag: Option<&'a str>,
    digest: Option<String>,
    /// What a rollback brings back.
    back_to: Option<&'a str>,
    arrived_at: Timestamp,
    opened_at: Timestamp,
    updated_at: Timestamp,
    state: String,
    outcome: Option<Outcome>,
    open: bool,
}

impl<'a> From<&'a Summary> for ReleaseLine<'a> {
    fn from(summary: &'a Summary) -> Self {
        Self {
            release: &summary.release,
            pipeline: &summary.pipeline,
            repository: summary.repository.as_str(),
            tag: summary.deploys_image().then(|| summary.tag.as_str()),
            digest: summary.deploys_image().then(|| summary.digest.to_string()),
            back_to: summary.back_to.as_deref(),
            arrived_at: summary.arrived_at,
            opened_at: summary.opened_at,
            updated_at: summary.updated_at,
            state: state(summary),
            outcome: summary.outcome,
            open: summary.open,
        }
    }
}

fn write_releases(
    out: &mut dyn Write,
    output: Output,
    releases: &[Summary],
) -> Result<Answer, Failure> {
    match output {
        Output::Json => {
            let lines: Vec<_> = releases.iter().map(ReleaseLine::from).collect();
            write_json(out, &serde_json::json!({ "releases": lines }))?;
        }
        Output::Text => {
            if releases.is_empty() {
                writeln!(out, "{QUIET}no releases yet: push an image{QUIET:#}")?;
            }
            for one in releases {
                writeln!(
                    out,
                    "{}  {NAME}{}{NAME:#}  {}  {}",
                    time(one.opened_at),
                    one.release,
                    if one.deploys_image() {
                        format!("{}:{}", one.repository, one.tag)
                    } else {
                        one.name().to_owned()
                    },
                    coloured(one.outcome, &safe(&state(one)))
                )?;
            }
        }
    }
    Ok(Answer::Yes)
}

/// An outcome's text in its colour.
pub(super) fn coloured(outcome: Option<Outcome>, text: &str) -> String {
    match outcome {
        None => text.to_owned(),
        Some(Outcome::Succeeded) => format!("{GOOD}{text}{GOOD:#}"),
        Some(Outcome::Superseded) => format!("{QUIET}{text}{QUIET:#}"),
        Some(
            Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Stopped
            | Outcome::Refused
            | Outcome::Expired
            | Outcome::NotTrusted,
        ) => format!("{BAD}{text}{BAD:#}"),
    }
}

/// An entry as it is written to JSON: what is stored, and what it says.
#[derive(Serialize)]
struct EntryLine<'a> {
    sequence: u64,
    at: Timestamp,
    actor: &'a Actor,
    says: String,
    /// The reason that it gives, in a sentence: in the event it may be a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    bookkeeping: bool,
    event: &'a Event,
    fingerprint: &'a str,
}

fn write_entries(
    out: &mut dyn Write,
    output: Output,
    release: &Release,
    all: bool,
) -> Result<Answer, Failure> {
    match output {
        Output::Json => {
            let summary = Summary::of(release);
            let entries: Vec<_> = describe(release)
                .map(|(entry, described)| EntryLine {
                    sequence: entry.sequence,
                    at: entry.at,
                    actor: &entry.actor,
                    says: described.sentence,
                    reason: reason_of(&entry.event),
                    bookkeeping: described.is_bookkeeping,
                    event: &entry.event,
                    fingerprint: entry.fingerprint.as_str(),
                })
                .collect();
            let line = summary.as_ref().map(ReleaseLine::from);
            let waiting = release.waiting().map(|it| {
                let says = waiting(release);
                serde_json::json!({ "says": says, "for": it.waits_for(), "until": it.until() })
            });
            write_json(
                out,
                &serde_json::json!({ "release": line, "waiting": waiting, "entries": entries }),
            )?;
        }
        Output::Text => {
            write_header(out, release)?;
            let mut hidden = 0;
            for (entry, described) in describe(release) {
                if described.is_bookkeeping && !all {
                    hidden += 1;
                    continue;
                }
                writeln!(
                    out,
                    "{QUIET}{:>4}{QUIET:#}  {}  {QUIET}{}{QUIET:#}  {}",
                    entry.sequence,
                    time(entry.at),
                    safe(&entry.actor.to_string()),
                    in_colour(&described)
                )?;
            }
            if let Some(untrusted) = release.untrusted() {
                writeln!(
                    out,
                    "{BAD}not trusted{BAD:#}: {}. Nothing of it is gone on with since",
                    safe(&untrusted.reason)
                )?;
            }
            if let Some(waiting) = waiting(release) {
                writeln!(out, "{NAME}now{NAME:#}  {waiting}")?;
            }
            if hidden > 0 {
                writeln!(out, "{QUIET}{hidden} more for bookkeeping: --all{QUIET:#}")?;
            }
        }
    }
    Ok(Answer::Yes)
}

/// What the release deploys. Of what ran before the first release no image is known.
fn write_header(out: &mut dyn Write, release: &Release) -> Result<(), Failure> {
    let image = release.image();
    write!(out, "{NAME}{}{NAME:#}  ", release.id())?;
    match release.rollback() {
        Some(rollback) if rollback.is_from_before => writeln!(
            out,
            "{} back to {}",
            rollback.stage,
            rollback.called(&image.tag)
        )?,
        Some(_) | None => writeln!(
            out,
            "{}/{}:{}\n{QUIET}{}{QUIET:#}",
            image.registry, image.repository, image.tag, image.digest
        )?,
    }
    Ok(())
}

/// What an entry says, in the colour of how it is meant.
fn in_colour(described: &Description) -> String {
    let text = &described.sentence;
    match described.tone {
        Tone::Plain => text.clone(),
        Tone::Bad => format!("{BAD}{text}{BAD:#}"),
        Tone::Outcome(outcome) => coloured(Some(outcome), text),
    }
}
