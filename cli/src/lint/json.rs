//! JSON with places.
//!
//! `serde_json` does the parsing, level by level: a raw value is a slice of the file, and where the
//! slice begins is where the value stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::document::{DEEPEST, Entry, Node, Position, Unreadable, Value};

/// Reads a JSON file.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    // A whole value first: it tells mistakes more exactly than a raw one does.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| not_json(&error))?;
    let raw = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    Reader::new(text).node(raw, 0)
}

fn not_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::new(
        Position {
            line: error.line().max(1),
            column: error.column().max(1),
        },
        format!("not JSON: {}", without_place(error)),
        "correct the syntax, or name the file .yaml if it is YAML",
    )
}

/// What the parser says without its own `at line 1 column 2`, which stands beside it already.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    text.escape_debug().to_string()
}

struct Reader<'a> {
    text: &'a str,
    /// The offset in bytes at which each line begins.
    lines: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// Where a raw value begins.
    fn position(&self, raw: &RawValue) -> Position {
        // Every raw value borrows from the text, so the distance of the two addresses is its offset.
        let offset = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        Position {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    fn node(&self, raw: &'a RawValue, depth: usize) -> Result<Node, Unreadable> {
        let at = self.position(raw);
        if depth > DEEPEST {
            return Err(Unreadable::too_deep(at));
        }
        let refused =
            |error: serde_json::Error| Unreadable::new(at, without_place(&error), "correct it");
        let value = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let RawMap(members) = serde_json::from_str(raw.get()).map_err(refused)?;
                let mut entries = Vec::<Entry>::with_capacity(members.len());
                for (raw_key, raw_value) in members {
                    let key_at = self.position(raw_key);
                    let key: String = serde_json::from_str(raw_key.get()).map_err(refused)?;
                    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                        return Err(Unreadable::repeated(&key, first.key_at, key_at));
                    }
                    let value = self.node(raw_value, depth + 1)?;
                    entries.push(Entry { key, key_at, value });
                }
                Value::Map(entries)
            }
            Some(b'[') => {
                let RawList(items) = serde_json::from_str(raw.get()).map_err(refused)?;
                let items = items.into_iter().map(|item| self.node(item, depth + 1));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(serde_json::from_str(raw.get()).map_err(refused)?),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') => Value::Null,
            Some(_) | None => Value::Number(serde_json::from_str(raw.get()).map_err(refused)?),
        };
        Ok(Node { at, value })
    }
}

/// One level of an object, in the order of the file, repeated keys and all.
struct RawMap<'a>(Vec<(&'a RawValue, &'a RawValue)>);

/// One level of an array.
struct RawList<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for RawMap<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMap<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMap<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMap(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for RawList<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = RawList<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawList<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(RawList(items))
            }
        }
        deserializer.deserialize_seq(Items)
    }
}
