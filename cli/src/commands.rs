//! The verbs of the command line, one file each.

mod apply;
mod audit;
mod carriers;
mod completions;
mod diff;
mod doctor;
mod explain;
mod files;
mod history;
mod hold;
mod init;
mod lint;
mod newest;
mod ordered;
mod pipelines;
mod plan;
mod render;
mod rollback;
mod schema;
mod stage;
mod status;
mod task_definition;
#[cfg(test)]
mod tests;
mod version;
mod veto;
mod why;

use std::io::Write;

use clap::builder::styling::{AnsiColor, Styles};

use crate::deployer::Where;
use crate::output::{Answer, Failure, Output};

/// The style of `--help`; it is plain where the output is no terminal.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Deploys pushed images to Amazon ECS, stage by stage.
///
/// Exit codes: 0 done or yes; 1 no, different or failed; 2 wrong usage, or the command could not
/// be carried out; 3 (plan only) nothing would be deployed.
#[derive(Debug, clap::Parser)]
#[command(name = "towpath", version, styles = STYLES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Output format.
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    at: Where,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Init(init::Arguments),
    Lint(lint::Arguments),
    Schema(schema::Arguments),
    Explain(explain::Arguments),
    Apply(apply::Arguments),
    Plan(plan::Arguments),
    Status(status::Arguments),
    Why(why::Arguments),
    Pipelines(pipelines::Arguments),
    Doctor(doctor::Arguments),
    History(history::Arguments),
    Audit(audit::Arguments),
    Rollback(rollback::Arguments),
    Hold(hold::Hold),
    ReleaseHold(hold::ReleaseHold),
    Veto(veto::Veto),
    LiftVeto(veto::LiftVeto),
    Render(render::Arguments),
    Diff(diff::Arguments),
    Completions(completions::Completions),
    Man(completions::Man),
    Version(version::Arguments),
}

impl Arguments {
    /// Output format.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// Why it could not be done.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Answer, Failure> {
        match &self.verb {
            Verb::Init(arguments) => waited(async {
                let wish = init::options(arguments, self.output)?;
                let deployer = self.at.connect_with(&arguments.elsewhere).await?;
                init::run(&deployer, &wish, arguments, self.output, out).await
            }),
            Verb::Lint(arguments) => lint::run(arguments, self.output, out),
            Verb::Schema(arguments) => schema::run(arguments, self.output, out),
            Verb::Explain(arguments) => waited(async {
                match &arguments.source() {
                    explain::Source::Files(files) => {
                        explain::among_files(arguments, files, self.output, out)
                    }
                    explain::Source::Deployer => {
                        let deployer = self.at.connect().await?;
                        explain::among_stored(&deployer, arguments, self.output, out).await
                    }
                }
            }),
            Verb::Apply(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                apply::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Plan(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                plan::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Status(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                status::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Why(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                why::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Pipelines(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                pipelines::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Doctor(arguments) => waited(async {
                let deployer = self.at.connect_with(&arguments.elsewhere).await?;
                doctor::run(&deployer, arguments, self.output, out).await
            }),
            Verb::History(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                history::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Audit(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                audit::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Rollback(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                rollback::run(&deployer, arguments, self.output, out).await
            }),
            Verb::Hold(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                hold::hold(&deployer, arguments, self.output, out).await
            }),
            Verb::ReleaseHold(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                hold::release(&deployer, arguments, self.output, out).await
            }),
            Verb::Veto(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                veto::veto(&deployer, arguments, self.output, out).await
            }),
            Verb::LiftVeto(arguments) => waited(async {
                let deployer = self.at.connect().await?;
                veto::lift(&deployer, arguments, self.output, out).await
            }),
            Verb::Render(arguments) => render::run(arguments, self.output, out),
            Verb::Diff(arguments) => diff::run(arguments, self.output, out),
            Verb::Completions(arguments) => completions::completions(arguments, self.output, out),
            Verb::Man(arguments) => completions::man(arguments, self.output, out),
            Verb::Version(_) => version::run(self.output, out),
        }
    }
}

/// Waits for a command that talks to AWS.
fn waited(command: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command)
}
