//! Keys that are written without a value, such as `rolling:` for the engine that needs no settings.

use crate::shape::Shape;
use crate::yaml::document::{Node, Value};

/// Makes empty settings of nothing, wherever settings may be empty.
pub(super) fn fill(node: &mut Node, shape: &Shape) {
    match (shape, &mut node.value) {
        (Shape::Struct(fields), value @ Value::Null) => {
            let needs_none = fields.fields.iter().all(|field| !field.required);
            if needs_none && fields.one_of.is_empty() {
                *value = Value::Map(Vec::new());
            }
        }
        (Shape::Struct(fields), Value::Map(entries)) => {
            for entry in entries {
                if let Some(field) = fields.field(&entry.key)
                    // There nothing means that the key is left out.
                    && !(field.nullable && entry.value.value == Value::Null)
                {
                    fill(&mut entry.value, &field.shape);
                }
            }
        }
        (Shape::Choice(choice), Value::Map(entries)) => {
            for entry in entries {
                let variant = choice.variants.iter().find(|one| one.name == entry.key);
                if let Some(content) = variant.and_then(|variant| variant.content.as_ref()) {
                    fill(&mut entry.value, content);
                }
            }
        }
        (Shape::List(item), Value::List(items)) => {
            items.iter_mut().for_each(|node| fill(node, item));
        }
        (
            Shape::Struct(_)
            | Shape::Choice(_)
            | Shape::List(_)
            | Shape::Map { .. }
            | Shape::Text(_)
            | Shape::Bool
            | Shape::Integer { .. }
            | Shape::Number
            | Shape::Any,
            _,
        ) => {}
    }
}
