//! `towpath audit`: whether the ledger is what was written, and whether what is derived from it is what
//! it says.

mod edited;
mod everything;
mod orders;
mod rows;

use std::io::Write;
use std::str::FromStr;

use serde::Serialize;
use towpath_core::message::state;
use towpath_core::names::{InvalidName, PipelineName, ReleaseId};
use towpath_core::release::{BrokenChain, Outcome, Release, Subject, Summary, verify_chain};
use towpath_taskdef::image::{Digest, ImageError};

use self::edited::{Edited, write_edited};
use self::orders::AuditedOrders;
use self::rows::{AuditedService, Known};
use super::stage::{self, StageArguments};
use crate::deployer::orders::Orders;
use crate::deployer::{Deployer, Sealed, StoredEntries};
use crate::describe::{counted, safe};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, write_json};

/// How often a release is read again while entries are being added to it.
const READS: u32 = 5;

/// Verify that nobody has edited, removed or added an entry of a release or an order (hold,
/// veto), and that the rows derived from them agree.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath audit\n  \
    towpath audit shop-api-0123456789abcdef\n  \
    towpath audit shop-api/production\n  \
    towpath audit sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45 --output json\n\n\
    Exits with 1 if something is not as it was written, and names it.")]
pub(super) struct Arguments {
    /// What to verify: releases (entries, summary, deployments), stages as PIPELINE/STAGE
    /// (service row, holds), or images by digest (vetoes). If left out: all services and orders,
    /// the last releases of each pipeline, and all releases in progress.
    #[arg(value_name = "RELEASE|PIPELINE/STAGE|DIGEST")]
    subjects: Vec<Named>,
    /// How many of each pipeline's last releases to verify, besides those in progress.
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    last: usize,
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
            None => text
                .parse()
                .map(Self::Release)
                .map_err(|error: InvalidName| {
                    let stage = match text.parse::<PipelineName>() {
                        Ok(pipeline) => format!("a stage as {pipeline}/STAGE"),
                        Err(_) => "a stage as PIPELINE/STAGE".to_owned(),
                    };
                    format!("{error}; name {stage} or an image by its digest (sha256:…)")
                }),
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
struct Audited {
    release: ReleaseId,
    intact: bool,
    /// How many entries there are.
    entries: Option<usize>,
    /// The fingerprint of the last entry, which stands for all before it.
    head: Option<String>,
    /// Where and how the ledger is not what was written.
    problem: Option<String>,
    /// The entry at which it is not, where it is one.
    entry: Option<u64>,
    /// What its summary and the rows of its deployments say otherwise.
    differences: Vec<Edited>,
    /// Why it is not known whether each entry was written by who may write it, if it is not.
    unsealed: Option<String>,
    #[serde(skip)]
    read: Option<Box<Release>>,
}

/// What was verified.
#[derive(Debug, Default, Serialize)]
struct Report {
    intact: bool,
    releases: Vec<Audited>,
    services: Vec<AuditedService>,
    orders: Vec<AuditedOrders>,
    /// What does not fit together in the list of all orders.
    order_log: Option<String>,
    /// What was looked at, where nothing was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<String>,
}

pub(super) async fn run<D: Orders>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let mut report = if arguments.subjects.is_empty() {
        all(deployer, arguments.last).await?
    } else {
        named(deployer, arguments).await?
    };
    report.intact = report.releases.iter().all(|one| one.intact)
        && report.services.iter().all(|one| one.intact)
        && report.orders.iter().all(|one| one.intact)
        && report.order_log.is_none();
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => write_text(out, &report)?,
    }
    Ok(Answer::yes_if(report.intact))
}

async fn named<D: Orders>(deployer: &D, arguments: &Arguments) -> Result<Report, Failure> {
    let mut report = Report::default();
    for named in &arguments.subjects {
        match named {
            Named::Release(release) => report.releases.push(audit(deployer, release).await?),
            Named::Stage(of) => {
                let service = stage::find(deployer, of).await?.service;
                let found = everything::find(deployer, arguments.last, Some(&service)).await?;
                let (known, broken) = know(deployer, &found).await?;
                report.releases.extend(broken);
                let audited = rows::of_service(deployer, &service, &known).await?;
                report.services.push(audited);
                let name = format!("{}/{}", of.pipeline, of.stage);
                let subject = Subject::Service(service);
                report
                    .orders
                    .push(rows::of_orders(deployer, name, &subject).await?);
            }
            Named::Image(digest) => {
                let subject = Subject::Image(*digest);
                let audited = rows::of_orders(deployer, digest.to_string(), &subject).await?;
                report.orders.push(audited);
            }
        }
    }
    Ok(report)
}

async fn all<D: Orders>(deployer: &D, last: usize) -> Result<Report, Failure> {
    let found = everything::find(deployer, last, None).await?;
    let (known, broken) = know(deployer, &found).await?;
    let mut report = Report {
        releases: broken,
        ..Report::default()
    };
    let mut services = found.services;
    services.extend(known.releases.values().flat_map(everything::services_of));
    for service in &services {
        let audited = rows::of_service(deployer, service, &known).await?;
        report.services.push(audited);
    }
    let looked = everything::subjects(&services, &known);
    let (subjects, broken) = everything::orders(deployer, looked).await?;
    report.order_log = broken;
    let mut ordered = 0;
    for subject in &subjects {
        let mut audited = rows::of_orders(deployer, subject.to_string(), subject).await?;
        let vetoed = known
            .releases
            .values()
            .filter_map(|release| vetoed(release, subject));
        audited.missed(vetoed);
        if audited.is_to_be_told() {
            ordered += 1;
            report.orders.push(audited);
        }
    }
    let which = if known.whole {
        "all that there are".to_owned()
    } else {
        format!("the last {last} of each pipeline and all on their way; --last looks further back")
    };
    report.looked_at = Some(format!(
        "checked {}, {} ({which}), {}, and the orders about services and images ({ordered})",
        counted(found.pipelines as u64, "pipeline"),
        counted(found.releases.len() as u64, "release"),
        counted(services.len() as u64, "service"),
    ));
    Ok(report)
}

