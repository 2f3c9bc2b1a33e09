//! What a bulletin says: in Slack as a message of its own, and by e-mail.

use serde_json::json;
use towpath_taskdef::image::Tag;

use super::escape::{one_line, slack_text};
use super::outgoing::{Message, mrkdwn, subject};
use super::style::person;
use crate::bulletin::{Bulletin, News, StageOf};
use crate::names::ParameterName;

/// How many stages or pipelines a message names.
const MAX_NAMED: usize = 10;
/// What people do about a release that is not trusted.
const WAY_OUT: &str = "Somebody may have written to the ledger who had no business there: find out who, \
     and bring back what is to serve with";

/// What a bulletin says in Slack.
pub(super) fn in_slack(bulletin: &Bulletin) -> Message {
    let text = match &bulletin.news {
        News::TagNotTaken {
            pipeline,
            repository,
            tag,
            reason,
        } => format!(
            ":information_source: *{pipeline}* does not deploy `{}`: {}",
            slack_text(&format!("{repository}:{tag}")),
            slack_text(reason)
        ),
        News::PipelineStuck { parameter, problem } => format!(
            ":warning: *{}*: nothing of it is deployed: {}",
            slack_text(name_of(parameter)),
            slack_text(problem)
        ),
        News::Hold {
            lifted,
            rolling_out,
            stages,
            by,
            reason,
        } => {
            let sign = if *lifted {
                ":arrow_forward:"
            } else {
                ":octagonal_sign:"
            };
            let (did, means) = hold(*lifted, *rolling_out, stages);
            format!(
                "{sign} {} {did} of *{}*: {}\n{means}",
                person(by),
                named(stages),
                slack_text(reason)
            )
        }
        News::Veto {
            lifted,
            digest,
            tag,
            pipelines,
            by,
            reason,
        } => {
            let sign = if *lifted {
                ":arrow_forward:"
            } else {
                ":no_entry:"
            };
            let (did, means) = veto(*lifted, &digest.to_string());
            let image = image(tag.as_ref());
            format!(
                "{sign} {} {did} {} that *{}* may carry: {}\n{means}",
                person(by),
                slack_text(&image),
                listed(pipelines.iter()),
                slack_text(reason)
            )
        }
        News::NotTrusted {
            pipeline,
            release,
            problem,
        } => format!(
            ":rotating_light: *{pipeline}* does not go on with `{release}`: {}. {WAY_OUT} `towpath rollback {pipeline} STAGE`",
            slack_text(problem)
        ),
    };
    let blocks = json!([{ "type": "section", "text": mrkdwn(&text) }]);
    Message {
        subject: None,
        text,
        blocks: Some(blocks),
    }
}

/// A bulletin's e-mail.
pub(super) fn by_mail(bulletin: &Bulletin) -> Message {
    let (subject, text) = mail(bulletin);
    Message {
        subject: Some(subject),
        text,
        blocks: None,
    }
}

fn mail(bulletin: &Bulletin) -> (String, String) {
    match &bulletin.news {
        News::TagNotTaken {
            pipeline,
            repository,
            tag,
            reason,
        } => (
            subject(&format!("[towpath] {pipeline}: {tag} is not deployed")),
            format!(
                "{pipeline} does not deploy {repository}:{tag}: {}\n",
                one_line(reason, 2_000)
            ),
        ),
        News::PipelineStuck { parameter, problem } => {
            let pipeline = name_of(parameter);
            (
                subject(&format!("[towpath] {pipeline}: nothing of it is deployed")),
                format!(
                    "Nothing of {pipeline} is deployed: {}\n",
                    one_line(problem, 2_000)
                ),
            )
        }
        News::Hold {
            lifted,
            rolling_out,
            stages,
            by,
            reason,
        } => {
            let now = if *lifted {
                "is on hold no more"
            } else {
                "is on hold"
            };
            let (did, means) = hold(*lifted, *rolling_out, stages);
            (
                subject(&format!("[towpath] {} {now}", named(stages))),
                format!(
                    "{} {did} of {}: {}\n\n{means}\n",
                    one_line(&by.to_string(), 2_000),
                    named(stages),
                    one_line(reason, 2_000)
                ),
            )
        }
        News::Veto {
            lifted,
            digest,
            tag,
            pipelines,
            by,
            reason,
        } => {
            let now = if *lifted {
                "is vetoed no more"
            } else {
                "is vetoed"
            };
            let (did, means) = veto(*lifted, &digest.to_string());
            let image = image(tag.as_ref());
            (
                subject(&format!(
                    "[towpath] {}: {image} {now}",
                    listed(pipelines.iter())
                )),
                format!(
                    "{} {did} {image} that {} may carry: {}\n\n{means}\n",
                    one_line(&by.to_string(), 2_000),
                    listed(pipelines.iter()),
                    one_line(reason, 2_000)
                ),
            )
        }
        News::NotTrusted {
            pipeline,
            release,
            problem,
        } => (
            subject(&format!("[towpath] {pipeline}: {release} is not trusted")),
            format!(
                "{pipeline} does not go on with {release}: {}. {WAY_OUT} towpath rollback {pipeline} STAGE\n",
                one_line(problem, 2_000)
            ),
        ),
    }
}

/// The pipeline's name: the last part of its parameter's.
fn name_of(parameter: &ParameterName) -> &str {
    let name = parameter.as_str();
    name.rsplit('/').next().unwrap_or(name)
}

/// What was done about a hold, and what that means.
fn hold(lifted: bool, rolling_out: bool, stages: &[StageOf]) -> (&'static str, String) {
    if lifted {
        let goes_on = if rolling_out {
            "What is being rolled out there is finished first; if that is a rollback, it holds the stage again."
        } else {
            "A release that waits there goes on."
        };
        let means = format!("What runs there now is accepted. {goes_on}");
        return ("lifted the hold", means);
    }
    let lift = stages
        .first()
        .map(|it| format!("{} {}", it.pipeline, it.stage))
        .unwrap_or_default();
    let means = format!(
        "New releases wait there. What is being rolled out is finished, and rollbacks go on. `towpath release-hold {lift} --reason …` lifts it."
    );
    ("ordered a hold", means)
}

/// What was done about a veto, and what that means.
fn veto(lifted: bool, digest: &str) -> (&'static str, String) {
    if lifted {
        let means = format!("`{digest}` may be rolled out again: push it under a new tag.");
        return ("lifted the veto of", means);
    }
    let means = format!(
        "`{digest}` is blocked from all future rollouts but rollbacks; services already running it are not touched, and `towpath rollback` rolls one back. `towpath lift-veto {digest} --reason …` lifts it."
    );
    ("vetoed", means)
}

/// How people call an image.
fn image(tag: Option<&Tag>) -> String {
    match tag {
        Some(tag) => format!("the image {tag}"),
        None => "an image".to_owned(),
    }
}

fn named(stages: &[StageOf]) -> String {
    listed(
        stages
            .iter()
            .map(|it| format!("{} {}", it.pipeline, it.stage)),
    )
}

/// Names, as many as leave room for what else a message says.
fn listed<T: ToString>(names: impl ExactSizeIterator<Item = T>) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let mut named: Vec<_> = names.take(MAX_NAMED).map(|name| name.to_string()).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}
