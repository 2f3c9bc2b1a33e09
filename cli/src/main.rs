//! `towpath`, the command line: it checks, explains, stores, looks, and writes down what people
//! order. It changes no deployment itself.

mod commands;
mod deployer;
mod describe;
mod doctor;
mod init;
mod lint;
mod output;
mod reference;
mod schema_node;
mod typo;
mod yaml;

use std::process::ExitCode;

use clap::Parser as _;

use crate::commands::Arguments;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => output::finish(arguments.output(), |out| arguments.run(out)),
        Err(wrong_use) => output::refuse(&wrong_use, std::env::args_os()),
    }
}