/// The release, if it says that the image was vetoed.
fn vetoed<'a>(release: &'a Release, image: &Subject) -> Option<&'a ReleaseId> {
    let vetoed = release.vetoed().is_some();
    let same = Subject::Image(release.image().digest) == *image;
    (vetoed && same).then_some(release.id())
}

/// Reads the releases that were found. Those that are not intact are told of.
async fn know<D: Orders>(
    deployer: &D,
    found: &everything::Found,
) -> Result<(Known, Vec<Audited>), Failure> {
    let mut known = Known {
        whole: found.whole,
        ..Known::default()
    };
    let mut broken = Vec::new();
    for release in &found.releases {
        let mut audited = audit(deployer, release).await?;
        match audited.read.take() {
            Some(read) => {
                known.releases.insert(release.clone(), *read);
            }
            None => known.whole = false,
        }
        if !audited.intact {
            broken.push(audited);
        }
    }
    Ok((known, broken))
}

async fn audit<D: Orders>(deployer: &D, release: &ReleaseId) -> Result<Audited, Failure> {
    let (summary, stored) = read(deployer, release).await?;
    let broken = |problem: String, entry: Option<u64>, entries: Option<usize>| Audited {
        release: release.clone(),
        intact: false,
        entries,
        head: None,
        problem: Some(problem),
        entry,
        differences: Vec::new(),
        unsealed: None,
        read: None,
    };
    let (entries, closed) = match stored {
        StoredEntries::Unreadable(problem) => return Ok(broken(safe(&problem), None, None)),
        StoredEntries::Readable { entries, closed } => (entries, closed),
    };
    let Some(summary) = summary else {
        if entries.is_empty() {
            return Err(NoSuchRelease(release.clone()).into());
        }
        let problem = "the summary is missing, so nothing tells whether entries were cut off";
        return Ok(broken(problem.to_owned(), None, Some(entries.len())));
    };
    let head = Some((summary.head, &summary.head_fingerprint));
    if let Err(error) = verify_chain(release, &entries, head) {
        let entry = match error {
            BrokenChain::Missing(entry)
            | BrokenChain::Edited(entry)
            | BrokenChain::Replaced(entry) => Some(entry),
            BrokenChain::Head { .. } => None,
        };
        return Ok(broken(error.to_string(), entry, Some(entries.len())));
    }
    let count = entries.len();
    let unsealed = match deployer.seals(release, &entries).await {
        Sealed::Verified => None,
        Sealed::Unknown(why) => Some(safe(&why)),
        Sealed::Broken(error) => {
            let entry = Some(error.entry());
            return Ok(broken(error.to_string(), entry, Some(count)));
        }
    };
    // Whoever may read the keys sees which entry it is; the others go by what `advance` has found.
    if summary.outcome == Some(Outcome::NotTrusted) {
        return Ok(broken(safe(&state(&summary)), None, Some(count)));
    }
    if closed {
        let problem = "its summary says that an entry is not trusted, and every one is";
        return Ok(broken(problem.to_owned(), None, Some(count)));
    }
    let entries = entries.into_iter().map(|stored| stored.entry).collect();
    let read = match Release::fold(release.clone(), entries) {
        Ok(read) => read,
        Err(error) => return Ok(broken(error.to_string(), None, Some(count))),
    };
    let differences = rows::of_release(deployer, &read, &summary).await?;
    Ok(Audited {
        release: release.clone(),
        intact: differences.is_empty(),
        entries: Some(count),
        head: Some(summary.head_fingerprint.as_str().to_owned()),
        problem: None,
        entry: None,
        differences,
        unsealed,
        read: Some(Box::new(read)),
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

fn write_text(out: &mut dyn Write, report: &Report) -> Result<(), Failure> {
    for one in &report.releases {
        write_release(out, one)?;
    }
    for one in &report.services {
        rows::write_service(out, one)?;
    }
    for one in &report.orders {
        orders::write_text(out, one)?;
    }
    if let Some(problem) = &report.order_log {
        writeln!(
            out,
            "{BAD}NOT INTACT{BAD:#} {NAME}the list of all orders{NAME:#}: {}",
            safe(problem)
        )?;
    }
    if let Some(looked_at) = &report.looked_at {
        writeln!(out, "{looked_at}")?;
    }
    Ok(())
}

fn write_release(out: &mut dyn Write, one: &Audited) -> Result<(), Failure> {
    let release = &one.release;
    match &one.problem {
        None if one.intact => writeln!(
            out,
            "{GOOD}intact{GOOD:#} {NAME}{release}{NAME:#}: {} entries, the last is {}",
            one.entries.unwrap_or_default(),
            one.head.as_deref().unwrap_or_default()
        )?,
        None => writeln!(
            out,
            "{BAD}NOT INTACT{BAD:#} {NAME}{release}{NAME:#}: its rows say otherwise than its {} entries",
            one.entries.unwrap_or_default(),
        )?,
        Some(problem) => writeln!(
            out,
            "{BAD}NOT INTACT{BAD:#} {NAME}{release}{NAME:#}: {problem}",
        )?,
    }
    if let Some(why) = &one.unsealed {
        writeln!(out, "  who wrote them was not verified: {why}")?;
    }
    write_edited(out, &one.differences)
}
