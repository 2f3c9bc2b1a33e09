//! What `towpath rollback` says that it has done.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Principal, Revision, RollbackRefused, ServiceId};
use towpath_deployer::rollback::{BroughtBack, Opened, RolledBack};
use towpath_taskdef::image::Digest;

use super::Arguments;
use crate::describe::safe;
use crate::output::{Failure, GOOD, NAME, QUIET, WARN};

#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) pipeline: &'a str,
    pub(super) stage: &'a str,
    pub(super) service: String,
    pub(super) by: Principal,
    /// Whether it was not asked for before.
    pub(super) new: bool,
    /// The release whose rollout is rolled back.
    pub(super) rolled_back: Option<ReleaseId>,
    /// The release that has the service and is not driven: the rollback takes it from that one.
    pub(super) taken_from: Option<TakenFrom>,
    /// What the service was found to run that Towpath has not deployed, where it was looked at.
    pub(super) runs_instead: Option<RunsInstead>,
    /// What of the service could not be read, and why: the ledger alone has decided then.
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
    pub(super) last_left: Option<Revision>,
    /// The same, for people.
    #[serde(skip)]
    pub(super) outcome: String,
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

/// What was found out about the service while it was looked at.
#[derive(Default)]
pub(super) struct ServiceReads {
    pub(super) runs_instead: Option<RunsInstead>,
    pub(super) not_looked_at: Option<String>,
}

impl<'a> Report<'a> {
    /// What was done, unless nothing was.
    pub(super) fn of(
        done: RolledBack,
        arguments: &'a Arguments,
        service: &ServiceId,
        by: Principal,
        reads: ServiceReads,
    ) -> Result<Self, RollbackRefused> {
        let mut report = Report {
            pipeline: arguments.of.pipeline.as_str(),
            stage: arguments.of.stage.as_str(),
            service: service.to_string(),
            by,
            new: false,
            rolled_back: None,
            taken_from: None,
            runs_instead: reads.runs_instead,
            not_looked_at: reads.not_looked_at,
            rollback: None,
            to: None,
        };
        match done {
            RolledBack::UnderWay { release, to } => {
                report.rollback = Some(release);
                report.to = Some(To::of(to));
            }
            RolledBack::Rollout {
                release,
                is_new,
                then,
            } => {
                report.new = is_new;
                report.rolled_back = Some(release);
                if let Some(opened) = then {
                    report.opened(opened);
                }
            }
            RolledBack::Opened(opened) => report.opened(opened),
            RolledBack::Refused(refused) => return Err(refused),
        }
        Ok(report)
    }

    fn opened(&mut self, opened: Opened) {
        self.new |= opened.is_new;
        self.rollback = Some(opened.id);
        self.to = Some(To::of(opened.to));
        self.taken_from = opened.taken_from.map(|(release, problem)| TakenFrom {
            release,
            problem: safe(&problem),
        });
    }
}

impl To {
    fn of(BroughtBack { rollback, image }: BroughtBack) -> Self {
        let of_release = !rollback.is_from_before;
        Self {
            release: rollback.good_release,
            tag: of_release.then(|| image.tag.to_string()),
            revision: rollback.revision,
            before_release: rollback.is_from_before,
            digest: of_release.then_some(image.digest),
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
    if let Some(release) = &report.rolled_back {
        writeln!(
            out,
            "{name}: the rollout of {release} is {before}being rolled back; what ran before it serves again"
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
            safe(&runs.outcome)
        )?;
    }
    if let Some(why) = &report.not_looked_at {
        writeln!(
            out,
            "{QUIET}what the service runs could not be read, so that the ledger alone says what served before: {}{QUIET:#}",
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
            "{WARN}{}{WARN:#}. Rollbacks ignore vetoes: `towpath rollback {pipeline} {stage} --to RELEASE` returns to another",
            safe(reason)
        )?;
    }
    let follow = report.rollback.as_ref().or(report.rolled_back.as_ref());
    if let Some(release) = follow {
        writeln!(
            out,
            "{QUIET}`towpath history {release}` shows how it goes. The stage is on hold afterwards: \
             `towpath release-hold {pipeline} {stage} --reason …` lets releases in again{QUIET:#}"
        )?;
    }
    Ok(())
}
