//! `towpath status`: what runs in each stage, since when, and what is on its way.

mod judged;
mod text;

use std::collections::BTreeMap;
use std::io::Write;

use futures_util::future::{join_all, try_join};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::Serialize;
use towpath_core::names::{PipelineName, ReleaseId};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Block, Home, Outcome, ServiceRow, Summary};

use self::judged::{Instead, judge};
use super::history::{ReleaseLine, coloured};
use crate::deployer::orders::Orders;
use crate::deployer::reads::Reads;
use crate::deployer::{NoSuchPipeline, all_pipelines, service_of};
use crate::doctor::stage::StageAt;
use crate::doctor::stage_reads::{self, StageReads};
use crate::output::{Answer, Failure, Output, write_json};

/// How many of a pipeline's newest releases are read for the tags of those that run.
const NEWEST: usize = 50;

/// How many pipelines are looked at at once: enough to be quick, and few enough that AWS, whose limits
/// are low, does not refuse.
const AT_ONCE: usize = 8;

/// Show what runs in each stage and since when, what is in progress, and what is held or vetoed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath status\n  \
    towpath status shop-api --output json\n\n\
    It shows what the ledger knows and, where your credentials may ask, what the services run \
    and how their last deployments ended. Exits with 1 if something needs attention: a stage \
    is held, has no service, runs something that Towpath did not deploy and nobody accepted, \
    or stands on a failed deployment; a vetoed image runs; the last release failed, was rolled \
    back or is not trusted; or a pipeline cannot be read.")]
pub(super) struct Arguments {
    /// The pipeline; all of them if left out.
    pipeline: Option<PipelineName>,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    pipelines: Vec<PipelineStatus>,
    /// Parameters that hold no pipeline that can be used, with the reason.
    unusable: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct PipelineStatus {
    pipeline: PipelineName,
    repository: String,
    /// The version of its parameter.
    version: i64,
    stages: Vec<StageStatus>,
    #[serde(serialize_with = "as_lines")]
    open: Vec<Summary>,
    /// The releases that are not trusted, as long as nothing newer of the pipeline has succeeded.
    #[serde(serialize_with = "as_lines")]
    not_trusted: Vec<Summary>,
    /// Of the releases that have ended the one that was opened last, if it has not succeeded.
    last: Option<Last>,
}

/// Of the releases that have ended the one that was opened last.
struct Last(Summary);

impl Serialize for Last {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ReleaseLine::from(&self.0).serialize(serializer)
    }
}

#[derive(Serialize)]
struct StageStatus {
    stage: String,
    service: String,
    engine: &'static str,
    /// The last release that succeeded here; none where something else is found to run.
    runs: Option<Running>,
    /// What is found to run that Towpath has not deployed. Since when is not known.
    runs_instead: Option<Instead>,
    /// What Towpath left last, where something else is found to run.
    last_left: Option<Running>,
    /// The release that is being rolled out now.
    rolling_out: Option<Moving>,
    /// Why the stage takes no new release, if it does not.
    #[serde(serialize_with = "in_words")]
    hold: Option<Block>,
    /// What a failed deployment has left in place, if one has, or that there is no service.
    failed: Option<String>,
    /// What people should know of a service that no release has come to yet.
    know: Option<String>,
    /// What of the service could not be read, and why.
    not_looked_at: Option<String>,
}

#[derive(Serialize)]
struct Running {
    release: ReleaseId,
    /// The tag that it was pushed with; none when its summary is gone.
    tag: Option<String>,
    /// Its image; not known of what ran before Towpath.
    digest: Option<String>,
    revision: String,
    #[serde(skip)]
    called: String,
    /// Whether it is not what the release brought, but what ran before it.
    before_release: bool,
    since: Timestamp,
    /// Why its image is vetoed, if it is.
    #[serde(serialize_with = "in_words")]
    vetoed: Option<Block>,
}

#[derive(Serialize)]
struct Moving {
    release: ReleaseId,
    /// The tag that it was pushed with; none when its summary is gone.
    tag: Option<String>,
}

