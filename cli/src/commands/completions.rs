//! `towpath completions` and `towpath man`: what a shell and `man` know of the commands.

use std::io::Write;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::output::{Answer, Failure, Output, write_json};

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath completions bash > ~/.local/share/bash-completion/completions/towpath\n  \
    towpath completions zsh > \"${fpath[1]}/_towpath\"\n  \
    towpath completions fish > ~/.config/fish/completions/towpath.fish")]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write the manual pages into a folder, one for each command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    towpath man ~/.local/share/man/man1")]
pub(super) struct Man {
    /// The folder; it is made if it is not there.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn completions(
    arguments: &Completions,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    let mut command = super::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "towpath", &mut script);
    match output {
        Output::Text => out.write_all(&script)?,
        Output::Json => write_json(
            out,
            &serde_json::json!({
                "shell": arguments.shell.to_string(),
                "script": String::from_utf8_lossy(&script),
            }),
        )?,
    }
    Ok(Answer::Yes)
}

pub(super) fn man(arguments: &Man, output: Output, out: &mut dyn Write) -> Result<Answer, Failure> {
    let folder = &arguments.folder;
    let not_written = |error: std::io::Error| {
        format!("nothing could be written to {}: {error}", folder.display())
    };
    std::fs::create_dir_all(folder).map_err(not_written)?;
    clap_mangen::generate_to(super::Arguments::command(), folder).map_err(not_written)?;
    match output {
        Output::Text => writeln!(out, "the manual pages are in {}", folder.display())?,
        Output::Json => write_json(out, &serde_json::json!({ "folder": folder }))?,
    }
    Ok(Answer::Yes)
}
