//! `towpath schema`: what a pipeline file may contain, for editors and for people.

use std::io::Write;

use crate::output::{Answer, Failure, Output, write_json};
use crate::reference;

/// Print the JSON Schema of pipeline files, or the reference made from it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath schema > pipeline.schema.json\n  \
    towpath schema --markdown > pipelines.md\n\n\
    Editors complete and check a file that begins with\n  \
    # yaml-language-server: $schema=pipeline.schema.json")]
pub(super) struct Arguments {
    /// Print every key with its meaning and an example, as Markdown.
    #[arg(long)]
    markdown: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    match (arguments.markdown, output) {
        // The schema is JSON for programs and for people alike.
        (false, Output::Text | Output::Json) => {
            write_json(out, &towpath_core::pipeline::schema())?;
        }
        (true, Output::Text) => out.write_all(reference::markdown()?.as_bytes())?,
        (true, Output::Json) => {
            write_json(
                out,
                &serde_json::json!({"markdown": reference::markdown()?}),
            )?;
        }
    }
    Ok(Answer::Yes)
}
