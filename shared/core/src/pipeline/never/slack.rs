//! People and channels of Slack that nobody has.

use crate::pipeline::Pipeline;
use crate::pipeline::finding::Found;

/// The length of the shortest ids that Slack shows:
/// <https://docs.slack.dev/reference/objects/user-object>.
const MIN_LEN: usize = 9;

pub(super) fn find(pipeline: &Pipeline, found: &mut Found) {
    if let Some(channel) = &pipeline.notify.slack {
        let help = "write the id from the channel's details, such as C0123456789";
        id(
            channel.as_str(),
            "channel",
            help,
            "notify.slack".to_owned(),
            found,
        );
    }
    let help = "write the id from the member's profile, such as U0123456789";
    for (index, user) in pipeline.operators.iter().enumerate() {
        id(
            user.as_str(),
            "member",
            help,
            format!("operators.{index}"),
            found,
        );
    }
    for (number, stage) in pipeline.stages.iter().enumerate() {
        for (index, user) in stage
            .approval
            .iter()
            .flat_map(|gate| &gate.slack)
            .enumerate()
        {
            let path = format!("stages.{number}.approval.slack.{index}");
            id(user.as_str(), "member", help, path, found);
        }
    }
}

fn id(id: &str, of: &str, help: &str, path: String, found: &mut Found) {
    if id.len() < MIN_LEN {
        found.add(
            path,
            format!("`{id}` is too short for the id of a {of}: Slack's have {MIN_LEN} characters or more"),
            help,
        );
    }
}
