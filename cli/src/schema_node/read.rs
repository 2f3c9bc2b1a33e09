//! Reads a shape from the JSON Schema that `schemars` makes of the types.

use serde_json::Value;

use super::{Choice, Field, Kind, SchemaNode, Struct, Variant};

/// Something in the schema that has no shape. The schema comes with the program, so this is a
/// defect of the program.
#[derive(Debug, thiserror::Error)]
#[error("the schema has something at `{at}` that cannot be read: {what}")]
pub(crate) struct Shapeless {
    at: String,
    what: String,
}

/// Deepest nesting of definitions; a schema that refers to itself is refused.
const MAX_DEPTH: usize = 16;

impl SchemaNode {
    /// The shape of a pipeline.
    pub(crate) fn of_pipeline() -> Result<Self, Shapeless> {
        let schema = towpath_core::pipeline::schema();
        let reader = Reader {
            definitions: &schema["$defs"],
        };
        reader.shape(&schema, None, "#", 0)
    }
}

struct Reader<'a> {
    definitions: &'a Value,
}

impl Reader<'_> {
    fn shape(
        &self,
        schema: &Value,
        name: Option<&str>,
        at: &str,
        depth: usize,
    ) -> Result<SchemaNode, Shapeless> {
        let shapeless = |what: &str| Shapeless {
            at: at.to_owned(),
            what: what.to_owned(),
        };
        if depth > MAX_DEPTH {
            return Err(shapeless("it refers to itself"));
        }
        if schema == &Value::Bool(true) {
            return Ok(SchemaNode::Any);
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = definition_name(reference).ok_or_else(|| shapeless(reference))?;
            return self.shape(&self.definitions[name], Some(name), reference, depth + 1);
        }
        if let (Some(variants), None) = (schema["oneOf"].as_array(), schema.get("properties")) {
            let variants = variants
                .iter()
                .map(|variant| self.variant(variant, at, depth))
                .collect::<Result<_, _>>()?;
            return Ok(SchemaNode::Choice(Choice {
                name: name.map(str::to_owned),
                variants,
            }));
        }
        match schema["type"].as_str() {
            Some("string") => Ok(SchemaNode::Text(name.map(|name| self.kind(name)))),
            Some("boolean") => Ok(SchemaNode::Bool),
            Some("integer") => Ok(SchemaNode::Integer {
                least: schema["minimum"].as_u64().unwrap_or(0),
                most: schema["maximum"].as_u64().unwrap_or(u64::MAX),
            }),
            Some("number") => Ok(SchemaNode::Number),
            Some("array") => {
                let item = self.shape(&schema["items"], None, &format!("{at}/items"), depth + 1)?;
                Ok(SchemaNode::List(Box::new(item)))
            }
            Some("object") => match values_of_map(schema) {
                None => Ok(SchemaNode::Struct(self.fields(schema, name, at, depth)?)),
                Some(values) => {
                    let value = self.shape(values, None, &format!("{at}/*"), depth + 1)?;
                    let key = schema["propertyNames"]["$ref"].as_str();
                    Ok(SchemaNode::Map {
                        key: key.and_then(definition_name).map(|name| self.kind(name)),
                        value: Box::new(value),
                    })
                }
            },
            Some(other) => Err(shapeless(other)),
            None => Err(shapeless("it has no type")),
        }
    }

    fn kind(&self, name: &str) -> Kind {
        Kind {
            name: name.to_owned(),
            rule: description(&self.definitions[name]),
        }
    }

    fn fields(
        &self,
        schema: &Value,
        name: Option<&str>,
        at: &str,
        depth: usize,
    ) -> Result<Struct, Shapeless> {
        let texts = |value: &Value| -> Vec<String> {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let required = texts(&schema["required"]);
        let mut fields = Vec::new();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/properties/{key}");
            let (property_shape, nullable) = without_null(property);
            let shape = self.shape(&property_shape, None, &at, depth + 1)?;
            let example = property["examples"].get(0).cloned().ok_or(Shapeless {
                at,
                what: "it has no example".to_owned(),
            })?;
            fields.push(Field {
                key: key.clone(),
                shape,
                required: required.contains(key),
                nullable,
                description: description(property),
                default: property.get("default").cloned(),
                example,
            });
        }
        let alternatives = schema["oneOf"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        Ok(Struct {
            name: name.map(str::to_owned),
            description: description(schema),
            fields,
            one_of: alternatives
                .iter()
                .flat_map(|one| texts(&one["required"]))
                .collect(),
        })
    }

    fn variant(&self, schema: &Value, at: &str, depth: usize) -> Result<Variant, Shapeless> {
        let description = description(schema);
        if let Some(name) = schema["const"].as_str() {
            return Ok(Variant {
                name: name.to_owned(),
                description,
                content: None,
            });
        }
        let mut properties = schema["properties"].as_object().into_iter().flatten();
        match (properties.next(), properties.next()) {
            (Some((name, content)), None) => Ok(Variant {
                name: name.clone(),
                description,
                content: Some(self.shape(content, None, &format!("{at}/{name}"), depth + 1)?),
            }),
            (None, _) | (Some(_), Some(_)) => Err(Shapeless {
                at: at.to_owned(),
                what: "an alternative that is neither a name nor a name with settings".to_owned(),
            }),
        }
    }
}

/// The schema of a map's values; none where the keys are fixed. Where the keys have a pattern,
/// `additionalProperties` is false all the same, and the values stand beside the pattern.
fn values_of_map(schema: &Value) -> Option<&Value> {
    let by_pattern = schema["patternProperties"].as_object();
    let values = by_pattern.and_then(|patterns| patterns.values().next());
    values.or_else(|| {
        schema
            .get("additionalProperties")
            .filter(|values| **values != false)
    })
}

fn definition_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
}

/// The description in one line.
fn description(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .replace('\n', " ")
}

/// The schema of an optional value without its `null`, and whether it had one.
fn without_null(schema: &Value) -> (Value, bool) {
    let null = serde_json::json!({"type": "null"});
    if let Some([one, other]) = schema["anyOf"].as_array().map(Vec::as_slice)
        && *other == null
    {
        return (one.clone(), true);
    }
    if let Some([one, other]) = schema["type"].as_array().map(Vec::as_slice)
        && other == "null"
    {
        let mut plain = schema.clone();
        plain["type"] = one.clone();
        return (plain, true);
    }
    (schema.clone(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_schema_has_a_shape() {
        let SchemaNode::Struct(pipeline) = SchemaNode::of_pipeline().unwrap() else {
            panic!("a pipeline is not made of keys");
        };
        let keys: Vec<_> = pipeline
            .fields
            .iter()
            .map(|field| field.key.as_str())
            .collect();
        assert_eq!(
            keys,
            [
                "pipeline",
                "repository",
                "registry",
                "tags",
                "notify",
                "arrivals",
                "operators",
                "stages"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let read = |schema: Value| {
            let reader = Reader {
                definitions: &schema["$defs"],
            };
            reader.shape(&schema, None, "#", 0).unwrap_err().to_string()
        };
        let schema = serde_json::json!({
            "type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": {"type": "null"}}
        });
        assert_eq!(
            read(schema),
            "the schema has something at `#/$defs/A` that cannot be read: null"
        );
        let endless = serde_json::json!({
            "$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}
        });
        assert!(read(endless).contains("refers to itself"));
    }
}
