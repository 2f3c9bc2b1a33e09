//! What ECS's API model says of task definitions: which fields there are, and of what kind.
//!
//! The table of nested shapes is made from the published model by `scripts/update-model`. The two
//! sets of top-level fields are written by hand, because each new field needs a decision; a test
//! compares them with the model.

#[cfg(test)]
mod check;
mod shapes;

use serde_json::{Map, Value};

pub(crate) use shapes::REGISTER_TASK_DEFINITION_REQUEST;

/// What a value may be. The kinds of scalars make no difference here.
#[derive(Debug)]
pub(crate) enum Shape {
    Scalar,
    List(&'static Shape),
    /// Keys are the user's own; values are all of one shape.
    Map(&'static Shape),
    Structure(&'static Structure),
}

/// A structure with the members that the model names.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) name: &'static str,
    pub(crate) members: &'static [(&'static str, Shape)],
}

impl Structure {
    /// The shape of a member, or nothing if the model does not know it.
    pub(crate) fn member(&self, name: &str) -> Option<&'static Shape> {
        self.members
            .iter()
            .find_map(|(known, shape)| (*known == name).then_some(shape))
    }
}

/// The fields that [DescribeTaskDefinition] adds and [RegisterTaskDefinition] does not take.
///
/// [DescribeTaskDefinition]: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
/// [RegisterTaskDefinition]: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
pub const DESCRIBE_ONLY: [&str; 9] = [
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// The fields that [RegisterTaskDefinition] takes.
///
/// [RegisterTaskDefinition]: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
pub const REGISTERABLE: [&str; 19] = [
    "containerDefinitions",
    "cpu",
    "enableFaultInjection",
    "ephemeralStorage",
    "executionRoleArn",
    "family",
    "inferenceAccelerators",
    "ipcMode",
    "memory",
    "networkMode",
    "pidMode",
    "placementConstraints",
    "proxyConfiguration",
    "requiresCompatibilities",
    "runtimePlatform",
    "tags",
    "taskRoleArn",
    "trustedExecutionConfiguration",
    "volumes",
];

/// The JSON pointers of all fields that the model does not know, in the document's order.
///
/// An unknown field is reported once; what is inside it is not looked at.
pub(crate) fn unknown_fields(document: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = String::new();
    walk_structure(
        document,
        &REGISTER_TASK_DEFINITION_REQUEST,
        &mut path,
        &mut found,
    );
    found
}

fn walk_structure(
    members: &Map<String, Value>,
    structure: &Structure,
    path: &mut String,
    found: &mut Vec<String>,
) {
    for (name, value) in members {
        let end = path.len();
        push_segment(path, name);
        match structure.member(name) {
            Some(shape) => walk(value, shape, path, found),
            None => found.push(path.clone()),
        }
        path.truncate(end);
    }
}

fn walk(value: &Value, shape: &Shape, path: &mut String, found: &mut Vec<String>) {
    match (shape, value) {
        (Shape::Structure(structure), Value::Object(members)) => {
            walk_structure(members, structure, path, found);
        }
        (Shape::List(Shape::Scalar) | Shape::Map(Shape::Scalar), _) => {}
        (Shape::List(element), Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                let end = path.len();
                push_segment(path, &index.to_string());
                walk(value, element, path, found);
                path.truncate(end);
            }
        }
        (Shape::Map(element), Value::Object(values)) => {
            for (key, value) in values {
                let end = path.len();
                push_segment(path, key);
                walk(value, element, path, found);
                path.truncate(end);
            }
        }
        // A value of another kind than the model says has no fields to compare; ECS judges it.
        (Shape::Scalar | Shape::List(_) | Shape::Map(_) | Shape::Structure(_), _) => {}
    }
}

/// Appends one segment of a [JSON pointer](https://www.rfc-editor.org/rfc/rfc6901).
pub(crate) fn push_segment(path: &mut String, segment: &str) {
    path.push('/');
    for c in segment.chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}
