//! What `towpath rollback` says that it has done.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Image, Principal, Revision};
use towpath_taskdef::image::Digest;

use crate::output::{Failure, GOOD, NAME, QUIET, WARN};
use crate::telling::safe;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) pipeline: &'a str,
    pub(super) stage: &'a str,
    pub(super) service: String,
    pub(super) by: Principal,
    /// Whether it was not asked for before.
    pub(super) new: bool,
    /// The release that is being rolled out and is taken back.
    pub(super) taken_back: Option<ReleaseId>,
    /// The release that has the service and is not driven: the rollback takes it from that one.
    pub(super) taken_from: Option<TakenFrom>,
    /// What the service was found to run that Towpath has not deployed, where it was looked at.
    pub(super) runs_instead: Option<RunsInstead>,
    /// What of the service could not be looked at, and why: the ledger alone has decided then.
    pub(super) not_looked_at: Option<String>,
    /// The rollback, where one is opened.
    pub(super) rollback: Option<ReleaseId>,
    /// The release that it brings back.
    pub(super) to: Option<To>,
}

#[derive(Serialize)]
pub(super) struct TakenFrom {
    pub(super) release: ReleaseId,
    /// Why it is not driven.
    pub(super) problem: String,
}

/// What runs that Towpath has not deployed.
#[derive(Serialize)]
pub(super) struct RunsInstead {
    pub(super) revision: Revision,
    /// What Towpath left, where that is known.
    pub(super) left: Option<Revision>,
    /// The same, for people.
    #[serde(skip)]
    pub(super) told: String,
}

#[derive(Serialize)]
pub(super) struct To {
    pub(super) release: ReleaseId,
    /// Its tag; none for what ran before it.
    pub(super) tag: Option<String>,
    pub(super) revision: Revision,
    /// Whether it is not what that release brought, but what ran before it.
    pub(super) before_release: bool,
    /// Its image; none for what ran before it.
    #[serde(skip)]
    pub(super) digest: Option<Digest>,
    /// Why its image is vetoed, which keeps no rollback, if it is and that could be read.
    pub(super) vetoed: Option<String>,
}

impl To {
    /// What `good` brought, or what ran before it, with the image of `image`, which is one of either
    /// `good` or a rollback to it.
    pub(super) fn of(good: ReleaseId, image: &Image, revision: &Revision, before: bool) -> Self {
        Self {
            release: good,
            tag: (!before).then(|| image.tag.to_string()),
            revision: revision.clone(),
            before_release: before,
            digest: (!before).then_some(image.digest),
            vetoed: None,
        }
    }
}

pub(super) fn write_text(out: &mut dyn Write, report: &Report<'_>) -> Result<(), Failure> {
    let Report {
        pipeline, stage, ..
    } = report;
    let name = format!("{NAME}{stage}{NAME:#} of {pipeline}");
    let before = if report.new { "" } else { "already " };
    if let Some(release) = &report.taken_back {
        writeln!(
            out,
            "{name}: {release} is {before}being taken back; what ran before it serves again"
        )?;
    }
    if let Some(TakenFrom { release, problem }) = &report.taken_from {
        writeln!(
            out,
            "{WARN}{release} has {stage} and is not driven{WARN:#}: {problem}. The rollback takes the service from it"
        )?;
    }
    if let Some(runs) = &report.runs_instead {
        writeln!(
            out,
            "{WARN}{}{WARN:#}. What Towpath deployed last comes back",
            safe(&runs.told)
        )?;
    }
    if let Some(why) = &report.not_looked_at {
        writeln!(
            out,
            "{QUIET}what the service runs could not be looked at, so that the ledger alone says what served before: {}{QUIET:#}",
            safe(why)
        )?;
    }
    if let (Some(rollback), Some(to)) = (&report.rollback, &report.to) {
        let (of, release) = (to.revision.short(), &to.release);
        match &to.tag {
            Some(tag) => writeln!(
                out,
                "{name} {before}goes back to {GOOD}{tag}{GOOD:#} ({release}), by {rollback}"
            )?,
            None => writeln!(
                out,
                "{name} {before}goes back to {GOOD}{of}{GOOD:#}, which ran before {release}, by {rollback}"
            )?,
        }
    }
    let vetoed = report.to.as_ref().and_then(|to| to.vetoed.as_ref());
    if let Some(reason) = vetoed {
        writeln!(
            out,
            "{WARN}{}{WARN:#}. No veto keeps a rollback: `towpath rollback {pipeline} {stage} --to RELEASE` brings back another",
            safe(reason)
        )?;
    }
    let follow = report.rollback.as_ref().or(report.taken_back.as_ref());
    if let Some(release) = follow {
        writeln!(
            out,
            "{QUIET}`towpath history {release}` tells how it goes. The stage is on hold afterwards: \
             `towpath release-hold {pipeline} {stage} --reason …` lets releases in again{QUIET:#}"
        )?;
    }
    Ok(())
}
