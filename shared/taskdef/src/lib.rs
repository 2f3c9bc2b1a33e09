//! Task definitions, rendered exactly: nothing changes but what was asked for.
//!
//! Everything here works on JSON, never on a typed client's structures, since those drop every
//! field that is younger than they are. [`TaskDefinition`] is a document that has been read,
//! [`render`](render()) sets images, environment variables, labels and tags in it,
//! [`spec_hash`] says which documents run the same thing, [`diff`](diff()) shows what differs and
//! [`validate`](validate()) what ECS would refuse.

#![warn(missing_docs)]

mod canonical;
mod diff;
mod document;
mod fargate;
mod hash;
pub mod image;
pub mod json;
mod model;
pub mod names;
mod nulls;
mod other_format;
mod own_tags;
mod print;
mod protected;
mod render;
pub mod resource_tag;
pub mod secrets;
mod size;
pub mod template;
mod validate;
mod visible;

pub use diff::{Change, ChangeKind, Diff, diff};
pub use document::{Container, Described, DocumentError, TaskDefinition, read_text};
pub use hash::{SpecHash, spec_hash};
pub use model::{DESCRIBE_ONLY, REGISTERABLE};
pub use other_format::{Kind, OtherFormat, kind_of};
pub use own_tags::{TAG_COMMIT, TAG_PREFIX, TAG_RELEASE, TAG_SPEC};
pub use print::{ordered, pretty, printable};
pub use protected::protected_hash;
pub use render::{Changes, ReleaseMark, RenderError, Rendered, render};
pub use validate::{
    AllowedRegistry, Capacity, Finding, MutableTags, Rule, Rules, Severity, validate,
};
pub use visible::{repeated, repeated_key, repeated_path, visible};
