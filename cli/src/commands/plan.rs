//! `towpath plan`: what a push would do in a stage.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;
use towpath_core::names::{PipelineName, StageName};
use towpath_core::pipeline::{ApprovalPoint, Pipeline, Stage, TagVerdict};
use towpath_core::release::{
    Actor, Drift, Entry, Event, Home, Image, Plan, Principal, Release, approvers, planning,
    release_id,
};
use towpath_deployer::Preview;
use towpath_taskdef as taskdef;
use towpath_taskdef::image::{Digest, ImageRef, Registry, RepositoryName, Tag};

use super::stage;
use crate::deployer::{Deployer, NoSuchPipeline, all_pipelines};
use crate::describe::safe;
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, QUIET, write_json};

/// Show what a push would do in a stage: the changed task definition, the engine, and who has to
/// approve.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath plan shop-api --stage production --image 3f2c1ab\n  \
    towpath plan shop-api --stage staging --image shop/api:3f2c1ab --output json\n\n\
    It only reads. Exits with 0 if the service would run the same as now, 1 if it would change, and \
    3 if nothing would be deployed because no push of the tag is taken or the image is vetoed.")]
pub(super) struct Arguments {
    /// The pipeline.
    pipeline: PipelineName,
    /// The stage.
    #[arg(long, value_name = "STAGE")]
    stage: StageName,
    /// The image: a tag, or a name with a tag, plus a digest if it is not pushed yet.
    #[arg(long, value_name = "REF")]
    image: String,
}

#[derive(Serialize)]
struct Report<'a> {
    pipeline: &'a PipelineName,
    stage: &'a StageName,
    service: String,
    image: String,
    /// Whether a push of the tag is taken, and by which rule.
    takes: TagVerdict,
    /// Why the image's releases would be refused, if it is vetoed.
    veto: Option<String>,
    engine: &'static str,
    /// What runs now, or is being rolled out.
    current: &'a str,
    /// What is being rolled out now, where the service shows that already.
    rolling_out: Option<RollingOut<'a>>,
    /// The revision that would be used again; none where one would be registered.
    reuses: Option<&'a str>,
    /// The fingerprint that an approval is bound to.
    spec: &'a str,
    approval: Option<Gate>,
    checks: Vec<String>,
    /// Whether auto scaling would be suspended meanwhile.
    suspends_auto_scaling: bool,
    /// What the service would wait for before it is taken.
    waits_for: Option<String>,
    /// What people should know of how the service is set up.
    remarks: Vec<String>,
    unknown_fields: &'a [String],
    same: bool,
    changes: Value,
}

/// A rollout that is under way.
#[derive(Serialize)]
struct RollingOut<'a> {
    release: &'a str,
    /// The revision that served before, which has the traffic until the rollout moves it; none where
    /// the ledger does not know it.
    served: Option<&'a str>,
}

#[derive(Serialize)]
struct Gate {
    required: u8,
    /// When they are asked.
    when: ApprovalPoint,
    who: Vec<String>,
    expires: String,
}

pub(super) async fn run<D: Deployer>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let (pipeline, version) = find(deployer, &arguments.pipeline).await?;
    let stage = stage::named(&pipeline, &arguments.stage)?;
    let home = deployer.home().await?;
    let image = find_image(deployer, &pipeline, &home, &arguments.image).await?;
    let release = rehearsed(deployer, &pipeline, version, home, image)?;
    let request = planning(&release, stage).ok_or("the stage has no service")?;
    let preview = deployer.preview(&request).await?;
    let diff = taskdef::diff(&preview.running, &preview.rendered);
    let report = report(&release, stage, &preview, &diff);
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => {
            write_text(out, &report)?;
            let unified = diff.unified("runs now", "would run", true);
            write!(out, "{unified}")?;
        }
    }
    let is_taken = match &report.takes {
        TagVerdict::Taken(_) => true,
        TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
    };
    Ok(if is_taken && report.veto.is_none() {
        Answer::yes_if(report.same)
    } else {
        Answer::Never
    })
}

/// The pipeline of that name, with the version of its parameter.
async fn find<D: Deployer>(deployer: &D, name: &PipelineName) -> Result<(Pipeline, i64), Failure> {
    let all = all_pipelines(deployer).await?;
    let kept = NoSuchPipeline::unless_kept(deployer, name, &all)?;
    Ok((kept.pipeline.clone()?, kept.parameter.version))
}

