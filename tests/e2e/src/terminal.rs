//! The command line, run as an administrator of the account runs it, against the lab.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::{Error, World};

/// What a command printed, and its exit code.
///
/// # Errors
/// When it cannot be run.
pub async fn towpath(world: &World, arguments: &[&str]) -> Result<(i32, String), Error> {
    towpath_with(world, &[], arguments).await
}

/// The same, with more environment variables.
///
/// # Errors
/// When it cannot be run.
pub async fn towpath_with(
    world: &World,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Result<(i32, String), Error> {
    let mut command = Command::new(program()?);
    command.args(arguments).envs(variables.iter().copied());
    ran(world, command, "").await
}

/// What a command shows somebody at a terminal who types this, and its exit code. Python, which the
/// lab needs as well, has the terminal.
///
/// # Errors
/// When it cannot be run.
pub async fn at_terminal(
    world: &World,
    arguments: &[&str],
    typed: &str,
) -> Result<(i32, String), Error> {
    let spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let mut command = Command::new("python3");
    command.args(["-c", spawn]).arg(program()?).args(arguments);
    ran(world, command, typed).await
}

/// The command line's program, beside the test's own.
fn program() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(|error| Error::Story(error.to_string()))?;
    let programs = own.ancestors().nth(2).map(PathBuf::from);
    Ok(programs.unwrap_or_default().join("towpath"))
}

async fn ran(world: &World, mut command: Command, typed: &str) -> Result<(i32, String), Error> {
    let failed = |error: std::io::Error| Error::Story(format!("the command line: {error}"));
    for (name, value) in surroundings(world) {
        // What the story names itself goes first.
        if !command.as_std().get_envs().any(|(set, _)| set == name) {
            command.env(name, value);
        }
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(typed.as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    Ok((output.status.code().unwrap_or(-1), printed))
}

/// The environment of an administrator of the deployer's account.
fn surroundings(world: &World) -> [(&'static str, String); 7] {
    [
        ("AWS_ENDPOINT_URL", world.lab.url().to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIAADMINISTRATOR000".into()),
        ("AWS_SECRET_ACCESS_KEY", "none".into()),
        ("AWS_REGION", "eu-central-1".into()),
        ("SLACK_API_URL", format!("{}/slack/api", world.lab.url())),
        (
            "TOWPATH_CLOCK_FILE",
            world.lab.logs().join("clock.json").display().to_string(),
        ),
        ("NO_COLOR", "1".into()),
    ]
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
