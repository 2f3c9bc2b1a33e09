//! `towpath rollback`: bring back to a stage what ran well before.

mod report;

use std::io::Write;

use towpath_core::names::{ReleaseId, StageName};
use towpath_core::release::{
    Drift, Incoming, MOST_ATTEMPTS, NoWayBack, Principal, Refusal, Release, Revision, Rollback,
    ServiceId, ServiceRow, Serving, StoredNow, WantedRollback, open_rollback, ran, served_before,
};
use towpath_deployer::handlers::Taken;
use towpath_deployer::verified;

use self::report::{Report, RunsInstead, TakenFrom, To, write_text};
use super::stage::{self, Found, StageArguments, reason};
use crate::deployer::MaybeRead;
use crate::deployer::orders::Orders;
use crate::deployer::reads::Reads;
use crate::doctor::drift;
use crate::doctor::looked::look;
use crate::doctor::stage::StageAt;
use crate::output::{Answer, Failure, Output, write_json};
use crate::telling::safe;

/// How often the service may change hands while it is decided what is taken back.
const TRIES: u32 = 3;

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
    to: Option<Target>,
    /// Why, for everybody who is notified.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: Option<String>,
}

/// What `--to` names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Release(ReleaseId),
    /// A revision, by its family and number or by its ARN.
    Revision(String),
}

fn target(text: &str) -> Result<Target, String> {
    if text.contains(':') {
        return Ok(Target::Revision(text.to_owned()));
    }
    let release = text.parse().map(Target::Release);
    release.map_err(|error| format!("{error}; a revision is named like shop-api:7"))
}

impl Target {
    /// Whether that is what a rollback brings back.
    fn is_of(&self, rollback: &Rollback) -> bool {
        match self {
            Self::Release(id) => *id == rollback.good && !rollback.before,
            Self::Revision(name) => names(name, &rollback.revision),
        }
    }
}

/// Whether somebody means that revision.
fn names(name: &str, revision: &Revision) -> bool {
    name == revision.as_str() || name == revision.short()
}

/// How many of a pipeline's newest releases are searched for a revision.
const MOST_SEARCHED: usize = 50;

/// Why nothing is rolled back.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(
        "the ledger does not know that {revision} ran in {stage}, and only what did is brought back: `towpath history` shows the releases that may be named"
    )]
    NeverRan { revision: String, stage: String },
    #[error(
        "{MOST_ATTEMPTS} rollbacks in a row have ended without having changed anything: `towpath history` says why"
    )]
    InVain,
    #[error("there is no release {0}: `towpath history` shows those there are")]
    NoSuchRelease(ReleaseId),
    #[error("release {release} went to {was}, and {stage} is {service} now")]
    Elsewhere {
        release: ReleaseId,
        stage: String,
        was: String,
        service: ServiceId,
    },
    #[error("{0} changes hands again and again: run the command once more")]
    Unsteady(ServiceId),
}

/// A release that has a service.
enum Driven {
    /// It is driven.
    Release(Box<Release>),
    /// It is not: why.
    Not(String),
}

pub(super) async fn run<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let found = stage::find(deployer, &arguments.of).await?;
    let by = deployer.caller().await?;
    let order = Ordered {
        deployer,
        arguments,
        service: found.service.clone(),
        found,
        by,
    };
    for _ in 0..TRIES {
        if let Some(mut report) = order.roll_back().await? {
            order.look_for_a_veto(&mut report).await;
            match output {
                Output::Json => write_json(out, &report)?,
                Output::Text => write_text(out, &report)?,
            }
            return Ok(Answer::Yes);
        }
    }
    Err(Refused::Unsteady(order.service).into())
}

/// A rollback that somebody wants.
struct Ordered<'a, D> {
    deployer: &'a D,
    arguments: &'a Arguments,
    found: Found,
    service: ServiceId,
    by: Principal,
}

