//! `towpath-lab`: AWS on this machine, for the demo and the tests. See the README beside it.

mod activity;
mod cli;
mod clock;
mod controls;
mod dead_letters;
mod description;
mod ecr_blobs;
mod elb;
mod events;
mod gateway;
mod iam;
mod ids;
mod lab;
mod lambda;
mod leash;
mod listeners;
mod lock;
mod logs;
mod moto;
mod provision;
mod registry;
mod run;
mod server;
mod slack;
mod sns;
mod ssm;
mod sts;
mod time;
mod timers;
mod world;
mod xml;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Serve(serve) => run::serve(&serve),
        cli::Command::Leash(leash) => run::leash(&leash),
    }
}
