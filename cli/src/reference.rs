//! The reference of a pipeline's keys, written from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use crate::schema_node::{Choice, Field, SchemaNode, Shapeless, Struct};
use crate::yaml;

/// The reference as Markdown.
///
/// # Errors
/// A defect of the program: its own schema cannot be read.
pub(crate) fn markdown() -> Result<String, Shapeless> {
    let shape = SchemaNode::of_pipeline()?;
    let mut page = String::from(
        "# Pipelines\n\n\
         <!-- Written by `towpath schema --markdown` from the program's own types: edit those. -->\n\n\
         A pipeline is one application's way to production: which image tags it takes, and the \
         stages that a release passes. It is written in YAML or JSON, checked by `towpath lint`, and \
         stored by `towpath apply` (or by Terraform's `jsonencode`) as one SSM parameter, \
         `/towpath/pipelines/<repository>/<pipeline>`. [The schema](schema/pipeline.schema.json) \
         completes and checks it in an editor; begin the file with\n\n\
         ```yaml\n# yaml-language-server: $schema=schema/pipeline.schema.json\n```\n\n\
         with the schema's path or address as seen from there. Unknown keys are errors, and so are \
         keys that contradict each other.\n\n\
         Whole pipelines to begin with are in [examples](examples).\n",
    );
    section(&mut page, "The pipeline", "", &shape);
    page.push_str(BETWEEN_KEYS);
    Ok(page)
}

/// What the schema cannot say, since it lies between keys: `Pipeline::check` knows it.
const BETWEEN_KEYS: &str = "
## Between the keys

`towpath lint` also refuses what contradicts itself:

- **Stages**: from 1 to 12, each with its own name, service and deployment group. A service belongs to
  one stage of one pipeline, which `towpath apply` checks among all that are stored.
- **Containers**: from 1 to 10, each named once.
- **Accounts**: `account` and `role` come together, and the role is in that account.
- **Approval**: somebody must be able to approve, as many as are `required`, each named once; and must
  be asked: `slack` needs the pipeline's `notify.slack`, `sns` its `notify.sns`.
- **Checks**: at most 20 in a stage, each with its own name. Those of kind `http`, and all from
  `after_install` to `after_traffic`, need an engine that has a green, and `hook`; those at `bake`
  need a `bake` time. Requests of one point must end within 240 seconds, all attempts, timeouts and
  pauses together; a task or a metric of which CodeDeploy waits to hear, within an hour; a task at
  `bake` within the bake time.
- **URLs** are `http` or `https`, with a host, and carry no password and no fragment. JSON pointers are
  empty or begin with `/`, and `~` is written `~0` in them.
- **Placeholders** other than those that `environment` names are refused rather than left in place, and
  so are those in a task check, where nothing replaces them.
- **What AWS takes**: at most 48 tags, which with Towpath's own are 50, with the characters and lengths
  of ECS; metrics, dimensions and statistics as CloudWatch has them; the overrides of a task of 8192
  characters at most; names of templates that SSM takes.
- **What nobody has**: regions and partitions that there are not, roles and functions of another
  partition than the stage's region, registries other than ECR's private ones, rules that no tag keeps,
  ids of Slack with fewer than 9 characters.
- **Double brackets**, `{{` or `}}`, in any text: SSM cannot store them.
- **Size**: as JSON at most 8192 bytes. Above 4096 the parameter is an advanced one, which AWS charges
  for.
";

/// Writes the section of a value that stands at `path`, and those of what is below it.
fn section(page: &mut String, title: &str, path: &str, shape: &SchemaNode) {
    match shape {
        SchemaNode::Struct(fields) => keys(page, title, path, fields),
        SchemaNode::Choice(choice) => {
            for variant in &choice.variants {
                if let Some(content) = &variant.content {
                    let path = join(path, &variant.name);
                    section(page, &format!("`{path}`"), &path, content);
                }
            }
        }
        SchemaNode::List(item) => {
            let path = format!("{path}[]");
            section(page, &format!("`{path}`"), &path, item);
        }
        SchemaNode::Map { value, .. } => {
            let path = join(path, "*");
            section(page, &format!("`{path}`"), &path, value);
        }
        SchemaNode::Text(_)
        | SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::Any => {}
    }
}