pub(super) async fn run<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let report = report(deployer, arguments.pipeline.as_ref(), deployer.prefix()).await?;
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => text::write(out, &report, deployer.now())?,
    }
    Ok(Answer::yes_if(report.ok))
}

async fn report<D: Orders + Reads>(
    deployer: &D,
    wanted: Option<&PipelineName>,
    prefix: &str,
) -> Result<Report, Failure> {
    let mut usable = Vec::new();
    let mut unusable = BTreeMap::new();
    let all = all_pipelines(deployer).await?;
    if let Some(wanted) = wanted {
        NoSuchPipeline::unless_kept(deployer, wanted, &all)?;
    }
    for kept in all {
        if wanted.is_some_and(|wanted| kept.called() != wanted.as_str()) {
            continue;
        }
        match kept.pipeline {
            Err(error) => {
                unusable.insert(kept.parameter.name.to_string(), error.to_string());
            }
            Ok(pipeline) => usable.push((pipeline, kept.parameter.version)),
        }
    }
    let pipelines: Vec<_> = if usable.is_empty() {
        Vec::new()
    } else {
        let (home, open) = try_join(deployer.home(), deployer.open_releases()).await?;
        let (home, open) = (&home, &open);
        let looks = usable.iter().map(|(pipeline, version)| async move {
            status_of(deployer, home, pipeline, *version, prefix, open).await
        });
        stream::iter(looks).buffered(AT_ONCE).try_collect().await?
    };
    let distrusted = pipelines.iter().any(|one| !one.not_trusted.is_empty());
    let unwell = pipelines.iter().any(PipelineStatus::ended_badly);
    let mut stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    let wanting = stages.any(|stage| {
        let vetoed = |running: &Running| running.vetoed.is_some();
        stage.hold.is_some()
            || stage.failed.is_some()
            || stage.runs_instead.as_ref().is_some_and(|it| it.holds)
            || stage.runs.as_ref().is_some_and(vetoed)
    });
    Ok(Report {
        ok: !wanting && !distrusted && !unwell && unusable.is_empty(),
        pipelines,
        unusable,
    })
}

async fn status_of<D: Orders + Reads>(
    deployer: &D,
    home: &Home,
    pipeline: &Pipeline,
    version: i64,
    prefix: &str,
    open: &[Summary],
) -> Result<PipelineStatus, Failure> {
    let services: Vec<_> = pipeline
        .stages
        .iter()
        .map(|stage| service_of(stage, home))
        .collect();
    let (rows, releases) = try_join(
        deployer.services(&services),
        deployer.releases_of(&pipeline.pipeline, NEWEST),
    )
    .await?;
    let looks = pipeline
        .stages
        .iter()
        .zip(&rows)
        .map(|(stage, row)| async move {
            let at = StageAt::new(pipeline, stage, home, prefix);
            // What is being rolled out is rolled back by its release, where it fails.
            let looked = match &row.owner {
                Some(_) => StageReads::default(),
                None => stage_reads::read(deployer, &at).await,
            };
            judge(&at, row, looked)
        });
    let judged = join_all(looks).await;
    let mut stages = Vec::with_capacity(rows.len());
    for (((stage, service), row), judged) in
        pipeline.stages.iter().zip(&services).zip(rows).zip(judged)
    {
        let ServiceRow {
            owner,
            last_good: good,
            hold,
            ..
        } = row;
        let last = match good {
            None => None,
            Some(good) => Some(Running {
                tag: match good.is_from_before {
                    false => tag_of(deployer, &good.release, &releases).await?,
                    true => None,
                },
                vetoed: match &good.digest {
                    Some(digest) => deployer.veto(digest).await?,
                    None => None,
                },
                release: good.release,
                digest: good.digest.map(|digest| digest.to_string()),
                called: good.revision.short().to_string(),
                before_release: good.is_from_before,
                revision: good.revision.to_string(),
                since: good.at,
            }),
        };
        let rolling_out = match owner {
            None => None,
            Some(release) => Some(Moving {
                tag: tag_of(deployer, &release, &releases).await?,
                release,
            }),
        };
        let (runs, last_left) = match &judged.runs_instead {
            None => (last, None),
            Some(_) => (None, last),
        };
        stages.push(StageStatus {
            stage: stage.name.to_string(),
            service: service.to_string(),
            engine: stage.engine.name(),
            runs,
            runs_instead: judged.runs_instead,
            last_left,
            rolling_out,
            hold,
            failed: judged.failed,
            know: judged.know,
            not_looked_at: judged.not_looked_at,
        });
    }
    let last = last_if_unsuccessful(&releases);
    let not_trusted = not_trusted(releases);
    // A rollback's image may have been pushed long before those at hand. A release that has ended
    // may still be open until people know it.
    let is_its = |one: &&Summary| one.pipeline == pipeline.pipeline && one.outcome.is_none();
    let open = open.iter().filter(is_its).cloned().collect();
    Ok(PipelineStatus {
        pipeline: pipeline.pipeline.clone(),
        repository: pipeline.repository.to_string(),
        version,
        stages,
        open,
        not_trusted,
        last,
    })
}

