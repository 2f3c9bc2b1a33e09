//! How many calls of AWS a stage costs.

use serde_json::Value;
use towpath_e2e::Error;

use super::cell::Cell;

/// The journal's last entry so far.
pub(crate) async fn last(cell: &Cell) -> Result<Value, Error> {
    Ok(cell.together.lab.get("journal").await?["last"].clone())
}

/// The calls about the cell that functions made since then. They are told apart from those about
/// other cells by its name, which its repository, its service and everything else of it carries.
pub(crate) async fn by_functions(cell: &Cell, since: &Value) -> Result<Vec<Value>, Error> {
    let after = format!("journal?since={since}");
    let journal = cell.together.lab.get(&after).await?;
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let about = |call: &Value| {
        let by = call["caller"].as_str().unwrap_or_default();
        by.starts_with("towpath-") && call["parameters"].to_string().contains(cell.name)
    };
    Ok(entries.into_iter().filter(about).collect())
}

/// Most calls of AWS for a push, whatever the number of its pipelines' stages: its pipelines are
/// read, which image the tag names, and what that image is for: its manifest, and for one that is no
/// index its configuration.
const FOR_A_PUSH: usize = 4;
/// The calls about an image that its first stage makes for all of them.
const ONCE: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Holds a push and its first stage to their numbers of calls until the deployment has started,
/// without those of the ledger and of Slack.
pub(crate) async fn until_started(
    cell: &Cell,
    since: &Value,
    for_the_stage: usize,
) -> Result<(), Error> {
    let (service, operation) = cell.engine.start();
    let (mut push, mut stage) = (Vec::new(), Vec::new());
    for call in by_functions(cell, since).await? {
        let text = |name: &str| call[name].as_str().unwrap_or_default();
        if ["dynamodb", "slack"].contains(&text("service")) {
            continue;
        }
        let made = format!("{}:{}", text("service"), text("operation"));
        match text("caller") {
            "towpath-image-push" => push.push(made),
            "towpath-advance" if ONCE.contains(&made.as_str()) => push.push(made),
            "towpath-advance" => stage.push(made),
            _ => {}
        }
        if call["service"] == service && call["operation"] == operation {
            break;
        }
    }
    for (calls, most) in [(&push, FOR_A_PUSH), (&stage, for_the_stage)] {
        assert!(
            (1..=most).contains(&calls.len()),
            "{} calls instead of {most}: {calls:#?}",
            calls.len()
        );
    }
    Ok(())
}
