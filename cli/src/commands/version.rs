//! `towpath version`: of which version the command is.

use std::io::Write;

use crate::output::{Answer, Failure, Output, write_json};

/// Print the version of the command. `towpath doctor` compares it with that of the functions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  towpath version --output json")]
pub(super) struct Arguments {}

pub(super) fn run(output: Output, out: &mut dyn Write) -> Result<Answer, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    match output {
        Output::Text => writeln!(out, "towpath {version}")?,
        Output::Json => write_json(out, &serde_json::json!({ "version": version }))?,
    }
    Ok(Answer::Yes)
}