impl<'a, D: Orders + Reads> Ordered<'a, D> {
    /// Rolls back what is there now; `None` when that has changed meanwhile.
    async fn roll_back(&self) -> Result<Option<Report<'a>>, Failure> {
        let row = stage::row(self.deployer, &self.service).await?;
        let (owner, not_driven) = match &row.owner {
            None => (None, None),
            Some(id) => match self.driven(id).await? {
                Driven::Release(owner) => (Some(*owner), None),
                Driven::Not(problem) => (None, Some(problem)),
            },
        };
        let way_back = owner
            .as_ref()
            .and_then(|owner| Some((owner, owner.rollback()?)));
        if let Some((owner, rollback)) = way_back {
            // Whoever asks twice means the same rollback, and not to take that back.
            let wanted = self.arguments.to.as_ref();
            if wanted.is_none_or(|to| to.is_of(rollback)) {
                let to = To::of(
                    rollback.good.clone(),
                    owner.image(),
                    &rollback.revision,
                    rollback.before,
                );
                return Ok(Some(self.report(
                    false,
                    None,
                    Some((owner.id().clone(), to)),
                )));
            }
        }
        let live = owner.filter(|owner| owner.rollback().is_none());
        let mut report = self.report(false, None, None);
        let owner = row.owner.clone();
        report.taken_from = owner.zip(not_driven).map(|(release, problem)| TakenFrom {
            release,
            problem: safe(&problem),
        });
        if let Some(live) = &live {
            match self.take_back(live).await? {
                None => return Ok(None),
                Some(new) => report = self.report(new, Some(live.id().clone()), None),
            }
            if self.arguments.to.is_none() {
                return Ok(Some(report));
            }
        }
        let serving = match &self.arguments.to {
            Some(_) => Serving::NotKnown,
            None => self.serving(&row, &mut report).await?,
        };
        let (new, rollback, to) = self.open(&row, &serving).await?;
        report.new |= new;
        report.rollback = Some(rollback);
        report.to = Some(to);
        Ok(Some(report))
    }

    /// Whether the image that is brought back is vetoed. That keeps nobody from rolling back, and
    /// neither does a table that does not say it.
    async fn look_for_a_veto(&self, report: &mut Report<'_>) {
        let Some(to) = &mut report.to else {
            return;
        };
        if let Some(digest) = &to.digest {
            to.vetoed = self.deployer.veto(digest).await.unwrap_or_default();
        }
    }

    /// Whether a release is driven that has the service, or has had it last.
    async fn driven(&self, id: &ReleaseId) -> Result<Driven, Failure> {
        match self.deployer.release_if_readable(id).await? {
            MaybeRead::Unreadable(problem) => Ok(Driven::Not(problem)),
            MaybeRead::Read(None) => Err(Refused::NoSuchRelease(id.clone()).into()),
            MaybeRead::Read(Some(release)) => Ok(match verified::not_driven(&release) {
                Some(problem) => Driven::Not(problem),
                None => Driven::Release(release),
            }),
        }
    }

    /// Tells the release that is being rolled out, and whether it did not know; `None` when it is
    /// not being rolled out any more.
    async fn take_back(&self, release: &Release) -> Result<Option<bool>, Failure> {
        let incoming = Incoming::RollBack {
            stage: self.called_by(release),
            by: self.by.clone(),
            reason: self.arguments.reason.clone(),
            stored: StoredNow::Kept(Box::new(self.found.pipeline.clone())),
        };
        match self.deployer.take(release.id(), &self.by, incoming).await? {
            Taken::Added(_) => Ok(Some(true)),
            Taken::Known(_) => Ok(Some(false)),
            Taken::Refused(Refusal::NotRollingOut { .. }) => Ok(None),
            Taken::Refused(
                refusal @ (Refusal::NotEligible { .. }
                | Refusal::NoLongerEligible { .. }
                | Refusal::PipelineRemoved { .. }
                | Refusal::NotKnown { .. }
                | Refusal::Closed { .. }
                | Refusal::Decided { .. }
                | Refusal::NoSuchStage(_)
                | Refusal::NotAnOperator { .. }
                | Refusal::ForeignReport { .. }
                | Refusal::NoLongerOperator { .. }),
            ) => Err(refusal.into()),
            Taken::NoSuchRelease => Err(Refused::NoSuchRelease(release.id().clone()).into()),
        }
    }

    /// Opens the rollback: whether it is new, its id, and what it brings back.
    async fn open(
        &self,
        row: &ServiceRow,
        serving: &Serving,
    ) -> Result<(bool, ReleaseId, To), Failure> {
        let stage = &self.arguments.of.stage;
        let (good, before) = match &self.arguments.to {
            Some(Target::Release(id)) => self.named(id).await?,
            Some(Target::Revision(name)) => self.with_revision(name, row).await?,
            None => {
                let good = served_before(row, serving, stage)?;
                (self.load(&good.release).await?, good.before)
            }
        };
        let last = row.good.as_ref();
        // The rules that brought what was good last are those that the service is set up for.
        let rules = match &last {
            Some(last) => self.readable(&last.release).await?,
            None => None,
        };
        let rules = rules.as_ref().unwrap_or(&good);
        let wanted = WantedRollback {
            stage: self.called_by(rules),
            from: last
                .filter(|last| !last.before && (before || last.release != *good.id()))
                .map(|last| last.release.clone()),
            before,
            by: self.by.clone(),
            reason: self.arguments.reason.clone(),
        };
        let (revision, _) =
            ran(&good, &self.service, before).ok_or_else(|| NoWayBack::NeverServed {
                release: good.id().clone(),
                stage: stage.clone(),
            })?;
        let to = To::of(good.id().clone(), good.image(), revision, before);
        for attempt in 0..MOST_ATTEMPTS {
            let wanted = wanted.clone();
            let (id, events) = open_rollback(rules, &good, wanted, row.epoch, attempt)?;
            if self.deployer.open(&id, &self.by, &events).await? {
                return Ok((true, id, to));
            }
            // One that has ended without having had the service is asked for anew.
            let known = self.deployer.release(&id).await?;
            if known.is_none_or(|known| known.conclusion().is_none()) {
                return Ok((false, id, to));
            }
        }
        Err(Refused::InVain.into())
    }

    /// What serves now, as far as it can be looked at, which the report then says where it is not
    /// what a release brought.
    async fn serving(&self, row: &ServiceRow, report: &mut Report<'_>) -> Result<Serving, Failure> {
        let good = row.good.as_ref();
        let last = row.taken_by.as_ref();
        let last = last.filter(|last| good.is_none_or(|good| good.release != **last));
        if let Some(last) = last
            && let Driven::Not(_) = self.driven(last).await?
        {
            return Ok(Serving::NotDriven);
        }
        let Found {
            pipeline,
            stage,
            home,
            ..
        } = &self.found;
        let at = StageAt::new(pipeline, stage, home, self.deployer.prefix());
        let looked = look(self.deployer, &at).await;
        report.not_looked_at = looked.not_looked_at;
        // What a failed release of Towpath's own has left is no one else's.
        if let (Some(running), None) = (&looked.running, &looked.failed) {
            let told = match row.drift(running) {
                Drift::Untouched | Drift::AsLeft(_) => None,
                Drift::NotKnown(good) => Some((
                    None,
                    format!("the service {}", drift::not_known(row, running, good)),
                )),
                Drift::Changed(left) => Some((Some(left.clone()), drift::changed(running, left))),
            };
            report.runs_instead = told.map(|(left, told)| RunsInstead {
                revision: running.clone(),
                left,
                told,
            });
        }
        Ok(match (looked.failed, looked.running) {
            (Some(failed), _) => Serving::Failed(failed.revision),
            (None, Some(running)) => Serving::Runs(running),
            (None, None) => Serving::NotKnown,
        })
    }

    /// A release by whose entries a revision ran in the service: with it, or before it.
    async fn with_revision(
        &self,
        name: &str,
        row: &ServiceRow,
    ) -> Result<(Release, bool), Failure> {
        let rows = row.good.iter().chain(&row.earlier);
        let mut candidates: Vec<_> = rows.map(|good| good.release.clone()).collect();
        let pipeline = &self.found.pipeline.pipeline;
        let newest = self.deployer.releases_of(pipeline, MOST_SEARCHED).await?;
        candidates.extend(newest.into_iter().map(|summary| summary.release));
        for id in candidates {
            // One that cannot be read keeps none of the others from being found.
            let Some(release) = self.readable(&id).await? else {
                continue;
            };
            for before in [false, true] {
                let ran = ran(&release, &self.service, before);
                if ran.is_some_and(|(revision, _)| names(name, revision)) {
                    return Ok((release, before));
                }
            }
        }
        Err(Refused::NeverRan {
            revision: safe(name),
            stage: self.arguments.of.stage.to_string(),
        }
        .into())
    }

    /// The release that `--to` names, and whether what ran before it is meant. Where it is a
    /// rollback, what that brought back is meant.
    async fn named(&self, id: &ReleaseId) -> Result<(Release, bool), Failure> {
        let stage = &self.arguments.of.stage;
        let target = self.load(id).await?;
        let (target, before) = match target.rollback() {
            Some(rollback) => (self.load(&rollback.good).await?, rollback.before),
            None => (target, false),
        };
        if ran(&target, &self.service, before).is_some() {
            return Ok((target, before));
        }
        let position = target.stage_position(stage);
        let was = position.and_then(|position| target.service_id(position));
        match was.filter(|was| *was != self.service) {
            Some(was) => Err(Refused::Elsewhere {
                release: id.clone(),
                stage: stage.to_string(),
                was: was.to_string(),
                service: self.service.clone(),
            }
            .into()),
            None => Err(NoWayBack::NeverServed {
                release: id.clone(),
                stage: stage.clone(),
            }
            .into()),
        }
    }

    async fn readable(&self, id: &ReleaseId) -> Result<Option<Release>, Failure> {
        Ok(match self.deployer.release_if_readable(id).await? {
            MaybeRead::Read(release) => release.map(|release| *release),
            MaybeRead::Unreadable(_) => None,
        })
    }

    /// What the stage is called in the release's own pipeline: it may have been renamed since.
    fn called_by(&self, release: &Release) -> StageName {
        let stage = release.home().stage_at(release.pipeline(), &self.service);
        let stage = stage.map(|stage| stage.name.clone());
        stage.unwrap_or_else(|| self.arguments.of.stage.clone())
    }

    async fn load(&self, id: &ReleaseId) -> Result<Release, Failure> {
        let release = self.deployer.release(id).await?;
        release.ok_or_else(|| Refused::NoSuchRelease(id.clone()).into())
    }

    fn report(
        &self,
        new: bool,
        taken_back: Option<ReleaseId>,
        rollback: Option<(ReleaseId, To)>,
    ) -> Report<'a> {
        let (rollback, to) = rollback.unzip();
        Report {
            pipeline: self.arguments.of.pipeline.as_str(),
            stage: self.arguments.of.stage.as_str(),
            service: self.service.to_string(),
            by: self.by.clone(),
            new,
            taken_back,
            taken_from: None,
            runs_instead: None,
            not_looked_at: None,
            rollback,
            to,
        }
    }
}
