//! What a document is, told by its keys at the top: the same for JSON, and for YAML that is not read,
//! since it may have tags that only its own tool knows, such as `!Ref`.

use serde_json::{Map, Value};

use super::Kind;
use super::line::has_line;

/// What Copilot's manifests are of: <https://aws.github.io/copilot-cli/docs/manifest/overview/>.
const COPILOT: [&str; 6] = [
    "Backend Service",
    "Load Balanced Web Service",
    "Request-Driven Web Service",
    "Scheduled Job",
    "Static Site",
    "Worker Service",
];

/// The keys at the top of a document, each with the form of its value.
pub(super) struct Top<'a> {
    keys: Vec<(&'a str, Form<'a>)>,
    /// Whether a resource of CloudFormation is in it.
    has_resource: bool,
    /// Whether something in it is a script.
    has_script: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    List,
    /// Keys with values.
    Map {
        /// Whether one of them is an image or how it is built.
        is_container: bool,
        /// Whether it has stages, and not the repository that a pipeline of Towpath is for.
        is_code_pipeline: bool,
    },
    Text(&'a str),
    Other,
}

impl Form<'_> {
    fn of_keys<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Self {
        let has = |wanted: &str| keys.clone().any(|key| key == wanted);
        Self::Map {
            is_container: has("image") || has("build"),
            is_code_pipeline: has("stages") && !has("repository"),
        }
    }
}

impl<'a> Top<'a> {
    pub(super) fn of_json(members: &'a Map<String, Value>) -> Self {
        let form = |value: &'a Value| match value {
            Value::Array(_) => Form::List,
            Value::Object(inner) => Form::of_keys(inner.keys().map(String::as_str)),
            Value::String(text) => Form::Text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => Form::Other,
        };
        let is_resource = |value: &Value| {
            let kind = value.get("Type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.starts_with("AWS::")) || value.get("Properties").is_some()
        };
        let keys = members
            .iter()
            .map(|(key, value)| (key.as_str(), form(value)));
        Self {
            keys: keys.collect(),
            has_resource: members.values().any(is_resource),
            has_script: members.values().any(|value| value.get("script").is_some()),
        }
    }

