//! How commands answer: text for people or JSON for programs, and an exit code for scripts.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// How a command's answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// Text for people, in colour on a terminal unless `NO_COLOR` is set.
    #[default]
    Text,
    /// One JSON document for programs, with an `error` if the command failed.
    Json,
}

/// What a command found, where it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes: exit code 0.
    Yes,
    /// The answer is no, different or failed: exit code 1.
    No,
    /// It would not be done at all, whatever it is: exit code 3.
    Never,
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

/// What a program is told where the work could not be done.
#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
}

/// Runs a command with the terminal to write to, and turns its answer into the exit code. Whoever
/// asked for JSON gets a document also where the command fails before it has written one.
pub(crate) fn finish(
    output: Output,
    command: impl FnOnce(&mut dyn Write) -> Result<Answer, Failure>,
) -> ExitCode {
    let mut out = Answering {
        stream: anstream::AutoStream::auto(io::stdout()).lock(),
        has_answered: false,
    };
    let result = command(&mut out).and_then(|answer| {
        out.flush()?;
        Ok(answer)
    });
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Ok(Answer::Never) => ExitCode::from(3),
        // Whoever reads has seen enough, as in `towpath schema | head`.
        Err(failure) if is_broken_pipe(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            let error = chain(failure.as_ref());
            let mut err = anstream::AutoStream::auto(io::stderr()).lock();
            // Nobody is left to be told where these fail.
            let _unheard = writeln!(err, "{BAD}error:{BAD:#} {error}");
            if output == Output::Json && !out.has_answered {
                let _unheard = write_json(&mut out, &Failed { error: &error });
            }
            ExitCode::from(2)
        }
    }
}

/// Says what is wrong with the arguments, or the help or version that they ask for.
pub(crate) fn refuse(
    wrong_use: &clap::Error,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    // Nobody is left to be told where these fail.
    let _unheard = wrong_use.print();
    if wrong_use.use_stderr() && asks_for_json(arguments) {
        let told = wrong_use.to_string();
        let error = told.trim_start_matches("error: ").trim_end();
        let _unheard = write_json(&mut io::stdout().lock(), &Failed { error });
    }
    ExitCode::from(u8::try_from(wrong_use.exit_code()).unwrap_or(2))
}

/// Whether the arguments ask for JSON, although others of them cannot be read.
fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut before = OsString::new();
    for argument in arguments {
        if argument == "--output=json" || (before == "--output" && argument == "json") {
            return true;
        }
        before = argument;
    }
    false
}

/// The standard output, which knows whether anything was written to it.
struct Answering<W> {
    stream: W,
    has_answered: bool,
}

impl<W: Write> Write for Answering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.has_answered |= !bytes.is_empty();
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
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
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
