//! The verbs of the command line, one file each.

mod diff;
mod explain;
mod files;
mod lint;
mod render;
mod schema;
mod task_definition;

use std::io::Write;

use clap::builder::styling::{AnsiColor, Styles};

use crate::output::{Answer, Failure, Output};

/// The style of `--help`; it is plain where the output is no terminal.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Deploys pushed images to Amazon ECS, stage by stage.
///
/// Exit codes: 0 done or yes; 1 no, different or failed; 2 wrong use, or the work could not be done.
#[derive(Debug, clap::Parser)]
#[command(name = "towpath", version, styles = STYLES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// How the answer is written.
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Lint(lint::Arguments),
    Schema(schema::Arguments),
    Explain(explain::Arguments),
    Render(render::Arguments),
    Diff(diff::Arguments),
}

impl Arguments {
    /// Does what is asked.
    ///
    /// # Errors
    /// Why it could not be done.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Answer, Failure> {
        match &self.verb {
            Verb::Lint(arguments) => lint::run(arguments, self.output, out),
            Verb::Schema(arguments) => schema::run(arguments, self.output, out),
            Verb::Explain(arguments) => explain::run(arguments, self.output, out),
            Verb::Render(arguments) => render::run(arguments, self.output, out),
            Verb::Diff(arguments) => diff::run(arguments, self.output, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_has_an_example_in_its_help() {
        for verb in Arguments::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string);
            let example = format!("towpath {}", verb.get_name());
            assert!(
                help.is_some_and(|help| help.contains(&example)),
                "{example}"
            );
        }
    }
}
