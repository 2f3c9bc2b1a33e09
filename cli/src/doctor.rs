//! Examining an installation: is everything that a release will need as it has to be? One file per
//! topic; each check reads AWS through [`Reads`], changes nothing, and returns findings.

mod alarms;
mod capacity;
mod containers;
mod dead_letters;
pub(crate) mod drift;
pub(crate) mod engine;
mod finding;
pub(crate) mod functions;
mod image;
mod lifecycle_hooks;
mod listener_probe;
mod listeners;
mod logs;
mod orders;
mod pass_role;
mod places;
pub(crate) mod registries;
#[cfg(test)]
pub(crate) mod report;
mod repository;
mod roles;
mod rules;
#[cfg(test)]
pub(crate) mod samples;
mod scaling;
mod seals;
mod secrets;
pub(crate) mod service_row;
mod simulate;
mod slack;
pub(crate) mod stage;
pub(crate) mod stage_reads;
mod sweeper;
mod traffic;
mod trust;

use std::pin::Pin;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use towpath_core::names::PipelineName;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Home, ServiceRow};

use self::finding::Check;
pub(crate) use self::finding::{Finding, Severity};
use self::stage::{StageAt, StageState};
use crate::deployer::reads::Reads;
use crate::deployer::{Deployer, NoSuchPipeline, all_pipelines, description, service_of};
use crate::output::Failure;

/// How many checks run at once: enough to be quick, and few enough that IAM, whose limits are low,
/// does not refuse.
const AT_ONCE: usize = 8;

/// A check that has yet to run.
type Pending<'a> = Pin<Box<dyn Future<Output = Vec<Finding>> + 'a>>;

/// Examines one pipeline, or the deployer with all of them. The findings are in the order of what
/// they are about.
///
/// # Errors
/// When not even the pipelines can be read, or there is none of that name.
pub(crate) async fn examine<D: Deployer + Reads>(
    deployer: &D,
    prefix: &str,
    wanted: Option<&PipelineName>,
) -> Result<Vec<Finding>, Failure> {
    let home = deployer.home().await?;
    let (pipelines, mut findings) = pipelines(deployer, wanted).await?;
    let functions = description::functions(prefix, &home)?;
    let mut pending: Vec<Pending<'_>> = Vec::new();
    if wanted.is_none() {
        pending.push(Box::pin(async {
            vec![
                seals::check(deployer, prefix).await,
                orders::check(deployer, prefix, &home).await,
            ]
        }));
        for function in &functions {
            pending.push(Box::pin(functions::check(deployer, function)));
            for rule in &function.rules {
                pending.push(Box::pin(rules::check(deployer, rule)));
            }
            if let Some(queue) = &function.dead_letters {
                pending.push(Box::pin(dead_letters::check(deployer, queue)));
            }
            if function.name.ends_with("-sweeper") {
                let now = deployer.now();
                pending.push(Box::pin(sweeper::check(deployer, &function.name, now)));
            }
        }
    }
    if pipelines.iter().any(uses_slack) {
        pending.push(Box::pin(slack::check_token(deployer, prefix)));
    }
    if pipelines.iter().any(decides_in_slack) {
        pending.push(Box::pin(slack::check_senders(deployer, prefix)));
    }
    for pipeline in &pipelines {
        pending.push(Box::pin(async {
            let told = registries::check(deployer, prefix, pipeline, &home).await;
            told.into_iter().collect()
        }));
        pending.push(Box::pin(repository::check(deployer, pipeline, &home)));
        if let Some(channel) = &pipeline.notify.slack {
            let about = pipeline.pipeline.as_str();
            pending.push(Box::pin(slack::check_channel(deployer, about, channel)));
        }
        pending.push(Box::pin(stages(deployer, pipeline, &home, prefix)));
    }
    let found: Vec<_> = stream::iter(pending).buffered(AT_ONCE).collect().await;
    findings.extend(found.into_iter().flatten());
    Ok(findings)
}