fn keys(page: &mut String, title: &str, path: &str, fields: &Struct) {
    let _infallible = write!(page, "\n## {title}\n\n{}\n", fields.description);
    if fields.fields.is_empty() {
        page.push_str("\nIt has no keys: write `{}`.\n");
    }
    if !fields.one_of.is_empty() {
        let keys: Vec<_> = fields.one_of.iter().map(|key| format!("`{key}`")).collect();
        let _infallible = write!(
            page,
            "\nExactly one of {} must be there.\n",
            keys.join(", ")
        );
    }
    for field in &fields.fields {
        key(page, &join(path, &field.key), field);
    }
    for field in &fields.fields {
        let path = join(path, &field.key);
        section(page, &format!("`{path}`"), &path, &field.shape);
    }
}

fn key(page: &mut String, path: &str, field: &Field) {
    let presence = match (&field.default, field.required) {
        (_, true) => "required".to_owned(),
        (Some(default), false) => format!("default `{}`", inline(default)),
        (None, false) => "optional".to_owned(),
    };
    let _infallible = write!(
        page,
        "\n### `{path}`\n\n*{}, {presence}.* {}\n",
        kind(&field.shape),
        with_rule(&field.description, &field.shape)
    );
    if let SchemaNode::Choice(choice) = &field.shape {
        alternatives(page, choice);
    }
    let _infallible = write!(
        page,
        "\n```yaml\n{}```\n",
        yaml::block(&field.key, &field.example)
    );
}

fn alternatives(page: &mut String, choice: &Choice) {
    page.push('\n');
    for variant in &choice.variants {
        let (shown, description) = match &variant.content {
            None => (format!("`{}`", variant.name), variant.description.clone()),
            Some(content) => (
                format!("`{}:` with {}", variant.name, kind(content)),
                with_rule(&variant.description, content),
            ),
        };
        let _infallible = writeln!(page, "- {shown}: {description}");
    }
}

/// A description, and what may be in the texts that it describes.
fn with_rule(description: &str, shape: &SchemaNode) -> String {
    let rule = match shape {
        SchemaNode::Text(kind) => kind.as_ref().map(|kind| &kind.rule),
        SchemaNode::List(item) => match item.as_ref() {
            SchemaNode::Text(kind) => kind.as_ref().map(|kind| &kind.rule),
            SchemaNode::Bool
            | SchemaNode::Integer { .. }
            | SchemaNode::Number
            | SchemaNode::List(_)
            | SchemaNode::Map { .. }
            | SchemaNode::Struct(_)
            | SchemaNode::Choice(_)
            | SchemaNode::Any => None,
        },
        SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::Map { .. }
        | SchemaNode::Struct(_)
        | SchemaNode::Choice(_)
        | SchemaNode::Any => None,
    };
    match rule.map(|rule| (rule, rule.split_once(": "))) {
        // The rule of a name is "a stage name: 1 to 24 characters …", and what it names is clear here.
        Some((rule, Some((_, form)))) if rule.starts_with(char::is_lowercase) => {
            format!("{description} Form: {}.", form.replace('<', "\\<"))
        }
        Some((rule, _)) => format!("{description} {rule}"),
        None => description.to_owned(),
    }
}

/// What a value is, in words.
fn kind(shape: &SchemaNode) -> String {
    match shape {
        SchemaNode::Text(_) => "text".to_owned(),
        SchemaNode::Bool => "true or false".to_owned(),
        SchemaNode::Integer { least, most } => format!("number from {least} to {most}"),
        SchemaNode::Number => "number".to_owned(),
        SchemaNode::List(item) => format!("list of {}", plural(item)),
        SchemaNode::Map { value, .. } => format!("{} by name", plural(value)),
        SchemaNode::Struct(_) => "keys".to_owned(),
        SchemaNode::Choice(_) => "one of".to_owned(),
        SchemaNode::Any => "any value".to_owned(),
    }
}

fn plural(shape: &SchemaNode) -> String {
    match shape {
        SchemaNode::Text(_) => "texts".to_owned(),
        SchemaNode::Bool => "true or false".to_owned(),
        SchemaNode::Integer { .. } | SchemaNode::Number => "numbers".to_owned(),
        SchemaNode::List(_) => "lists".to_owned(),
        SchemaNode::Map { value, .. } => format!("groups of named {}", plural(value)),
        SchemaNode::Struct(_) => "groups of keys".to_owned(),
        SchemaNode::Choice(_) => "alternatives".to_owned(),
        SchemaNode::Any => "any values".to_owned(),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
