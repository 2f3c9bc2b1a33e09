//! `towpath rollback`: bring back to a stage what ran well before.

mod report;

use std::cell::RefCell;
use std::io::Write;

use towpath_core::names::{PipelineName, ReleaseId};
use towpath_core::release::{
    self, Drift, Event, Incoming, Principal, Release, Revision, RollbackFacts, RollbackOf,
    RollbackRequest, RollbackTarget, ServiceId, ServiceRow, Serving, StageNow, StoredNow,
};
use towpath_deployer::handlers::Recorded;
use towpath_deployer::rollback::{Rollbacks, roll_back};

use self::report::{Report, RunsInstead, ServiceReads, write_text};
use super::stage::{self, Found, StageArguments, reason};
use crate::deployer::MaybeRead;
use crate::deployer::orders::Orders;
use crate::deployer::reads::Reads;
use crate::describe::safe;
use crate::doctor::drift;
use crate::doctor::stage::StageAt;
use crate::doctor::stage_reads;
use crate::output::{Answer, Failure, Output, write_json};

/// Roll a stage back: undo the rollout in progress, or else return to what ran before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath rollback shop-api production --reason 'checkout fails'\n  \
    towpath rollback shop-api production --to shop-api-0123456789abcdef\n  \
    towpath rollback shop-api production --to shop-api:7\n\n\
    Rollbacks bypass holds, vetoes and approvals; the stage is on hold afterwards. \
    Run it again to go back one more release. If \
    somebody changed the service by hand, and your credentials may read it, it brings back what \
    Towpath deployed last.")]
pub(super) struct Arguments {
    #[command(flatten)]
    of: StageArguments,
    /// The release or revision to return to, which must have run there; by default what ran
    /// before the present one.
    #[arg(long, value_name = "RELEASE|FAMILY:REVISION", value_parser = target)]
    to: Option<RollbackTarget>,
    /// Why, for everybody who is notified.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: Option<String>,
}

fn target(text: &str) -> Result<RollbackTarget, String> {
    if text.contains(':') {
        return Ok(RollbackTarget::Revision(safe(text)));
    }
    let release = text.parse().map(RollbackTarget::Release);
    release.map_err(|error| format!("{error}; a revision is named like shop-api:7"))
}

pub(super) async fn run<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let found = stage::find(deployer, &arguments.of).await?;
    let by = deployer.caller().await?;
    let request = request(arguments, &found, &by);
    let ordered = Ordered {
        deployer,
        found: &found,
        by: &by,
        reads: RefCell::default(),
    };
    let done = roll_back(&ordered, &request, RollbackFacts::default()).await?;
    let looked = ordered.reads.take();
    let mut report = Report::of(done, arguments, &found.service, by.clone(), looked)?;
    find_veto(deployer, &mut report).await;
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => write_text(out, &report)?,
    }
    Ok(Answer::Yes)
}

fn request(arguments: &Arguments, found: &Found, by: &Principal) -> RollbackRequest {
    let at = StageNow {
        pipeline: found.pipeline.pipeline.clone(),
        stage: found.stage.name.clone(),
        service: found.service.clone(),
    };
    RollbackRequest {
        of: match &arguments.to {
            None => RollbackOf::Stage(at),
            Some(target) => RollbackOf::To(at, target.clone()),
        },
        by: by.clone(),
        reason: arguments.reason.clone(),
        stored: StoredNow::Kept(Box::new(found.pipeline.clone())),
    }
}

/// Whether the image that is brought back is vetoed. That keeps nobody from rolling back, and neither
/// does a table that does not say it.
async fn find_veto<D: Orders>(deployer: &D, report: &mut Report<'_>) {
    if let Some(to) = &mut report.to
        && let Some(digest) = &to.digest
    {
        let veto = deployer.veto(digest).await.unwrap_or_default();
        to.vetoed = veto.map(|veto| veto.to_string());
    }
}

/// What somebody who orders a rollback can reach.
struct Ordered<'a, D> {
    deployer: &'a D,
    found: &'a Found,
    by: &'a Principal,
    /// What was found out about the service, for the report.
    reads: RefCell<ServiceReads>,
}

impl<D: Orders + Reads> Rollbacks for Ordered<'_, D> {
    type Error = Failure;

    async fn row(&self, service: &ServiceId) -> Result<ServiceRow, Failure> {
        stage::row(self.deployer, service).await
    }

    async fn find(&self, id: &ReleaseId) -> Result<release::Found, Failure> {
        Ok(match self.deployer.release_if_readable(id).await? {
            MaybeRead::Read(Some(release)) => release::Found::Release(release),
            MaybeRead::Read(None) => release::Found::Missing,
            MaybeRead::Unreadable(problem) => release::Found::Unreadable(safe(&problem)),
        })
    }

    async fn record(&self, release: &Release, incoming: Incoming) -> Result<Recorded, Failure> {
        self.deployer.record(release.id(), self.by, incoming).await
    }

    async fn open(&self, id: &ReleaseId, events: &[Event]) -> Result<bool, Failure> {
        self.deployer.open(id, self.by, events).await
    }

    async fn serving(&self, _: &ServiceId, row: &ServiceRow) -> Result<Serving, Failure> {
        let Found {
            pipeline,
            stage,
            home,
            ..
        } = self.found;
        let at = StageAt::new(pipeline, stage, home, self.deployer.prefix());
        let looked = stage_reads::read(self.deployer, &at).await;
        // What a failed release of Towpath's own has left is no one else's.
        let runs_instead = match (&looked.running, &looked.failed) {
            (Some(running), None) => runs_instead(row, running),
            (Some(_) | None, Some(_)) | (None, None) => None,
        };
        self.reads.replace(ServiceReads {
            runs_instead,
            not_looked_at: looked.not_looked_at,
        });
        Ok(match (looked.failed, looked.running) {
            (Some(failed), _) => Serving::Failed(failed.revision),
            (None, Some(running)) => Serving::Runs(running),
            (None, None) => Serving::NotKnown,
        })
    }

    async fn newest(
        &self,
        pipeline: &PipelineName,
        limit: usize,
    ) -> Result<Vec<ReleaseId>, Failure> {
        let newest = self.deployer.releases_of(pipeline, limit).await?;
        Ok(newest.into_iter().map(|summary| summary.release).collect())
    }
}

/// What the service runs that Towpath has not deployed, if it does.
fn runs_instead(row: &ServiceRow, running: &Revision) -> Option<RunsInstead> {
    let (last_left, outcome) = match row.drift(running) {
        Drift::Untouched | Drift::AsLeft(_) => return None,
        Drift::NotKnown(good) => (
            None,
            format!("the service {}", drift::not_known(row, running, good)),
        ),
        Drift::Changed(left) => (Some(left.clone()), drift::changed(running, left)),
    };
    Some(RunsInstead {
        revision: running.clone(),
        last_left,
        outcome,
    })
}
