//! The shape of a pipeline file, read from its JSON Schema: what `lint` checks a file against, and
//! what the reference is written from. The schema is made from the types, so all three agree.

mod read;

use serde_json::Value;

pub(crate) use self::read::Shapeless;

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SchemaNode {
    /// Text; of a kind that has rules of its own, or any.
    Text(Option<Kind>),
    /// True or false.
    Bool,
    /// A whole number in a range.
    Integer {
        least: u64,
        most: u64,
    },
    Number,
    /// A list of values of one shape.
    List(Box<Self>),
    /// Values of one shape by keys that the author chooses, which are of a kind too.
    Map {
        key: Option<Kind>,
        value: Box<Self>,
    },
    /// Values by keys that are fixed.
    Struct(Struct),
    /// One of several alternatives.
    Choice(Choice),
    /// Any value.
    Any,
}

/// A kind of text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    /// Its name among the schema's definitions.
    pub(crate) name: String,
    /// What it is, and what may be in it.
    pub(crate) rule: String,
}

/// Values by keys that are fixed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Struct {
    /// Its name among the schema's definitions; the pipeline itself has none.
    pub(crate) name: Option<String>,
    pub(crate) description: String,
    pub(crate) fields: Vec<Field>,
    /// Keys of which exactly one must be there; none where that does not apply.
    pub(crate) one_of: Vec<String>,
}

/// One key of a struct.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) shape: SchemaNode,
    pub(crate) required: bool,
    /// Whether `null` means the same as leaving the key out.
    pub(crate) nullable: bool,
    pub(crate) description: String,
    pub(crate) default: Option<Value>,
    pub(crate) example: Value,
}

/// One of several alternatives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) name: Option<String>,
    pub(crate) variants: Vec<Variant>,
}

/// One alternative.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) description: String,
    /// What stands below its name; nothing where the name alone is the value.
    pub(crate) content: Option<SchemaNode>,
}

impl Struct {
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}
