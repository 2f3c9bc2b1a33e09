//! `towpath diff`: what differs between two task definitions.

use std::io::Write;
use std::path::PathBuf;

use towpath_taskdef as taskdef;

use super::task_definition::{self, Input};
use crate::output::{Answer, Failure, Output};

/// Show what differs between two task definitions, as ECS would run them.
///
/// Order and defaults that make no difference to ECS are no difference; secrets are hidden.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath diff before.json after.json\n  \
    aws ecs describe-task-definition --task-definition shop-api --include TAGS \\\n    \
      | towpath diff - taskdef.json --output json\n\n\
    Exits with 0 if there are no differences, 1 if there are, 2 if it failed.")]
pub(super) struct Arguments {
    /// A file with a task definition or DescribeTaskDefinition's answer; `-` reads standard input.
    #[arg(value_name = "A")]
    before: PathBuf,
    /// What to compare it with.
    #[arg(value_name = "B")]
    after: PathBuf,
    /// Format of both.
    #[arg(long, value_enum, default_value_t)]
    input: Input,
}

pub(super) fn run(
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Arguments {
        before,
        after,
        input,
    } = arguments;
    if task_definition::is_standard_input(before) && task_definition::is_standard_input(after) {
        return Err("the standard input can only be read once: give a file for A or B".into());
    }
    let first = task_definition::read(before, *input, None)?;
    let second = task_definition::read(after, *input, None)?;
    let diff = taskdef::diff(&first, &second);
    let (before, after) = (
        task_definition::shown(before),
        task_definition::shown(after),
    );
    let text = match output {
        // The stream takes the colours out where it is no terminal.
        Output::Text => diff.unified(&before, &after, true),
        Output::Json => format!("{}\n", taskdef::printable(&format!("{:#}", diff.to_json()))),
    };
    out.write_all(text.as_bytes())?;
    Ok(Answer::yes_if(diff.is_same()))
}