async fn find_image<D: Deployer>(
    deployer: &D,
    pipeline: &Pipeline,
    home: &Home,
    wanted: &str,
) -> Result<Image, Failure> {
    let (tag, digest) = named(wanted, &home.registry_of(pipeline), &pipeline.repository)?;
    let registry = home.registry_of(pipeline);
    let repository = pipeline.repository.clone();
    let (digest, arrived_at) = match digest {
        Some(digest) => (digest, deployer.now()),
        None => {
            let found = deployer.image(&registry, &repository, &tag).await?;
            let found = found.ok_or_else(|| match pipeline.tags.judge(&tag) {
                TagVerdict::Taken(_) => format!(
                    "{registry}/{repository} has no image `{tag}`: push it, or add its digest as {tag}@sha256:…"
                ),
                TagVerdict::Ignored(why) => format!(
                    "{registry}/{repository} has no image `{tag}`, and a push of it would be ignored: {why}"
                ),
                TagVerdict::Refused(why) => format!(
                    "{registry}/{repository} has no image `{tag}`, and a push of it would be refused: {why}"
                ),
            })?;
            (found.digest, found.pushed_at)
        }
    };
    Ok(Image {
        registry,
        repository,
        digest,
        tag,
        arrived_at,
    })
}

/// The tag, and the digest if there is one, of `TAG`, `TAG@DIGEST` or an image's name.
fn named(
    wanted: &str,
    registry: &Registry,
    repository: &RepositoryName,
) -> Result<(Tag, Option<Digest>), Failure> {
    let (name, digest) = match wanted.split_once('@') {
        Some((name, digest)) => (name, Some(digest.parse()?)),
        None => (wanted, None),
    };
    if let Ok(tag) = name.parse::<Tag>() {
        return Ok((tag, digest));
    }
    let image: ImageRef = name.parse()?;
    // Without a registry the name is read as one of Docker Hub, and stands for the pipeline's own.
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if image.registry().to_string() == host.to_ascii_lowercase() => {
            (Some(image.registry()), path)
        }
        Some(_) | None => (None, name),
    };
    let path = path.rsplit_once(':').map_or(path, |(path, _tag)| path);
    if path != repository.as_str() || host.is_some_and(|host| !host.same_as(registry)) {
        return Err(
            format!("the pipeline takes images of {registry}/{repository}, not of {name}").into(),
        );
    }
    let tag = image
        .tag()
        .cloned()
        .ok_or("name the image by its tag, since a push has one")?;
    Ok((tag, digest))
}

/// The release that a push of the image would open. Nobody opens it.
fn rehearsed<D: Deployer>(
    deployer: &D,
    pipeline: &Pipeline,
    version: i64,
    home: Home,
    image: Image,
) -> Result<Release, Failure> {
    let id = release_id(&pipeline.pipeline, &image.digest, &image.tag);
    let opened = Event::Opened {
        pipeline: Box::new(pipeline.clone()),
        version,
        home,
        image,
        rollback: None,
    };
    let actor = Actor::Function("plan".into());
    let entry = Entry::after(None, &id, deployer.now(), actor, opened);
    Ok(Release::fold(id, vec![entry])?)
}

fn report<'a>(
    release: &'a Release,
    stage: &'a Stage,
    preview: &'a Preview,
    diff: &taskdef::Diff,
) -> Report<'a> {
    let Plan {
        previous: current,
        spec,
        reuse,
        service,
        unknown_fields,
        remarks,
        veto,
        ..
    } = &preview.plan;
    let image = release.image();
    let owner = || Some(service.owner.as_ref()?.to_string());
    let waits_for = service
        .hold
        .as_ref()
        .map(ToString::to_string)
        .or_else(owner);
    Report {
        pipeline: &release.pipeline().pipeline,
        stage: &stage.name,
        service: format!("{}/{}", stage.cluster, stage.service),
        image: format!("{}/{}@{}", image.registry, image.repository, image.digest),
        takes: release.pipeline().tags.judge(&image.tag),
        veto: veto.as_ref().map(ToString::to_string),
        engine: stage.engine.name(),
        current: current.as_str(),
        rolling_out: rolling_out(&preview.plan),
        reuses: reuse.as_ref().map(|revision| revision.as_str()),
        spec: spec.as_str(),
        approval: stage.approval.as_ref().map(|gate| {
            let who = approvers(gate).map(|one| match &one {
                Principal::TokenHolder => format!("the {one}"),
                Principal::Slack(_) | Principal::Aws(_) | Principal::Deployer => one.to_string(),
            });
            Gate {
                required: gate.required,
                when: gate.when,
                who: who.collect(),
                expires: gate.expires.to_string(),
            }
        }),
        checks: stage
            .checks
            .iter()
            .map(|check| format!("{} ({})", check.name, check.at))
            .collect(),
        suspends_auto_scaling: preview.plan.suspends().is_some(),
        waits_for,
        remarks: remarks.iter().map(ToString::to_string).collect(),
        unknown_fields,
        same: preview.plan.runs_already(),
        changes: diff.to_json(),
    }
}

