//! Keys that are written without a value, such as `rolling:` for the engine that needs no settings.

use crate::schema_node::SchemaNode;
use crate::yaml::document::{Node, Value};

/// Makes empty settings of nothing, wherever settings may be empty.
pub(super) fn fill(node: &mut Node, shape: &SchemaNode) {
    match (shape, &mut node.value) {
        (SchemaNode::Struct(fields), value @ Value::Null) => {
            let needs_none = fields.fields.iter().all(|field| !field.required);
            if needs_none && fields.one_of.is_empty() {
                *value = Value::Map(Vec::new());
            }
        }
        (SchemaNode::Struct(fields), Value::Map(entries)) => {
            for entry in entries {
                if let Some(field) = fields.field(&entry.key)
                    // There nothing means that the key is left out.
                    && !(field.nullable && entry.value.value == Value::Null)
                {
                    fill(&mut entry.value, &field.shape);
                }
            }
        }
        (SchemaNode::Choice(choice), Value::Map(entries)) => {
            for entry in entries {
                let variant = choice.variants.iter().find(|one| one.name == entry.key);
                if let Some(content) = variant.and_then(|variant| variant.content.as_ref()) {
                    fill(&mut entry.value, content);
                }
            }
        }
        (SchemaNode::List(item), Value::List(items)) => {
            items.iter_mut().for_each(|node| fill(node, item));
        }
        (
            SchemaNode::Struct(_)
            | SchemaNode::Choice(_)
            | SchemaNode::List(_)
            | SchemaNode::Map { .. }
            | SchemaNode::Text(_)
            | SchemaNode::Bool
            | SchemaNode::Integer { .. }
            | SchemaNode::Number
            | SchemaNode::Any,
            _,
        ) => {}
    }
}
