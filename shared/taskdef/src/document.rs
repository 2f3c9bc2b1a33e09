//! A task definition that has been read: a JSON document with the few parts that everything needs.

use serde_json::{Map, Value};
use thiserror::Error;

use super::model::{self, DESCRIBE_ONLY};
use super::nulls;
use super::other_format::{self, OtherFormat};
use crate::image::Needs;
use crate::json::{self, JsonError};

/// A task definition in the form that RegisterTaskDefinition takes, with all its fields, known or
/// not, as they were read. Members that are null are left out, which says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    document: Map<String, Value>,
    described: Option<Described>,
    beside: Vec<String>,
    nulls: Vec<String>,
}

/// What ECS said of a registered revision, beyond what can be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The revision's ARN, ending in `family:revision`.
    pub arn: String,
    /// The revision's number within its family, from 1.
    pub revision: u64,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`, as ECS wrote it.
    pub status: String,
}

/// One container of a task definition.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    definition: &'a Map<String, Value>,
}

/// Why a document is not a task definition.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The text cannot be read.
    #[error("it is not JSON that can be kept exactly: {0}")]
    Json(JsonError),
    /// It is something else.
    #[error("{0}")]
    OtherFormat(OtherFormat),
    /// Something that everything else stands on is missing or of another kind.
    #[error(
        "it has no {expected} at {path}: a task definition is an object with \"family\" and a list \"containerDefinitions\""
    )]
    Shape {
        /// JSON pointer of the place.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// DescribeTaskDefinition's answer gives tags twice, and they differ.
    #[error(
        "it has tags beside and inside the task definition, and they differ; keep those at /tags only"
    )]
    TagsTwice,
}

impl TaskDefinition {
    /// Reads DescribeTaskDefinition's whole answer, `{"taskDefinition": …, "tags": […]}`.
    ///
    /// An answer that is at hand as text is better given to [`parse`](Self::parse): what `serde_json`
    /// has made of it may already have lost something (see [`json`](crate::json)).
    ///
    /// ECS leaves the tags out unless it is asked with `include=[TAGS]`; a definition read without
    /// them is registered without them.
    ///
    /// # Errors
    /// [`DocumentError`], if there is no task definition in it.
    pub fn from_describe(answer: Value) -> Result<Self, DocumentError> {
        let Value::Object(mut answer) = answer else {
            return Err(shape("", "object"));
        };
        let Some(Value::Object(mut document)) = answer.shift_remove("taskDefinition") else {
            return Err(shape("/taskDefinition", "object"));
        };
        if let Some(tags) = answer.shift_remove("tags").filter(|tags| !tags.is_null()) {
            match document.get("tags") {
                Some(inside) if *inside != tags => return Err(DocumentError::TagsTwice),
                Some(_) | None => {
                    document.insert("tags".to_owned(), tags);
                }
            }
        }
        // botocore adds this to every answer; it is not ECS's.
        answer.shift_remove("ResponseMetadata");
        let mut definition = Self::from_register(Value::Object(document))?;
        definition.beside = answer.into_iter().map(|(name, _)| name).collect();
        Ok(definition)
    }

    /// Reads a bare definition: RegisterTaskDefinition's input, or the `taskDefinition` of
    /// DescribeTaskDefinition's answer, whose nine describe-only fields are taken out.
    ///
    /// # Errors
    /// [`DocumentError`], if it has no family or no list of containers.
    pub fn from_register(document: Value) -> Result<Self, DocumentError> {
        let Value::Object(mut document) = document else {
            return Err(shape("", "object"));
        };
        let nulls = nulls::leave_out(&mut document);
        if !document.get("family").is_some_and(Value::is_string) {
            return Err(shape("/family", "text"));
        }
        let Some(Value::Array(containers)) = document.get("containerDefinitions") else {
            return Err(shape("/containerDefinitions", "list"));
        };
        if let Some(index) = containers.iter().position(|value| !value.is_object()) {
            return Err(shape(&format!("/containerDefinitions/{index}"), "object"));
        }
        let described = take_described(&mut document);
        Ok(Self {
            document,
            described,
            beside: Vec::new(),
            nulls,
        })
    }

    /// Reads the text of either form: Describe's whole answer if it has a `taskDefinition` object,
    /// else a bare definition.
    ///
    /// # Errors
    /// [`DocumentError`], also for duplicate keys and for numbers that would be rounded.
    pub fn parse(text: &[u8]) -> Result<Self, DocumentError> {
        Self::from_value(read_text(text)?)
    }

    /// Reads either form of what was read already.
    ///
    /// # Errors
    /// [`DocumentError`], which says what the document is where it is something else.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        if let Some(foreign) = other_format::of_value(&value) {
            return Err(DocumentError::OtherFormat(foreign));
        }
        if value.get("taskDefinition").is_some_and(Value::is_object) {
            Self::from_describe(value)
        } else {
            Self::from_register(value)
        }
    }

    /// The family that a registration adds a revision to.
    pub fn family(&self) -> &str {
        self.text("family").unwrap_or_default()
    }

    /// The task's own role, as a name or an ARN.
    pub fn task_role(&self) -> Option<&str> {
        self.text("taskRoleArn")
    }

    /// The role that pulls images and reads secrets before the task starts.
    pub fn execution_role(&self) -> Option<&str> {
        self.text("executionRoleArn")
    }

    /// The network mode, if one is given.
    pub fn network_mode(&self) -> Option<&str> {
        self.text("networkMode")
    }

    /// What its tasks run on, as far as it says.
    pub fn platform(&self, is_fargate: bool) -> Needs {
        Needs::of(self.document.get("runtimePlatform"), is_fargate)
    }

    /// The containers, in the document's order.
    pub fn containers(&self) -> impl Iterator<Item = Container<'_>> {
        self.document
            .get("containerDefinitions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|definition| Container { definition })
    }

    /// The first container of this name.
    pub fn container(&self, name: &str) -> Option<Container<'_>> {
        self.containers()
            .find(|container| container.name() == Some(name))
    }

    /// The value of a tag of the task definition itself.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// The tags of the task definition itself, in the document's order.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(self.document.get("tags"), "key")
    }

    /// What ECS said of the revision, if this was read from a description of one.
    pub fn described(&self) -> Option<&Described> {
        self.described.as_ref()
    }

    /// The document for RegisterTaskDefinition.
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The document for RegisterTaskDefinition, by value.
    pub fn into_document(self) -> Value {
        Value::Object(self.document)
    }

    /// JSON pointers into [`document`](Self::document) of fields that ECS's published model does
    /// not know. They are kept.
    pub fn unknown_fields(&self) -> Vec<String> {
        model::unknown_fields(&self.document)
    }

    /// Names of parts of Describe's answer other than `taskDefinition` and `tags`. They are no part
    /// of the definition and not kept.
    pub fn beside(&self) -> &[String] {
        &self.beside
    }

    /// Where members were left out because they were null, which says the same: JSON pointers.
    pub fn nulls(&self) -> &[String] {
        &self.nulls
    }

    pub(super) fn from_document(document: Map<String, Value>) -> Self {
        Self {
            document,
            described: None,
            beside: Vec::new(),
            nulls: Vec::new(),
        }
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.document
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.document.get(field).and_then(Value::as_str)
    }
}

impl<'a> Container<'a> {
    /// The container's name.
    pub fn name(&self) -> Option<&'a str> {
        self.text("name")
    }

    /// The image as it is written.
    pub fn image(&self) -> Option<&'a str> {
        self.text("image")
    }

    /// The plain environment variables, in the document's order.
    pub fn environment(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        pairs(self.definition.get("environment"), "name")
    }

    /// The container's JSON object.
    pub fn definition(&self) -> &'a Map<String, Value> {
        self.definition
    }

    fn text(&self, field: &str) -> Option<&'a str> {
        self.definition.get(field).and_then(Value::as_str)
    }
}

/// Reads a text that is to be a task definition or a template of one.
///
/// # Errors
/// [`DocumentError::OtherFormat`] where it can be told what the text is instead.
pub fn read_text(text: &[u8]) -> Result<Value, DocumentError> {
    if let Some(foreign) = other_format::of_bytes(text) {
        return Err(DocumentError::OtherFormat(foreign));
    }
    json::read(text).map_err(|error| {
        let foreign = std::str::from_utf8(text)
            .ok()
            .and_then(|text| other_format::of_text(text, &error));
        foreign.map_or(DocumentError::Json(error), DocumentError::OtherFormat)
    })
}

/// The named values of a list such as `environment` or `tags`.
fn pairs<'a>(
    list: Option<&'a Value>,
    name: &'static str,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(move |pair| Some((pair.get(name)?.as_str()?, pair.get("value")?.as_str()?)))
}

/// Takes the describe-only fields out; what they say is kept if they name a revision.
fn take_described(document: &mut Map<String, Value>) -> Option<Described> {
    let arn = document.get("taskDefinitionArn").and_then(Value::as_str);
    let revision = document.get("revision").and_then(Value::as_u64);
    let status = document.get("status").and_then(Value::as_str);
    let described = arn.zip(revision).map(|(arn, revision)| Described {
        arn: arn.to_owned(),
        revision,
        status: status.unwrap_or_default().to_owned(),
    });
    document.retain(|field, _| !DESCRIBE_ONLY.contains(&field.as_str()));
    described
}

fn shape(path: &str, expected: &'static str) -> DocumentError {
    let path = if path.is_empty() { "its top" } else { path };
    DocumentError::Shape {
        path: path.to_owned(),
        expected,
    }
}
