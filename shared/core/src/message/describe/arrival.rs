//! A release begins, comes to a stage, and meets others there.

use towpath_taskdef::image::Tag;

use super::{Context, Description, because, because_in_slack, plain};
use crate::message::escape::slack_text;
use crate::message::reason::{Fact, Parts};
use crate::message::said::AlreadySaid;
use crate::message::style::{SLACK, person, to_the_second};
use crate::message::waiting::{at_stage, sentence};
use crate::names::{ReleaseId, StageName};
use crate::pipeline::Pipeline;
use crate::release::{BlockedBy, Image, ImageChange, Plan, Rollback, ServiceId, Waiting, WaitsOn};

pub(super) fn opened(pipeline: &Pipeline, version: i64, image: &Image) -> Description {
    Description::new(format!(
        "{}:{} was pushed at {}; pipeline {} takes it (its version {version})",
        image.repository,
        image.tag,
        to_the_second(image.arrived_at),
        pipeline.pipeline
    ))
}

pub(super) fn rollback_opened(
    said: &mut AlreadySaid,
    rollback: &Rollback,
    tag: &Tag,
) -> Description {
    let (stage, good) = (&rollback.stage, &rollback.good_release);
    let to = rollback.called(tag);
    let of = match rollback.is_from_before {
        true => format!("{to} ({good})"),
        false => format!("{to} of {good} ({})", rollback.revision.short()),
    };
    said.has_hold(&rollback.hold_reason(None));
    let why = rollback.reason.as_deref();
    Description::new(format!(
        "{stage} is to be rolled back to {of}{}",
        because(why)
    ))
    .line(format!(
        ":leftwards_arrow_with_hook: {} rolls *{stage}* back to {}{}",
        person(&rollback.by),
        slack_text(&to),
        because_in_slack(why)
    ))
}

pub(super) fn planned(stage: &StageName, plan: &Plan) -> Description {
    let would = if plan.runs_already() {
        format!("{} runs it already", plan.previous)
    } else {
        let change = |change: &ImageChange| {
            let (from, to) = (plain(&change.from), plain(&change.to));
            format!("{} from {from} to {to}", change.container)
        };
        let images: Vec<_> = plan.images.iter().map(change).collect();
        format!(
            "{} in {} (task definition {})",
            images.join(", "),
            plan.previous,
            plan.spec.short()
        )
    };
    Description::new(format!("{stage}: planned: {would}"))
}

pub(super) fn blocked(
    told: Context<'_>,
    said: &mut AlreadySaid,
    stage: &StageName,
    by: &BlockedBy,
) -> Description {
    let pipeline = told.release.pipeline();
    let waiting = Waiting {
        pipeline: pipeline.pipeline.clone(),
        stage: stage.clone(),
        on: WaitsOn::Blocked(by.clone()),
    };
    let is_news = by.hold().is_none_or(|hold| {
        let on_hold = Parts::of(Fact::OnHold(hold.clone()), hold.to_string());
        said.news_of(on_hold).is_some()
    });
    let in_slack = || format!(":hourglass: *{stage}*: {}", sentence(&waiting, SLACK));
    Description::new(at_stage(&waiting)).line(is_news.then(in_slack))
}

pub(super) fn superseded(tag: &Tag) -> Description {
    Description::new(format!("{tag} arrived here too, and is newer"))
}

pub(super) fn overtook(older: &ReleaseId) -> Description {
    Description::bookkeeping(format!("told the older release {older}, which waited here"))
}

pub(super) fn replaced(
    stage: &StageName,
    by: &ReleaseId,
    tag: Option<&Tag>,
    back: bool,
) -> Description {
    let tag = tag.map_or("what ran before", |tag| tag.as_str());
    Description::new(if back {
        format!("{stage}: {by} rolled back to {tag}, which serves there instead")
    } else {
        format!("{stage}: {tag} serves there instead, rolled out by {by}")
    })
}

pub(super) fn brought_back(stage: &StageName, by: &ReleaseId) -> Description {
    Description::new(format!(
        "{stage}: {by} rolled back to it, and it serves there again"
    ))
}

pub(super) fn told_earlier(earlier: &ReleaseId, service: &ServiceId) -> Description {
    Description::bookkeeping(format!(
        "told {earlier}, which it concerns, what serves in {service}"
    ))
}

pub(super) fn woke(service: &ServiceId, next: Option<&ReleaseId>) -> Description {
    Description::bookkeeping(match next {
        Some(next) => format!("{service} is free; woke {next}"),
        None => format!("{service} is free; nobody waited"),
    })
}
