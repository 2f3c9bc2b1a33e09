//! `towpath veto` and `towpath lift-veto`: whether an image may be rolled out.

use std::collections::BTreeSet;
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Incoming, Order, Principal, Release, Subject};
use towpath_deployer::handlers::Recorded;
use towpath_taskdef::image::{Digest, Tag};

use super::carriers::{Whereabouts, carriers};
use super::ordered::{Ordered, Words};
use super::stage::reason;
use crate::deployer::orders::Orders;
use crate::describe::safe;
use crate::output::{Answer, Failure, NAME, Output, QUIET, write_json};

const VETO: Words = Words {
    thing: "veto",
    set: "vetoed",
};

/// Block an image from all future rollouts: by its digest, under every tag and in every pipeline.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath veto shop-api-0123456789abcdef --reason 'loses orders'\n  \
    towpath veto sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45 \
    --reason 'loses orders'\n\n\
    Releases of this image in progress end as refused. Services already running it are not \
    touched: use `towpath rollback` there. The pipelines' channels are notified.")]
pub(super) struct Veto {
    /// The image's digest, or a release that carries it.
    #[arg(value_name = "DIGEST|RELEASE")]
    image: Named,
    /// Why, for everybody whose release it stops.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
    /// Veto a digest that is in no pipeline's repository yet.
    #[arg(long)]
    not_pushed_yet: bool,
}

/// Unblock a vetoed image.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    towpath lift-veto shop-api-0123456789abcdef --reason 'it was the database'\n\n\
    Releases that the veto has ended stay ended: push the image again under another tag. The \
    pipelines' channels are notified.")]
pub(super) struct LiftVeto {
    /// The image's digest, or a release that carries it.
    #[arg(value_name = "DIGEST|RELEASE")]
    image: Named,
    /// Why, for the audit trail.
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,
}

/// What an image is named by.
#[derive(Debug, Clone)]
enum Named {
    Digest(Digest),
    Release(ReleaseId),
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            let digest = text.parse().map(Self::Digest);
            return digest.map_err(|error: towpath_taskdef::image::ImageError| error.to_string());
        }
        text.parse().map(Self::Release).map_err(|_| {
            "neither a digest (sha256:… of 64 digits) nor a release, as `towpath history` shows them"
                .into()
        })
    }
}

/// A release that is not in the ledger.
#[derive(Debug, thiserror::Error)]
#[error("there is no release {0}: `towpath history` shows those there are")]
struct NoSuchRelease(ReleaseId);

/// A digest that is vetoed in vain.
#[derive(Debug, thiserror::Error)]
#[error(
    "no repository of a pipeline has {0}: look at the digest again, or add --not-pushed-yet if its image is still to come"
)]
struct UnknownImage(Digest);

#[derive(Serialize)]
struct Report<'a> {
    digest: String,
    /// A tag that it was pushed under, where one is known.
    tag: Option<Tag>,
    #[serde(flatten)]
    ordered: Ordered<'a>,
    /// Why the image is vetoed now, if it is.
    veto: Option<String>,
    /// The releases on their way that were notified.
    notified: Vec<ReleaseId>,
    /// What has to be done for the image to be rolled out, where its veto was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    way_on: Option<String>,
}

pub(super) async fn veto<D: Orders>(
    deployer: &D,
    arguments: &Veto,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let (digest, release) = image_of(deployer, &arguments.image).await?;
    let carriers = carriers(deployer, &digest, release.as_ref()).await;
    let whereabouts = carriers.whereabouts();
    let (pipelines, mut warnings) = carriers.into_notified();
    let tag = tag_of(deployer, &digest, release.as_ref(), &pipelines).await;
    match (&arguments.image, whereabouts) {
        // Most digits that are mistyped name no image, and would veto nothing without a word.
        (Named::Digest(_), Whereabouts::Nowhere) if !arguments.not_pushed_yet => {
            return Err(UnknownImage(digest).into());
        }
        // What cannot be asked keeps no veto from counting.
        (Named::Digest(_), Whereabouts::NotKnown) if !arguments.not_pushed_yet => warnings.push(
            format!("no repository that could be asked has {digest}: look at the digest again"),
        ),
        (
            Named::Digest(_) | Named::Release(_),
            Whereabouts::Somewhere | Whereabouts::Nowhere | Whereabouts::NotKnown,
        ) => {}
    }
    let by = deployer.caller().await?;
    let subject = Subject::Image(digest);
    // The veto itself comes first: whatever takes a service from now on meets it.
    let issued = deployer
        .issue(
            &subject,
            Order::Veto,
            &by,
            &arguments.reason,
            &pipelines,
            tag.as_ref(),
        )
        .await?;
    let notified = notify_releases(deployer, &digest, &by, &arguments.reason).await?;
    let ordered = Ordered::new(Order::Veto, &issued, warnings);
    write(out, output, &report(&digest, tag, ordered, notified))
}

