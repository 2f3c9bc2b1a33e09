//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::description::told::Registry;

/// AWS on this machine: a gateway that AWS clients talk to, with Lambda, EventBridge, ECS,
/// CodeDeploy and a Slack workspace behind it, all on virtual time.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the lab's binary can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the lab until it is told to end (SIGTERM or SIGINT).
    Serve(Box<Serve>),
    /// Runs a program that ends when its parent does (the lab starts its children this way).
    #[command(hide = true)]
    Leash(Leash),
}

/// How the lab runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// Loopback port of the gateway; 0 picks a free one.
    #[arg(long, default_value_t = 4566)]
    pub(crate) port: u16,
    /// Virtual seconds per real second; at 0 time moves only when it is told to.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub(crate) speed: f64,
    /// The description of the functions.
    #[arg(long, default_value = "infra/functions.json")]
    pub(crate) functions_json: PathBuf,
    /// Folder of the functions' binaries, named as in the description [default: where this binary is].
    #[arg(long)]
    pub(crate) bin_dir: Option<PathBuf>,
    /// The `moto_server` program.
    #[arg(
        long,
        env = "TOWPATH_LAB_MOTO",
        default_value = ".venv/bin/moto_server"
    )]
    pub(crate) moto: PathBuf,
    /// The socket of a warm server to fork moto from, instead of starting it.
    #[arg(long, hide = true, conflicts_with = "moto")]
    pub(crate) moto_warm: Option<PathBuf>,
    /// Where logs, the journal and the clock are written [default: a new folder in the system's
    /// folder for temporary files].
    #[arg(long)]
    pub(crate) log_dir: Option<PathBuf>,
    /// The account that the functions live in, and of callers whose access key is unknown.
    #[arg(long, default_value = "111111111111", value_parser = account)]
    pub(crate) account: String,
    /// The region that the functions live in.
    #[arg(long, default_value = "eu-central-1")]
    pub(crate) region: String,
    /// Another account that stages live in, whose deployments' events are taken, as the deployer's
    /// Terraform module is told of it; may be repeated.
    #[arg(long = "target-account", value_name = "ID", value_parser = account)]
    pub(crate) target_accounts: Vec<String>,
    /// Another registry, as ACCOUNT/REGION, whose pushes are taken and whose images may be looked
    /// up; may be repeated.
    #[arg(long = "registry", value_name = "ACCOUNT/REGION")]
    pub(crate) registries: Vec<Registry>,
    /// A variable of every function's environment, as NAME=VALUE, in place of the lab's own of that
    /// name: another way to the gateway, for example; may be repeated.
    #[arg(long = "function-env", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) function_environment: Vec<(String, String)>,
    /// Identifiers and digests depend on this number only.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Makes nothing in moto at the start (table, topics, queues, secrets): somebody else will,
    /// Terraform for example.
    #[arg(long)]
    pub(crate) bare: bool,
    /// Lets every function call everything, as if each role were an administrator's.
    #[arg(long)]
    pub(crate) no_iam: bool,
}

/// The program to run, and whose child it has to be.
#[derive(Debug, Clone, Args)]
pub(crate) struct Leash {
    /// Process id of the lab.
    #[arg(long)]
    pub(crate) parent: u32,
    /// Program and arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) program: Vec<std::ffi::OsString>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed >= 0.0 => Ok(speed),
        Ok(_) | Err(_) => Err("use a number of virtual seconds per real second, 0 or more".into()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("use NAME=VALUE".into()),
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("use the twelve digits of an AWS account id".into())
    }
}