/// Of the releases that have ended the one that was opened last. One that a newer one has overtaken has
/// not ended for a reason of its own.
pub(super) fn last_ended(releases: &[Summary]) -> Option<&Summary> {
    let ended = releases.iter().filter(|one| match one.outcome {
        None | Some(Outcome::Superseded) => false,
        Some(
            Outcome::Succeeded
            | Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Stopped
            | Outcome::Refused
            | Outcome::Expired
            | Outcome::NotTrusted,
        ) => true,
    });
    ended.max_by_key(|one| one.opened_at)
}

/// The last one that has ended, if it has not succeeded. Those that are not trusted are told of by
/// themselves.
fn last_if_unsuccessful(releases: &[Summary]) -> Option<Last> {
    let last = last_ended(releases)?;
    match last.outcome? {
        Outcome::Succeeded | Outcome::NotTrusted => None,
        Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Superseded
        | Outcome::Stopped
        | Outcome::Refused
        | Outcome::Expired => Some(Last(last.clone())),
    }
}

impl PipelineStatus {
    /// Whether that release did not come through, or was rolled back. What people have stopped or left
    /// unanswered before it changed anything has ended as they wanted.
    fn ended_badly(&self) -> bool {
        match self.last.as_ref().and_then(|last| last.0.outcome) {
            Some(Outcome::Failed | Outcome::RolledBack) => true,
            None
            | Some(
                Outcome::Succeeded
                | Outcome::Superseded
                | Outcome::Stopped
                | Outcome::Refused
                | Outcome::Expired
                | Outcome::NotTrusted,
            ) => false,
        }
    }
}

/// Of releases, the newest first, those that are not trusted and came after the last success.
fn not_trusted(releases: Vec<Summary>) -> Vec<Summary> {
    let mut found = releases;
    let success = |one: &Summary| one.outcome == Some(Outcome::Succeeded);
    found.truncate(found.iter().position(success).unwrap_or(found.len()));
    found.retain(|one| one.outcome == Some(Outcome::NotTrusted));
    found
}

/// The tag of a release, from those at hand where it is among them.
async fn tag_of<D: Orders>(
    deployer: &D,
    release: &ReleaseId,
    at_hand: &[Summary],
) -> Result<Option<String>, Failure> {
    let tag = |summary: &Summary| summary.name().to_owned();
    match at_hand.iter().find(|one| one.release == *release) {
        Some(summary) => Ok(Some(tag(summary))),
        None => Ok(deployer.summary(release).await?.as_ref().map(tag)),
    }
}

fn in_words<T: ToString, S: serde::Serializer>(
    said: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    said.as_ref().map(ToString::to_string).serialize(serializer)
}

fn as_lines<S: serde::Serializer>(open: &[Summary], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(open.iter().map(ReleaseLine::from))
}
