//! Child processes that cannot outlive the lab.
//!
//! The lab starts each child through its own binary (`towpath-lab leash`), which asks the kernel
//! to be killed when its parent dies and then becomes the program: even if the lab is killed
//! with SIGKILL, nothing is left over. On systems without that service the children are killed
//! when the lab ends in an orderly way.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;

use tokio::process::Command;

use crate::cli::Leash;

/// Becomes the program; returns only when that fails.
pub(crate) fn become_program(leash: &Leash) -> io::Error {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::{prctl, signal::Signal};
        if let Err(error) = prctl::set_pdeathsig(Signal::SIGKILL) {
            return error.into();
        }
        // The parent may have died before the kernel was asked.
        if nix::unistd::getppid().as_raw().unsigned_abs() != leash.parent {
            return io::Error::other("the lab has ended");
        }
    }
    match leash.program.split_first() {
        Some((program, arguments)) => std::process::Command::new(program).args(arguments).exec(),
        None => io::Error::other("no program given"),
    }
}

/// A command for `program`, on the leash and in a process group of its own.
///
/// It has to be spawned from a thread that lives as long as the lab (a worker of the runtime,
/// never `spawn_blocking`): the kernel takes the end of the spawning *thread* for the parent's.
///
/// # Errors
/// When the lab's own binary cannot be found.
pub(crate) fn command(program: &OsStr) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("leash")
        .arg("--parent")
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(program)
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}