/// The rollout that is under way, where the service shows its revision as its own. Which one has the
/// traffic the service does not say then: ECS names what a blue/green deployment is to bring.
fn rolling_out(plan: &Plan) -> Option<RollingOut<'_>> {
    let owner = plan.service.owner.as_ref()?;
    let served = match plan.service.drift(&plan.previous) {
        // It has not come to the service yet.
        Drift::AsLeft(_) => return None,
        Drift::Changed(left) => Some(left.as_str()),
        Drift::NotKnown(good) => Some(good.revision.as_str()),
        Drift::Untouched => None,
    };
    Some(RollingOut {
        release: owner.as_str(),
        served,
    })
}

fn write_text(out: &mut dyn Write, report: &Report<'_>) -> Result<(), Failure> {
    writeln!(
        out,
        "{NAME}{}{NAME:#} to {NAME}{}{NAME:#} ({}, {})",
        safe(&report.image),
        report.stage,
        report.service,
        report.engine
    )?;
    let (style, taken) = match &report.takes {
        TagVerdict::Taken(why) => (GOOD, format!("a push is taken: {why}")),
        TagVerdict::Ignored(why) => (BAD, format!("a push would be ignored: {why}")),
        TagVerdict::Refused(why) => (BAD, format!("a push would be refused: {why}")),
    };
    writeln!(out, "  {style}{}{style:#}", safe(&taken))?;
    if let Some(veto) = &report.veto {
        writeln!(
            out,
            "  {BAD}vetoed        {}: nothing of it is rolled out{BAD:#}",
            safe(veto)
        )?;
    }
    match &report.rolling_out {
        None => writeln!(out, "  runs now      {}", report.current)?,
        Some(RollingOut { release, served }) => {
            let served = served.unwrap_or("what ran before");
            writeln!(
                out,
                "  rolling out   {}, by {release}: {served} may still have the traffic",
                report.current
            )?;
        }
    }
    match report.reuses {
        Some(_) if report.same && report.rolling_out.is_some() => {
            writeln!(out, "  would run     what is being rolled out")?;
        }
        Some(_) if report.same => writeln!(out, "  would run     the same: nothing is deployed")?,
        Some(revision) => writeln!(out, "  would run     {revision}, which is there already")?,
        None => writeln!(
            out,
            "  would run     a new revision {QUIET}({}){QUIET:#}",
            &report.spec[..12]
        )?,
    }
    match &report.approval {
        Some(gate) => writeln!(
            out,
            "  approval      {} of: {}, within {}, {}",
            gate.required,
            gate.who.join(", "),
            gate.expires,
            match gate.when {
                ApprovalPoint::BeforeRollout => "before anything is changed (before_rollout)",
                ApprovalPoint::BeforeTraffic =>
                    "when green is verified and traffic is about to move (before_traffic)",
            }
        )?,
        None => writeln!(out, "  approval      nobody is asked")?,
    }
    if !report.checks.is_empty() {
        writeln!(out, "  checks        {}", report.checks.join(", "))?;
    }
    if report.suspends_auto_scaling {
        writeln!(out, "  auto scaling  suspended meanwhile")?;
    }
    if let Some(keeper) = &report.waits_for {
        writeln!(out, "  {BAD}waits for     {}{BAD:#}", safe(keeper))?;
    }
    for remark in &report.remarks {
        writeln!(out, "  {BAD}know that     {}{BAD:#}", safe(remark))?;
    }
    for field in report.unknown_fields {
        writeln!(
            out,
            "  {QUIET}kept          {}, which this version does not know{QUIET:#}",
            safe(field)
        )?;
    }
    Ok(())
}
