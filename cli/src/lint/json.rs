//! JSON with places.
//!
//! `serde_json` judges the whole text first and reads every single value; what is done here is to
//! find where the values stand in a text that is known to be JSON.

use towpath_taskdef::visible;

use crate::yaml::document::{Entry, MAX_DEPTH, Node, Position, Unreadable, Value};
use crate::yaml::other_format;

/// Reads a JSON file.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    // Some editors begin a file with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(other_format::empty(Position::START));
    }
    serde_json::from_str::<serde_json::Value>(text)
        .map_err(|error| other_format::instead_of(text, not_json(&error), &["//", "/*", "#"]))?;
    let mut reader = Reader {
        rest: text,
        at: Position::START,
    };
    reader.node(0)
}

fn not_json(error: &serde_json::Error) -> Unreadable {
    let text = error.to_string();
    // The place stands beside the problem already.
    let problem = text.split(" at line ").next().unwrap_or_default();
    Unreadable::new(
        Position {
            line: error.line().max(1),
            column: error.column().max(1),
        },
        format!("not JSON: {}", visible(problem)),
        "correct the syntax, or name the file .yaml if it is YAML",
    )
}

/// What has not been read of the text yet, and where that begins.
struct Reader<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Reader<'a> {
    fn node(&mut self, depth: usize) -> Result<Node, Unreadable> {
        self.skip_space();
        let at = self.at;
        if depth > MAX_DEPTH {
            return Err(Unreadable::too_deep(at));
        }
        let value = match self.rest.as_bytes().first() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(_) | None => self.scalar()?,
        };
        Ok(Node { at, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut entries = Vec::<Entry>::new();
        while self.goes_on('{', '}') {
            let key_at = self.at;
            let key: String = self.token()?;
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(Unreadable::repeated(&key, first.key_at, key_at));
            }
            self.skip_space();
            self.take(1); // the colon
            let value = self.node(depth + 1)?;
            entries.push(Entry { key, key_at, value });
        }
        Ok(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut items = Vec::new();
        while self.goes_on('[', ']') {
            items.push(self.node(depth + 1)?);
        }
        Ok(Value::List(items))
    }

    /// Takes the opening bracket, or the comma before another item, and says whether an item
    /// follows; if none does, takes the closing bracket.
    fn goes_on(&mut self, open: char, close: char) -> bool {
        self.skip_space();
        if self.rest.starts_with([open, ',']) {
            self.take(1);
            self.skip_space();
        }
        let over = self.rest.is_empty() || self.rest.starts_with(close);
        if over {
            self.take(1);
        }
        !over
    }

    fn scalar(&mut self) -> Result<Value, Unreadable> {
        Ok(match self.token()? {
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => Value::Number(number),
            serde_json::Value::String(text) => Value::Text(text),
            // A token is no list and no object.
            serde_json::Value::Null
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => Value::Null,
        })
    }

    /// Reads a string, a number or a word.
    fn token<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Unreadable> {
        let length = if self.rest.starts_with('"') {
            string_length(self.rest)
        } else {
            let delimiter = |c: char| matches!(c, ',' | ':' | ']' | '}') || c.is_ascii_whitespace();
            self.rest.find(delimiter).unwrap_or(self.rest.len())
        };
        let token = self.take(length);
        serde_json::from_str(token).map_err(|error| not_json(&error))
    }

    fn skip_space(&mut self) {
        let space = self.rest.len() - self.rest.trim_ascii_start().len();
        self.take(space);
    }

    /// Takes as many bytes, or what is left.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        match taken.rsplit_once('\n') {
            Some((before, last)) => {
                self.at.line += before.matches('\n').count() + 1;
                self.at.column = last.chars().count() + 1;
            }
            None => self.at.column += taken.chars().count(),
        }
        taken
    }
}

/// The length in bytes of the string that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_what_serde_json_reads(
            value in crate::yaml::value(),
            pretty in any::<bool>(),
        ) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            prop_assert_eq!(read(&text).unwrap().to_json(), value);
        }
    }

    #[test]
    fn every_value_has_its_place() {
        let root = read("{\"é\" :\n\t[1 , {\"a.b\" : \"\\\"}\\\\\"}\n ]}").unwrap();
        for (path, line, column) in [
            ("é", 1, 2),
            ("é.0", 2, 3),
            ("é.1", 2, 7),
            ("é.1.a.b", 2, 8),
            ("é.2", 1, 2),
            ("b", 1, 1),
        ] {
            assert_eq!(root.position_of(path), Position { line, column }, "{path}");
        }
    }
}
