//! What a bulletin says: in Slack as a message of its own, and by e-mail.

use serde_json::json;

use super::email::subject;
use super::escape::{one_line, slack_text};
use super::slack::mrkdwn;
use crate::bulletin::{Bulletin, News};
use crate::names::ParameterName;
use crate::release::Card;

/// What a bulletin says in Slack.
#[must_use]
pub fn bulletin(bulletin: &Bulletin) -> Card {
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
            slack_text(named(parameter)),
            slack_text(problem)
        ),
    };
    let blocks = json!([{ "type": "section", "text": mrkdwn(&text) }]);
    Card { text, blocks }
}

/// The subject and the text of a bulletin's e-mail.
#[must_use]
pub fn bulletin_mail(bulletin: &Bulletin) -> (String, String) {
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
            let pipeline = named(parameter);
            (
                subject(&format!("[towpath] {pipeline}: nothing of it is deployed")),
                format!(
                    "Nothing of {pipeline} is deployed: {}\n",
                    one_line(problem, 2_000)
                ),
            )
        }
    }
}

/// The pipeline's name: the last part of its parameter's.
fn named(parameter: &ParameterName) -> &str {
    let name = parameter.as_str();
    name.rsplit('/').next().unwrap_or(name)
}