    pub(super) fn of_yaml(text: &'a str) -> Self {
        let is_said = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
        let lines: Vec<&str> = text.lines().filter(is_said).collect();
        let mut keys = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            if key.is_empty() || key.starts_with([' ', '\t', '-']) {
                continue;
            }
            let value = value.split(" #").next().unwrap_or_default().trim();
            let below = lines[index + 1..].iter().map(|line| line.trim_end());
            let below = below.take_while(|line| line.starts_with([' ', '\t', '-']));
            let mut below = below.peekable();
            let form = match (value, below.peek()) {
                ("", Some(first)) if first.trim_start().starts_with('-') => Form::List,
                ("", Some(first)) => {
                    let depth = indentation(first);
                    let inner = below.filter(|line| indentation(line) == depth);
                    Form::of_keys(inner.filter_map(key_of))
                }
                ("", None) => Form::Other,
                (value, _) if value.starts_with('[') => Form::List,
                // Two braces are a template's.
                (value, _) if value.starts_with('{') && !value.starts_with("{{") => {
                    Form::of_keys(value.split(['{', '}', '[', ']', ',']).filter_map(key_of))
                }
                (value, _) => Form::Text(without_quotes(value)),
            };
            keys.push((without_quotes(key), form));
        }
        Self {
            keys,
            has_resource: text.contains("AWS::"),
            has_script: has_line(text, "script:"),
        }
    }

    /// What the document is, if its keys tell.
    pub(super) fn kind(&self) -> Option<Kind> {
        let kind = match () {
            () if self.is_code_pipeline() => Kind::CodePipeline,
            () if self.is_pipeline() => Kind::Pipeline,
            () if self.is_list("Resources") => Kind::AppSpec,
            () if self.all(&["version", "hooks"]) && self.any(&["files", "os"]) => Kind::AppSpec,
            () if self.has_resource
                || self.any(&[
                    "AWSTemplateFormatVersion",
                    "Resources",
                    "Properties",
                    "TemplateBody",
                ]) =>
            {
                Kind::CloudFormation
            }
            () if self.any(&["Family", "ContainerDefinitions", "TaskDefinition"]) => Kind::Capitals,
            () if self.has("AWSEBDockerrunVersion") => Kind::Dockerrun,
            () if self.any(&[
                "container_definitions",
                "format_version",
                "resource",
                "terraform_version",
            ]) =>
            {
                Kind::Terraform
            }
            () if self.all(&["apiVersion", "kind"]) => Kind::Kubernetes,
            () if self.all(&["version", "phases"]) => Kind::Buildspec,
            () if self.all(&["on", "jobs"]) => Kind::Workflow,
            () if self.is_copilot() => Kind::Copilot,
            () if self.is_ci() => Kind::Ci,
            () if self.any(&["taskDefinitionArns", "families"]) => Kind::Listing,
            () if self.is_list("taskDefinitions") => Kind::Definitions,
            () if self.has("ImageURI") => Kind::ImageDefinitions,
            () if self.any(&["__type", "Error"]) => Kind::ErrorAnswer,
            () if self.is_compose() => Kind::Compose,
            () if self.any(&["services", "service", "tasks", "taskSets", "taskDefinition"]) => {
                Kind::Service
            }
            () if self.all(&["family", "containerDefinitions"]) => Kind::TaskDefinition,
            () if self.has("containerDefinitions") => Kind::NoFamily,
            () if self.all(&["name", "image"]) => Kind::Container,
            () => return None,
        };
        Some(kind)
    }

    /// `{"pipeline": {"name": …, "stages": […]}}`, as `aws codepipeline get-pipeline` prints it.
    fn is_code_pipeline(&self) -> bool {
        let is_there = match self.form("pipeline") {
            Some(Form::Map {
                is_code_pipeline, ..
            }) => is_code_pipeline,
            Some(Form::List | Form::Text(_) | Form::Other) | None => false,
        };
        is_there && !self.has("repository")
    }

    /// One with a slip in a key is still a pipeline.
    fn is_pipeline(&self) -> bool {
        let is_there = |key: &&str| self.has(key) || self.has(&capitalised(key));
        let keys = ["pipeline", "repository", "stages"];
        keys.iter().filter(|key| is_there(key)).count() >= 2
    }

    /// A manifest of a service, or of a pipeline of Copilot's own.
    fn is_copilot(&self) -> bool {
        let is_manifest = match self.form("type") {
            Some(Form::Text(kind)) => COPILOT.contains(&kind),
            Some(Form::List | Form::Map { .. } | Form::Other) | None => false,
        };
        self.has("name") && (is_manifest || self.all(&["source", "stages"]))
    }

    /// What GitLab, CircleCI, Azure and Bitbucket run, in this order.
    fn is_ci(&self) -> bool {
        self.has_script
            || self.all(&["version", "jobs"])
            || (self.any(&["trigger", "pr"]) && self.any(&["pool", "steps", "jobs", "stages"]))
            || self.is_map("pipelines")
    }

    /// With `services`, or in Compose's first version, whose services stand at the top.
    fn is_compose(&self) -> bool {
        let is_container = |(_, form): &(&str, Form<'_>)| match form {
            Form::Map { is_container, .. } => *is_container,
            Form::List | Form::Text(_) | Form::Other => false,
        };
        self.is_map("services")
            || (!self.keys.is_empty() && self.keys.iter().all(is_container))
            || (self.is_list("include") && !self.has("stages"))
    }

    fn form(&self, key: &str) -> Option<Form<'a>> {
        let found = self.keys.iter().find(|(name, _)| *name == key);
        found.map(|(_, form)| *form)
    }

    fn has(&self, key: &str) -> bool {
        self.form(key).is_some()
    }

    fn any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    fn all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    fn is_list(&self, key: &str) -> bool {
        self.form(key) == Some(Form::List)
    }

    fn is_map(&self, key: &str) -> bool {
        matches!(self.form(key), Some(Form::Map { .. }))
    }
}

/// The key of a line or an entry such as `"image": nginx`.
fn key_of(entry: &str) -> Option<&str> {
    let (key, _) = entry.split_once(':')?;
    Some(without_quotes(key.trim()))
}

fn without_quotes(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn capitalised(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
