//! The command line, run as an administrator of the account runs it, against the lab.

use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::{Error, World};

/// What a command printed, and its exit code.
///
/// # Errors
/// When it cannot be run.
pub async fn towpath(world: &World, arguments: &[&str]) -> Result<(i32, String), Error> {
    let own = std::env::current_exe().map_err(|error| Error::Story(error.to_string()))?;
    let program = own
        .ancestors()
        .nth(2)
        .map(PathBuf::from)
        .unwrap_or_default();
    let output = Command::new(program.join("towpath"))
        .args(arguments)
        .env("AWS_ENDPOINT_URL", world.lab.url())
        .env("AWS_ACCESS_KEY_ID", "AKIAADMINISTRATOR000")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_REGION", "eu-central-1")
        .env("SLACK_API_URL", format!("{}/slack/api", world.lab.url()))
        .env("TOWPATH_CLOCK_FILE", world.lab.logs().join("clock.json"))
        .env("NO_COLOR", "1")
        .output()
        .await
        .map_err(|error| Error::Story(error.to_string()))?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    Ok((output.status.code().unwrap_or(-1), printed))
}

/// The operations that were called since, without the reads.
///
/// # Errors
/// When the lab does not answer.
pub async fn changes_since(world: &World, last: &Value) -> Result<Vec<String>, Error> {
    let journal = world.lab.get(&format!("journal?since={last}")).await?;
    let reads = [
        "Describe",
        "Get",
        "List",
        "Query",
        "Batch",
        "Simulate",
        "auth.test",
        "conversations.info",
    ];
    let called = journal["entries"].as_array().into_iter().flatten();
    Ok(called
        .filter_map(|entry| entry["operation"].as_str())
        .filter(|operation| !reads.iter().any(|read| operation.starts_with(read)))
        .map(str::to_owned)
        .collect())
}
