//! One warm moto for all tests of a process: each gets a server of its own, forked from it.
//!
//! See `tests/lab/moto-warm` for why, and for what the two halves say to each other.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// The variable that names where the warm server listens.
pub const SOCKET: &str = "TOWPATH_MOTO_WARM";

/// The program to start in place of `moto_server`, and what it needs in its environment.
#[derive(Debug)]
pub struct Warm {
    /// The program. It takes `--host` and `--port`.
    pub program: PathBuf,
    /// The value of [`SOCKET`].
    pub socket: String,
    /// The warm server ends when this is closed, which the end of the process does.
    _stdin: ChildStdin,
}

/// The process's warm server, started when it is first asked for.
///
/// # Errors
/// What is missing, and how to install it.
pub fn warm() -> Result<&'static Warm, String> {
    static WARM: OnceLock<Result<Warm, String>> = OnceLock::new();
    WARM.get_or_init(start).as_ref().map_err(Clone::clone)
}

fn start() -> Result<Warm, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".venv/bin/python");
    let program = root.join("tests/lab/moto-warm");
    let failed =
        |problem: &str| format!("moto does not start: {problem}; `make setup` installs it");
    if !python.is_file() {
        return Err(failed(&format!("there is no {}", python.display())));
    }
    let mut child = Command::new(python)
        .arg(&program)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C is for whoever started it, whose end is its own.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let stdin = child.stdin.take();
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| failed(&error.to_string()))?;
    }
    match (line.trim(), stdin) {
        ("", _) | (_, None) => Err(failed("it ended before it was ready")),
        (socket, Some(stdin)) => Ok(Warm {
            program,
            socket: socket.to_owned(),
            _stdin: stdin,
        }),
    }
}
