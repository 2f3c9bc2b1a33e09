//! `towpath schema`: what a pipeline file may contain, for editors and for people.

use std::io::Write;

use serde_json::{Value, json};

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
    /// Print the reference in Markdown: every key with its meaning and an example.
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
            write_json(out, &published())?;
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

/// The schema, which takes a key without a value where `towpath lint` does: for settings of which none
/// is needed, as in `rolling:`. Elsewhere the key is to be left out.
fn published() -> Value {
    let mut schema = towpath_core::pipeline::schema();
    let definitions = schema["$defs"].as_object();
    let empty: Vec<_> = definitions
        .into_iter()
        .flatten()
        .filter(|(_, one)| may_be_empty(one))
        .map(|(name, _)| format!("#/$defs/{name}"))
        .collect();
    take_nothing(&mut schema, &empty);
    schema
}

fn may_be_empty(definition: &Value) -> bool {
    let has = |member| definition.get(member).is_some();
    definition["additionalProperties"] == false && !has("required") && !has("oneOf")
}

/// Lets each property of these definitions be nothing, and no other one.
fn take_nothing(schema: &mut Value, empty: &[String]) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            let reference = property["$ref"].as_str().map(str::to_owned);
            let members = property.as_object_mut();
            if let (Some(reference), Some(members)) = (reference, members)
                && empty.contains(&reference)
            {
                members.shift_remove("$ref");
                let either = json!([{ "$ref": reference }, { "type": "null" }]);
                members.insert("anyOf".into(), either);
            } else {
                take_no_null(property);
            }
        }
    }
    match schema {
        Value::Object(members) => members
            .values_mut()
            .for_each(|one| take_nothing(one, empty)),
        Value::Array(items) => items.iter_mut().for_each(|one| take_nothing(one, empty)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes out that the property may be `null`, which stands for its being left out.
fn take_no_null(property: &mut Value) {
    for member in ["type", "anyOf"] {
        if let Some(either) = property.get_mut(member).and_then(Value::as_array_mut) {
            either.retain(|one| *one != "null" && *one != json!({ "type": "null" }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Format, Linter};

    /// Whether the schema of a property takes nothing.
    fn takes_null(property: &Value) -> bool {
        ["type", "anyOf"].into_iter().any(|member| {
            let either = property[member].as_array().into_iter().flatten();
            either
                .into_iter()
                .any(|one| *one == "null" || one["type"] == "null")
        })
    }

    #[test]
    fn a_key_without_a_value_is_good_for_the_schema_where_it_is_for_lint() {
        let schema = published();
        let engines = schema["$defs"]["EngineSettings"]["oneOf"]
            .as_array()
            .unwrap();
        let engine = |name: &str| {
            let found = engines
                .iter()
                .find(|one| one["properties"].get(name).is_some());
            found.unwrap()["properties"][name].clone()
        };
        let stage = &schema["$defs"]["Stage"]["properties"];
        let linter = Linter::new().unwrap();
        for (property, rollout, more) in [
            (engine("rolling"), "{ rolling: }", ""),
            (engine("ecs"), "{ ecs: }", ""),
            (engine("codedeploy"), "{ codedeploy: }", ""),
            (
                schema["properties"]["notify"].clone(),
                "{ rolling: {} }",
                "notify:\n",
            ),
            (
                stage["approval"].clone(),
                "{ rolling: {} }",
                "    approval:\n",
            ),
            (stage["region"].clone(), "{ rolling: {} }", "    region:\n"),
            (
                stage["timeout"].clone(),
                "{ rolling: {} }",
                "    timeout:\n",
            ),
        ] {
            let text = format!(
                "pipeline: shop-api\nrepository: shop/api\nstages:\n  - name: test\n    cluster: shop\n    service: api\n    containers: [app]\n    engine: {rollout}\n{more}"
            );
            let lints = linter.lint(&text, Format::Yaml).is_ok();
            assert_eq!(takes_null(&property), lints, "{text}");
        }
    }
}
