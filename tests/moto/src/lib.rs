//! One warm moto for all tests of a process: each gets a server of its own, forked from it.
//!
//! See `tests/lab/moto-warm` for why, and for what is said to it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// A server that others are forked from.
#[derive(Debug)]
pub struct Warm {
    /// Where it listens: see [`Fork::of`].
    pub socket: PathBuf,
    /// The warm server ends when this is closed, which the end of the process does.
    _stdin: ChildStdin,
}

/// A server of one's own, which ends when this is dropped.
#[derive(Debug)]
pub struct Fork {
    connection: UnixStream,
}

impl Fork {
    /// A server on a port of the loopback address, forked from the one that listens at a socket. It
    /// writes its log into a file, which is made if it is not there.
    ///
    /// # Errors
    /// When nothing listens there.
    pub fn of(warm: &Path, port: u16, log: &Path) -> io::Result<Self> {
        let mut connection = UnixStream::connect(warm)?;
        let wanted = format!("{}\0--host\0127.0.0.1\0--port\0{port}\n", log.display());
        connection.write_all(wanted.as_bytes())?;
        connection.set_nonblocking(true)?;
        Ok(Self { connection })
    }

    /// Whether the server has ended by itself. It sends nothing, so that there is nothing to read
    /// before.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!((&self.connection).read(&mut [0]), Ok(0))
    }
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
            socket: PathBuf::from(socket),
            _stdin: stdin,
        }),
    }
}
