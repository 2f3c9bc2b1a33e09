//! People and channels of Slack that nobody has.

use crate::pipeline::Pipeline;
use crate::pipeline::finding::Found;

/// The length of the shortest ids that Slack shows:
/// <https://docs.slack.dev/reference/objects/user-object>.
const SHORTEST: usize = 9;

pub(super) fn find(pipeline: &Pipeline, found: &mut Found) {
    if let Some(channel) = &pipeline.notify.slack {
        let way_out = "write the id from the channel's details, such as C0123456789";
        id(
            channel.as_str(),
            "channel",
            way_out,
            "notify.slack".to_owned(),
            found,
        );
    }
    let way_out = "write the id from the member's profile, such as U0123456789";
    for (index, user) in pipeline.operators.iter().enumerate() {
        id(
            user.as_str(),
            "member",
            way_out,
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
            id(user.as_str(), "member", way_out, path, found);
        }
    }
}

fn id(id: &str, of: &str, way_out: &str, path: String, found: &mut Found) {
    if id.len() < SHORTEST {
        found.add(
            path,
            format!("`{id}` is too short for the id of a {of}: Slack's have {SHORTEST} characters or more"),
            way_out,
        );
    }
}
