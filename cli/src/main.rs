//! `towpath`, the command line: it checks, explains, stores and looks, and changes no deployment.

mod commands;
mod deployer;
mod doctor;
mod init;
mod lint;
mod output;
mod reference;
mod shape;
mod telling;

use std::process::ExitCode;

use clap::Parser as _;

use crate::commands::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::finish(|out| arguments.run(out))
}
