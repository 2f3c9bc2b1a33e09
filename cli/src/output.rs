//! How commands answer: text for people or JSON for programs, and an exit code for scripts.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// How a command's answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people, in colour on a terminal unless `NO_COLOR` is set.
    #[default]
    Text,
    /// One JSON document, for programs.
    Json,
}

/// What a command found, where it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes: exit code 0.
    Yes,
    /// The answer is no, different or failed: exit code 1.
    No,
}

impl Answer {
    /// Yes where `yes` holds.
    pub(crate) fn yes_if(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Why a command could not do its work: exit code 2, as for a wrong use of it.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();

/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// What should be better.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();

/// What is beside the point.
pub(crate) const QUIET: Style = Style::new().dimmed();

/// What names a thing.
pub(crate) const NAME: Style = Style::new().bold();

/// Runs a command with the terminal to write to, and turns its answer into the exit code.
pub(crate) fn finish(command: impl FnOnce(&mut dyn Write) -> Result<Answer, Failure>) -> ExitCode {
    let mut out = anstream::AutoStream::auto(io::stdout()).lock();
    let result = command(&mut out).and_then(|answer| {
        out.flush()?;
        Ok(answer)
    });
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        // Whoever reads has seen enough, as in `towpath schema | head`.
        Err(failure) if is_broken_pipe(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut err = anstream::AutoStream::auto(io::stderr()).lock();
            // Nobody is left to be told where this fails.
            let _unheard = writeln!(err, "{BAD}error:{BAD:#} {}", chain(failure.as_ref()));
            ExitCode::from(2)
        }
    }
}

/// Writes a JSON document, ended by a line break.
pub(crate) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = failure.downcast_ref::<io::Error>() {
        return error.kind() == io::ErrorKind::BrokenPipe;
    }
    let json = failure.downcast_ref::<serde_json::Error>();
    json.and_then(serde_json::Error::io_error_kind) == Some(io::ErrorKind::BrokenPipe)
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