pub(super) async fn lift<D: Orders>(
    deployer: &D,
    arguments: &LiftVeto,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let (digest, release) = image_of(deployer, &arguments.image).await?;
    let carriers = carriers(deployer, &digest, release.as_ref()).await;
    let (pipelines, warnings) = carriers.into_notified();
    let tag = tag_of(deployer, &digest, release.as_ref(), &pipelines).await;
    let by = deployer.caller().await?;
    let issued = deployer
        .issue(
            &Subject::Image(digest),
            Order::LiftVeto,
            &by,
            &arguments.reason,
            &pipelines,
            tag.as_ref(),
        )
        .await?;
    let ordered = Ordered::new(Order::LiftVeto, &issued, warnings);
    let mut report = report(&digest, tag, ordered, Vec::new());
    if report.ordered.changed() {
        report.way_on = Some(push_again(&pipelines));
    }
    write(out, output, &report)
}

/// The image, and the release that it is named by.
async fn image_of<D: Orders>(
    deployer: &D,
    image: &Named,
) -> Result<(Digest, Option<Release>), Failure> {
    match image {
        Named::Digest(digest) => Ok((*digest, None)),
        // Its entries say what it carries: whoever edits its summary does not choose what is vetoed.
        Named::Release(id) => match deployer.release(id).await? {
            Some(release) => Ok((release.image().digest, Some(release))),
            None => Err(NoSuchRelease(id.clone()).into()),
        },
    }
}

/// How many of a pipeline's releases are looked through for the image's tag.
const NEWEST: usize = 20;

/// How long a tag is looked for: what people are told is no reason to let the order wait.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The tag by which people know the image: that of the release which it is named by, or of the newest
/// one that carries it. Without one the digest has to do.
async fn tag_of<D: Orders>(
    deployer: &D,
    digest: &Digest,
    release: Option<&Release>,
    pipelines: &[Pipeline],
) -> Option<Tag> {
    if let Some(release) = release {
        return Some(release.image().tag.clone());
    }
    let looked = pipelines.iter().map(async |pipeline| {
        let releases = deployer.releases_of(&pipeline.pipeline, NEWEST).await;
        let mut carrying = releases.into_iter().flatten();
        carrying
            .find(|one| one.digest == *digest)
            .map(|one| one.tag)
    });
    let looked = tokio::time::timeout(TIMEOUT, join_all(looked)).await;
    looked.ok()?.into_iter().flatten().next()
}

/// Tells the releases of the image that are on their way. It is done also where the image was
/// vetoed before: whoever did that may not have got this far.
async fn notify_releases<D: Orders>(
    deployer: &D,
    digest: &Digest,
    by: &Principal,
    reason: &str,
) -> Result<Vec<ReleaseId>, Failure> {
    let mut notified = Vec::new();
    let open = deployer.open_releases().await?;
    for one in open.into_iter().filter(|one| one.digest == *digest) {
        let veto = Incoming::Veto {
            by: by.clone(),
            reason: reason.to_owned(),
        };
        match deployer.record(&one.release, by, veto).await? {
            Recorded::Added(_) => notified.push(one.release),
            Recorded::Known(_) | Recorded::NoSuchRelease => {}
            Recorded::Refused(refusal) => return Err(refusal.into()),
        }
    }
    Ok(notified)
}

fn report<'a>(
    digest: &Digest,
    tag: Option<Tag>,
    ordered: Ordered<'a>,
    notified: Vec<ReleaseId>,
) -> Report<'a> {
    Report {
        digest: digest.to_string(),
        tag,
        veto: ordered.why().map(str::to_owned),
        ordered,
        notified,
        way_on: None,
    }
}

/// How the image is rolled out after all, by the rules of the pipelines that may take it.
fn push_again(pipelines: &[Pipeline]) -> String {
    let rules: BTreeSet<_> = pipelines.iter().map(|one| one.tags.another()).collect();
    let again = "releases that the veto has ended stay ended: push the image under a new tag";
    let mut text = again.to_owned();
    for rule in rules {
        text.push_str("; ");
        text.push_str(&rule);
    }
    text
}

fn write(out: &mut dyn Write, output: Output, report: &Report<'_>) -> Result<Answer, Failure> {
    match output {
        Output::Json => write_json(out, report)?,
        Output::Text => write_text(out, report)?,
    }
    Ok(Answer::Yes)
}

fn write_text(out: &mut dyn Write, report: &Report<'_>) -> Result<(), Failure> {
    let name = match &report.tag {
        Some(tag) => format!("{NAME}{tag}{NAME:#} ({})", report.digest),
        None => format!("{NAME}{}{NAME:#}", report.digest),
    };
    report.ordered.write(out, &name, &VETO)?;
    for release in &report.notified {
        writeln!(out, "{release} is on its way with it, and was notified")?;
    }
    if let Some(way_on) = &report.way_on {
        writeln!(out, "{QUIET}{}{QUIET:#}", safe(way_on))?;
    }
    if report.veto.is_some() {
        writeln!(
            out,
            "{QUIET}where it serves it goes on serving: `towpath rollback` rolls it back{QUIET:#}"
        )?;
    }
    Ok(())
}
