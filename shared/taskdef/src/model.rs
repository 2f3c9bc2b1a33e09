//! What ECS's API model says of task definitions: which fields there are, and of what kind.
//!
//! The table of nested shapes is made from the published model by `scripts/update-model`. The two
//! sets of top-level fields are written by hand, because each new field needs a decision; a test
//! compares them with the model.

#[cfg(test)]
mod check;
mod shapes;

use serde_json::{Map, Value};

use crate::repeated_key;

pub(crate) use shapes::REGISTER_TASK_DEFINITION_REQUEST;

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    Scalar(Scalar),
    List(&'static Shape),
    /// Keys are the user's own; values are all of one shape.
    Map(&'static Shape),
    Structure(&'static Structure),
}

/// The kinds of single values.
#[derive(Debug)]
pub(crate) enum Scalar {
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A whole number within these limits.
    Integer {
        least: i64,
        most: i64,
    },
    Boolean,
}

const TEXT: Shape = Shape::Scalar(Scalar::Text);
const BOOLEAN: Shape = Shape::Scalar(Scalar::Boolean);
/// The model's `integer`, of 32 bits.
const INTEGER: Shape = Shape::Scalar(Scalar::Integer {
    least: -0x8000_0000,
    most: 0x7fff_ffff,
});

/// A structure with the members that the model names.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) name: &'static str,
    /// The members that must be there.
    pub(crate) required: &'static [&'static str],
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

/// The JSON pointers of all fields that the model does not know, in the document's order, as they are
/// told.
///
/// An unknown field is reported once; what is inside it is not looked at.
pub(crate) fn unknown_fields(document: &Map<String, Value>) -> Vec<String> {
    let mut search = Search::default();
    search.structure(document, &REGISTER_TASK_DEFINITION_REQUEST);
    search.found
}

/// The way to a value.
#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Name(&'a str),
    Index(usize),
}

/// Keeps the way as references: most documents have no unknown field, and then none is written out.
#[derive(Default)]
struct Search<'a> {
    path: Vec<Segment<'a>>,
    found: Vec<String>,
}

impl<'a> Search<'a> {
    fn structure(&mut self, members: &'a Map<String, Value>, structure: &Structure) {
        for (name, value) in members {
            self.path.push(Segment::Name(name));
            match structure.member(name) {
                Some(shape) => self.value(value, shape),
                None => self.found.push(self.pointer()),
            }
            self.path.pop();
        }
    }

    fn value(&mut self, value: &'a Value, shape: &Shape) {
        match (shape, value) {
            (Shape::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure);
            }
            (Shape::List(Shape::Scalar(_)) | Shape::Map(Shape::Scalar(_)), _) => {}
            (Shape::List(element), Value::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    self.path.push(Segment::Index(index));
                    self.value(value, element);
                    self.path.pop();
                }
            }
            (Shape::Map(element), Value::Object(values)) => {
                for (key, value) in values {
                    self.path.push(Segment::Name(key));
                    self.value(value, element);
                    self.path.pop();
                }
            }
            // A value of another kind than the model says has no fields to compare.
            (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_) | Shape::Structure(_), _) => {}
        }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.path {
            match segment {
                Segment::Name(name) => push_repeated(&mut pointer, name),
                Segment::Index(index) => push_segment(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }
}

/// Appends a key that somebody wrote, as a message repeats it: it may be a secret in the wrong place.
pub(crate) fn push_repeated(path: &mut String, key: &str) {
    push_segment(path, &repeated_key(key));
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