/// The pipelines that are to be examined; those that cannot be used are findings.
async fn pipelines<D: Deployer>(
    deployer: &D,
    wanted: Option<&PipelineName>,
) -> Result<(Vec<Pipeline>, Vec<Finding>), Failure> {
    let mut pipelines = Vec::new();
    let mut findings = Vec::new();
    let all = all_pipelines(deployer).await?;
    if let Some(wanted) = wanted {
        NoSuchPipeline::unless_kept(deployer, wanted, &all)?;
    }
    for kept in all {
        if wanted.is_some_and(|wanted| wanted.as_str() != kept.called()) {
            continue;
        }
        let (name, last) = (kept.parameter.name.as_str(), kept.called());
        let check = Check {
            name: "pipeline",
            about: last,
        };
        match &kept.pipeline {
            Ok(pipeline) => {
                let version = kept.parameter.version;
                findings.push(check.ok(format!("can be used, version {version}")));
                pipelines.push(pipeline.clone());
            }
            Err(error) => findings.push(check.error(
                format!("{name} cannot be used: {error}"),
                "mend the file it was made from (towpath lint FILE) and store it again (towpath \
                 apply FILE)",
            )),
        }
    }
    Ok((pipelines, findings))
}

fn uses_slack(pipeline: &Pipeline) -> bool {
    let mut gates = pipeline
        .stages
        .iter()
        .filter_map(|stage| stage.approval.as_ref());
    pipeline.notify.slack.is_some() || gates.any(|gate| !gate.slack.is_empty())
}

/// Whether a click in Slack may decide something: an approval, or a rollback.
fn decides_in_slack(pipeline: &Pipeline) -> bool {
    let gates = pipeline
        .stages
        .iter()
        .filter_map(|stage| stage.approval.as_ref());
    let mut people = gates
        .flat_map(|gate| &gate.slack)
        .chain(&pipeline.operators);
    people.next().is_some()
}

/// Examines the stages of a pipeline, side by side.
async fn stages<D: Deployer + Reads>(
    deployer: &D,
    pipeline: &Pipeline,
    home: &Home,
    prefix: &str,
) -> Vec<Finding> {
    let services = pipeline.stages.iter().map(|stage| service_of(stage, home));
    let services: Vec<_> = services.collect();
    let rows = match deployer.services(&services).await {
        Ok(rows) => rows,
        Err(error) => {
            let check = Check {
                name: "ledger",
                about: pipeline.pipeline.as_str(),
            };
            return vec![check.unseen(
                format!("the ledger's rows of the services cannot be read: {error}"),
                "run doctor with credentials that may read the ledger's table",
            )];
        }
    };
    let stages = pipeline.stages.iter().zip(rows).map(|(stage, row)| {
        stage_checks(deployer, StageAt::new(pipeline, stage, home, prefix), row)
    });
    join_all(stages).await.into_iter().flatten().collect()
}

async fn stage_checks<R: Reads>(reads: &R, at: StageAt<'_>, row: ServiceRow) -> Vec<Finding> {
    let (mut findings, parts) =
        futures_util::future::join(roles::check(reads, &at), engine::check_parts(reads, &at)).await;
    match at.read(reads, row).await {
        Ok(seen) => {
            findings.extend(engine::check(&seen));
            findings.extend(parts);
            findings.extend(service_checks(reads, &seen).await);
        }
        Err(instead) => findings.extend(instead),
    }
    findings
}

async fn service_checks<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let pending: Vec<Pending<'_>> = vec![
        Box::pin(async { containers::check(seen) }),
        Box::pin(lifecycle_hooks::check(reads, seen)),
        Box::pin(listeners::check(reads, seen)),
        Box::pin(image::check(reads, seen)),
        Box::pin(pass_role::check(reads, seen)),
        Box::pin(secrets::check(reads, seen)),
        Box::pin(logs::check(reads, seen)),
        Box::pin(scaling::check(reads, seen)),
        Box::pin(capacity::check(reads, seen)),
        Box::pin(alarms::check(reads, seen)),
        Box::pin(service_row::check(reads, seen)),
        Box::pin(async { drift::check(seen) }),
    ];
    join_all(pending).await.into_iter().flatten().collect()
}
