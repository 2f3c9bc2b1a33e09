//! `towpath audit`: whether the ledger is what was written.

mod orders;

use std::io::Write;
use std::str::FromStr;

use serde::Serialize;
use towpath_core::image::{Digest, ImageError};
use towpath_core::names::{InvalidName, ReleaseId};
use towpath_core::release::{BrokenChain, Subject, Summary, verify_chain};

use super::stage::{self, StageArguments};
use crate::deployer::orders::Orders;
use crate::deployer::{Deployer, StoredEntries, Where};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, write_json};
use crate::telling::safe;

/// How often a release is read again while entries are being added to it.
const READS: u32 = 5;

/// Verify that nobody has edited, removed or added entries of a release, or people's orders about a
/// stage or an image.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath audit shop-api-0123456789abcdef\n  \
    towpath audit shop-api/production\n  \
    towpath audit sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45 --output json\n\n\
    Exits with 1 when a ledger is not what was written, and names the place.")]
pub(super) struct Arguments {
    /// Releases, whose entries are verified; or stages as PIPELINE/STAGE, or images by digest,
    /// whose holds and vetoes by hand are.
    #[arg(required = true, value_name = "RELEASE|PIPELINE/STAGE|DIGEST")]
    subjects: Vec<Named>,
    #[command(flatten)]
    pub(super) at: Where,
}

/// What is verified.
#[derive(Debug, Clone)]
enum Named {
    Release(ReleaseId),
    Stage(StageArguments),
    Image(Digest),
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            let digest = text.parse().map(Self::Image);
            return digest.map_err(|error: ImageError| error.to_string());
        }
        let name = |error: InvalidName| error.to_string();
        match text.split_once('/') {
            None => text.parse().map(Self::Release).map_err(name),
            Some((pipeline, stage)) => Ok(Self::Stage(StageArguments {
                pipeline: pipeline.parse().map_err(name)?,
                stage: stage.parse().map_err(name)?,
            })),
        }
    }
}

/// A release that is not in the ledger at all.
#[derive(Debug, thiserror::Error)]
#[error("there is no release {0}: `towpath history` shows those there are")]
struct NoSuchRelease(ReleaseId);

/// What was found about one release.
#[derive(Debug, Serialize)]
struct Audited<'a> {
    release: &'a ReleaseId,
    intact: bool,
    /// How many entries there are.
    entries: Option<usize>,
    /// The fingerprint of the last entry, which stands for all before it.
    head: Option<String>,
    /// Where and how the ledger is not what was written.
    problem: Option<String>,
    /// The entry at which it is not, where it is one.
    entry: Option<u64>,
}

pub(super) async fn run<D: Orders>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let mut releases = Vec::new();
    let mut orders = Vec::new();
    for named in &arguments.subjects {
        match named {
            Named::Release(release) => releases.push(audit(deployer, release).await?),
            Named::Stage(of) => {
                let service = stage::find(deployer, of).await?.service;
                let name = format!("{}/{}", of.pipeline, of.stage);
                orders.push(orders::audit(deployer, name, &Subject::Service(service)).await?);
            }
            Named::Image(digest) => {
                let subject = Subject::Image(*digest);
                orders.push(orders::audit(deployer, digest.to_string(), &subject).await?);
            }
        }
    }
    let intact = releases.iter().all(|one| one.intact) && orders.iter().all(|one| one.intact);
    match output {
        Output::Json => {
            write_json(
                out,
                &serde_json::json!({ "intact": intact, "releases": releases, "orders": orders }),
            )?;
        }
        Output::Text => {
            for one in &releases {
                write_text(out, one)?;
            }
            for one in &orders {
                orders::write_text(out, one)?;
            }
        }
    }
    Ok(Answer::yes_if(intact))
}

async fn audit<'a, D: Deployer>(
    deployer: &D,
    release: &'a ReleaseId,
) -> Result<Audited<'a>, Failure> {
    let (summary, stored) = read(deployer, release).await?;
    let broken = |problem: String, entry: Option<u64>, entries: Option<usize>| Audited {
        release,
        intact: false,
        entries,
        head: None,
        problem: Some(problem),
        entry,
    };
    let entries = match stored {
        StoredEntries::Unreadable(problem) => return Ok(broken(safe(&problem), None, None)),
        StoredEntries::Readable(entries) => entries,
    };
    let Some(summary) = summary else {
        if entries.is_empty() {
            return Err(NoSuchRelease(release.clone()).into());
        }
        let problem = "the summary is missing, so nothing tells whether entries were cut off";
        return Ok(broken(problem.to_owned(), None, Some(entries.len())));
    };
    let head = Some((summary.head, &summary.head_fingerprint));
    Ok(match verify_chain(release, &entries, head) {
        Ok(()) => Audited {
            release,
            intact: true,
            entries: Some(entries.len()),
            head: Some(summary.head_fingerprint.as_str().to_owned()),
            problem: None,
            entry: None,
        },
        Err(error) => {
            let entry = match error {
                BrokenChain::Missing(entry)
                | BrokenChain::Edited(entry)
                | BrokenChain::Replaced(entry) => Some(entry),
                BrokenChain::Head { .. } => None,
            };
            broken(error.to_string(), entry, Some(entries.len()))
        }
    })
}

/// The summary and the entries as they were at one moment: they are read by different calls, and an
/// entry that is added between them is no damage.
async fn read<D: Deployer>(
    deployer: &D,
    release: &ReleaseId,
) -> Result<(Option<Summary>, StoredEntries), Failure> {
    let head = |summary: &Option<Summary>| summary.as_ref().map(|summary| summary.head);
    let mut before = deployer.summary(release).await?;
    let mut reads = 1;
    loop {
        let entries = deployer.stored_entries(release).await?;
        let after = deployer.summary(release).await?;
        if head(&before) == head(&after) || reads == READS {
            return Ok((after, entries));
        }
        before = after;
        reads += 1;
    }
}

fn write_text(out: &mut dyn Write, one: &Audited<'_>) -> Result<(), Failure> {
    match &one.problem {
        None => writeln!(
            out,
            "{GOOD}intact{GOOD:#} {NAME}{}{NAME:#}: {} entries, the last is {}",
            one.release,
            one.entries.unwrap_or_default(),
            one.head.as_deref().unwrap_or_default()
        )?,
        Some(problem) => writeln!(
            out,
            "{BAD}NOT INTACT{BAD:#} {NAME}{}{NAME:#}: {problem}",
            one.release
        )?,
    }
    Ok(())
}
