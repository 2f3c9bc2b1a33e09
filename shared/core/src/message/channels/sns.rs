//! SNS: what is published for e-mail, requests to decide, and outcomes.

use serde_json::json;

use crate::message::describe::Mail;
use crate::message::outgoing::{Message, subject};
use crate::names::ApprovalId;
use crate::release::{Decision, Release};

/// The e-mail about an entry, with what all of them say, and the request that its reader can answer.
pub(super) fn message(release: &Release, mail: Mail) -> (Message, Option<ApprovalId>) {
    let Mail {
        headline,
        body,
        asks,
    } = mail;
    let (pipeline, name) = (&release.pipeline().pipeline, release.name());
    let message = Message {
        subject: Some(subject(&format!("[towpath] {pipeline} {name}: {headline}"))),
        text: format!("{body}\nrelease: {}\n", release.id()),
        blocks: None,
    };
    (message, asks)
}

/// How a request is decided without Slack: a command for each decision, with its token, which
/// publishes to the topic of replies. Nothing in a token or an ARN means anything to a shell between
/// single quotes.
#[must_use]
pub fn how_to_answer(topic: &str, answers: &[(Decision, String)]) -> String {
    let region = topic.split(':').nth(3).unwrap_or_default();
    let mut text =
        "\nTo decide, run one of these with credentials that may publish to that topic:\n"
            .to_owned();
    for (decision, token) in answers {
        let message = json!({ "approval": token, "decision": decision });
        text.push_str(&format!(
            "\naws sns publish --region {region} --topic-arn {topic} --message '{message}'\n"
        ));
    }
    text.push_str(
        "\nWhat is between the quotes is the whole message, whatever publishes it; a \"reason\" can be added to it. Whoever has this message can decide: do not forward it.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_has_the_whole_command_for_each_decision() {
        let topic = "arn:aws:sns:eu-central-1:111111111111:towpath-replies";
        let answers = [
            (Decision::Approve, "a.b-c_d".to_owned()),
            (Decision::Reject, "e.f".to_owned()),
        ];
        let text = how_to_answer(topic, &answers);
        let commands: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("aws "))
            .collect();
        let publish = format!("aws sns publish --region eu-central-1 --topic-arn {topic}");
        assert_eq!(
            commands,
            [
                format!(
                    "{publish} --message '{{\"approval\":\"a.b-c_d\",\"decision\":\"approve\"}}'"
                ),
                format!("{publish} --message '{{\"approval\":\"e.f\",\"decision\":\"reject\"}}'"),
            ]
        );
    }
}
