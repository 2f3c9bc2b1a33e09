//! `towpath hold` and `towpath release-hold`: whether a stage takes new releases.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{ActiveRollout, Order, ServiceRow, Subject};

use super::ordered::{Ordered, Words};
use super::stage::{self, Found, StageArguments, reason};
use crate::deployer::MaybeRead;
use crate::deployer::orders::Orders;
use crate::output::{Answer, Failure, NAME, Output, QUIET, write_json};

const HOLD: Words = Words {
    thing: "hold",
    set: "on hold",
};

/// Block new releases at a stage until the hold is lifted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    towpath hold shop-api production --reason 'the sale runs until Monday'\n\n\
    A rollout in progress is finished. Rollbacks ignore holds. The pipelines' channels are \
    notified.")]
pub(super) struct Hold {
    #[command(flatten)]
    of: StageArguments,
    /// Why, for everybody who waits.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
}

/// Lift a stage's hold, accept what runs there, and let the waiting release go on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    towpath release-hold shop-api production --reason 'fixed by 4a5b6c7'\n\n\
    `towpath status` shows why a stage is held. The pipelines' channels are notified.")]
pub(super) struct ReleaseHold {
    #[command(flatten)]
    of: StageArguments,
    /// Why, for the audit trail.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
}

#[derive(Serialize)]
struct Report<'a> {
    pipeline: &'a str,
    stage: &'a str,
    service: String,
    #[serde(flatten)]
    ordered: Ordered<'a>,
    /// Why the stage is held now, if it is.
    hold: Option<String>,
    /// The release that is being rolled out all the same.
    rolling_out: Option<ReleaseId>,
    /// Whether that one holds the stage when it is through: a rollback does.
    holds_again: bool,
    /// The release that waits for the stage, and checks again.
    woken: Option<ReleaseId>,
}

pub(super) async fn hold<D: Orders>(
    deployer: &D,
    arguments: &Hold,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Found {
        service,
        pipelines,
        unusable,
        ..
    } = stage::find(deployer, &arguments.of).await?;
    let subject = Subject::Service(service.clone());
    let by = deployer.caller().await?;
    let issued = deployer
        .issue(
            &subject,
            Order::Hold,
            &by,
            &arguments.reason,
            &pipelines,
            None,
        )
        .await?;
    let row = stage::row(deployer, &service).await?;
    let ordered = Ordered::new(Order::Hold, &issued, unusable);
    let report = report(&arguments.of, &subject, ordered, row.owner, None);
    write(out, output, &report)
}

pub(super) async fn release<D: Orders>(
    deployer: &D,
    arguments: &ReleaseHold,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Found {
        service,
        pipelines,
        unusable,
        ..
    } = stage::find(deployer, &arguments.of).await?;
    let subject = Subject::Service(service.clone());
    let by = deployer.caller().await?;
    let issued = deployer
        .issue(
            &subject,
            Order::LiftHold,
            &by,
            &arguments.reason,
            &pipelines,
            None,
        )
        .await?;
    // Also where it was lifted before: whoever did that may not have got this far.
    let row = stage::row(deployer, &service).await?;
    let waits = waiting(deployer, &row).await?;
    if let Some(release) = &waits {
        deployer.wake(release).await?;
    }
    let ordered = Ordered::new(Order::LiftHold, &issued, unusable);
    let holds_again = match &row.owner {
        Some(owner) => holds_at_its_end(deployer, owner).await?,
        None => false,
    };
    let mut report = report(&arguments.of, &subject, ordered, row.owner, waits);
    report.holds_again = holds_again;
    write(out, output, &report)
}

/// Whether a release holds the stage when it is through there: it brings an old version back, or somebody
/// has it rolled back.
async fn holds_at_its_end<D: Orders>(deployer: &D, owner: &ReleaseId) -> Result<bool, Failure> {
    Ok(match deployer.release_if_readable(owner).await? {
        MaybeRead::Read(Some(release)) => {
            let is_rolled_back = |live: &ActiveRollout| live.rollback_requested.is_some();
            release.rollback().is_some() || release.active_rollout().is_some_and(is_rolled_back)
        }
        // The hold is lifted, whatever is to be read of the release.
        MaybeRead::Read(None) | MaybeRead::Unreadable(_) => false,
    })
}

/// The release whose turn it is, if one is on its way.
async fn waiting<D: Orders>(deployer: &D, row: &ServiceRow) -> Result<Option<ReleaseId>, Failure> {
    if row.owner.is_some() {
        return Ok(None);
    }
    let Some(next) = row.waiting.first().or(row.candidate.as_ref()) else {
        return Ok(None);
    };
    let summary = deployer.summary(&next.release).await?;
    Ok(summary
        .filter(|summary| summary.outcome.is_none())
        .map(|summary| summary.release))
}

fn report<'a>(
    of: &'a StageArguments,
    subject: &Subject,
    ordered: Ordered<'a>,
    rolling_out: Option<ReleaseId>,
    woken: Option<ReleaseId>,
) -> Report<'a> {
    Report {
        pipeline: of.pipeline.as_str(),
        stage: of.stage.as_str(),
        service: subject.to_string(),
        hold: ordered.why().map(str::to_owned),
        ordered,
        rolling_out,
        holds_again: false,
        woken,
    }
}

fn write(out: &mut dyn Write, output: Output, report: &Report<'_>) -> Result<Answer, Failure> {
    match output {
        Output::Json => write_json(out, report)?,
        Output::Text => write_text(out, report)?,
    }
    Ok(Answer::Yes)
}

fn write_text(out: &mut dyn Write, report: &Report<'_>) -> Result<(), Failure> {
    let Report {
        pipeline, stage, ..
    } = report;
    let name = format!("{NAME}{stage}{NAME:#} of {pipeline}");
    report.ordered.write(out, &name, &HOLD)?;
    if report.hold.is_some() {
        writeln!(
            out,
            "{QUIET}`towpath release-hold {pipeline} {stage} --reason …` lifts it{QUIET:#}"
        )?;
    }
    if let Some(release) = &report.rolling_out {
        let then = match report.holds_again {
            false => "is being rolled out there now, and is finished first",
            true => {
                "brings an old version back there now, and holds the stage again when it is through: lift the hold then"
            }
        };
        writeln!(out, "{release} {then}")?;
    }
    if let Some(release) = &report.woken {
        let next = match report.ordered.changed() {
            true => "waited there, and goes on",
            false => "is next there, and checks again",
        };
        writeln!(out, "{release} {next}")?;
    }
    Ok(())
}
