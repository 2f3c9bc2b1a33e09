//! What `towpath rollback` says that it has done.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Principal, Release, Revision};

use crate::output::{Failure, GOOD, NAME, QUIET, WARN};

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

#[derive(Serialize)]
pub(super) struct To {
    pub(super) release: ReleaseId,
    /// Its tag; none for what ran before it.
    pub(super) tag: Option<String>,
    pub(super) revision: Revision,
    /// Whether it is not what that release brought, but what ran before it.
    pub(super) before_release: bool,
}

impl To {
    pub(super) fn of(good: &Release, revision: &Revision, before: bool) -> Self {
        Self {
            release: good.id().clone(),
            tag: (!before).then(|| good.image().tag.to_string()),
            revision: revision.clone(),
            before_release: before,
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
