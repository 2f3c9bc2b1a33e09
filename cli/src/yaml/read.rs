//! YAML 1.2 with places: one document of plain data.
//!
//! Anchors and aliases work, within a limit on the values they make. Tags are refused, and so are
//! merge keys, which YAML 1.2 no longer has.

use std::collections::HashMap;
use towpath_taskdef::{repeated_key, visible};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::document::{Entry, MAX_DEPTH, Node, Position, Unreadable, Value};
use super::{other_format, scalar};

/// Most values of one file, those that aliases repeat included.
const MAX_VALUES: usize = 20_000;

/// Tags of YAML's own: <https://yaml.org/type/>. Others are not repeated: what begins with `!` may be
/// a password without its quotes.
const TYPES: [&str; 14] = [
    "binary",
    "bool",
    "float",
    "int",
    "map",
    "merge",
    "null",
    "omap",
    "pairs",
    "seq",
    "set",
    "str",
    "timestamp",
    "value",
];

/// Tags that other tools replace: CloudFormation
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>),
/// GitLab, Ansible and those that include files.
const REPLACED: [&str; 21] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "Transform",
    "include",
    "reference",
    "vault",
];

/// Reads a YAML file.
pub(crate) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader {
        text,
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
    };
    reader.document()
}

struct Reader<'a> {
    text: &'a str,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// What each anchor names, with the number of values in it.
    anchors: HashMap<usize, (Node, usize)>,
    /// How many values there are so far.
    values: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Unreadable> {
        loop {
            match self.next()? {
                (Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd | Event::DocumentEnd, at) => {
                    return Err(other_format::empty(at));
                }
                (event, at) => {
                    let root = self.node(event, at, 0)?;
                    return self.end(root);
                }
            }
        }
    }

    fn end(&mut self, root: Node) -> Result<Node, Unreadable> {
        loop {
            match self.next()? {
                (Event::Nothing | Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(root),
                (_, at) => {
                    return Err(Unreadable::new(
                        at,
                        "a second document begins here",
                        "write one pipeline per file",
                    ));
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Position), Unreadable> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, position(span.start))),
            Some(Err(error)) => Err(other_format::instead_of(
                self.text,
                not_yaml(&error),
                &["//", "/*"],
            )),
            None => Ok((Event::StreamEnd, Position::START)),
        }
    }

    fn node(&mut self, event: Event<'a>, at: Position, depth: usize) -> Result<Node, Unreadable> {
        if depth > MAX_DEPTH {
            return Err(Unreadable::too_deep(at));
        }
        let before = self.values;
        self.count(1, at)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_tag(tag.as_deref(), at)?;
                let value = match style {
                    ScalarStyle::Plain => scalar::of_plain(&text).map_err(|problem| {
                        Unreadable::new(at, problem, "put it in quotes if text is meant")
                    })?,
                    ScalarStyle::SingleQuoted
                    | ScalarStyle::DoubleQuoted
                    | ScalarStyle::Literal
                    | ScalarStyle::Folded => Value::Text(text.into_owned()),
                };
                (value, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), at)?;
                (self.list(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), at)?;
                (self.map(depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some((node, values)) = self.anchors.get(&anchor) else {
                    return Err(Unreadable::new(
                        at,
                        "this alias stands inside the value it repeats",
                        "write the value out",
                    ));
                };
                if depth + node.depth() > MAX_DEPTH {
                    return Err(Unreadable::too_deep(at));
                }
                let (node, values) = (node.clone(), *values);
                self.count(values, at)?;
                return Ok(Node { at, ..node });
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err(Unreadable::new(
                    at,
                    "a value is missing here",
                    "write it, or remove its key",
                ));
            }
        };
        let node = Node { at, value };
        if anchor != 0 {
            self.anchors
                .insert(anchor, (node.clone(), self.values - before));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Unreadable> {
        let mut entries = Vec::<Entry>::new();
        loop {
            let (key, key_at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(entries)),
                (Event::Scalar(text, style, _, tag), at) => {
                    refuse_tag(tag.as_deref(), at)?;
                    (key(&text, style, at)?, at)
                }
                (_, at) => {
                    // To YAML a template's placeholder is a map within a map.
                    let error =
                        Unreadable::new(at, "a key must be text", "write a name before the colon");
                    return Err(other_format::instead_of(self.text, error, &[]));
                }
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(Unreadable::repeated(&key, first.key_at, key_at));
            }
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            entries.push(Entry { key, key_at, value });
        }
    }

    fn count(&mut self, values: usize, at: Position) -> Result<(), Unreadable> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(Unreadable::new(
                at,
                format!(
                    "the file has more than {MAX_VALUES} values, with those that aliases repeat"
                ),
                "no pipeline needs that: use fewer aliases",
            ));
        }
        Ok(())
    }
}

fn key(text: &str, style: ScalarStyle, at: Position) -> Result<String, Unreadable> {
    if style == ScalarStyle::Plain {
        if text == "<<" {
            return Err(Unreadable::new(
                at,
                "merge keys are not part of YAML 1.2",
                "write the keys out, or repeat a whole value with an alias",
            ));
        }
        if !matches!(scalar::of_plain(text), Ok(Value::Text(_))) {
            return Err(Unreadable::new(
                at,
                format!("the key `{}` is not text", repeated_key(text)),
                "put it in quotes",
            ));
        }
    }
    Ok(text.to_owned())
}

fn refuse_tag(tag: Option<&Tag>, at: Position) -> Result<(), Unreadable> {
    let Some(tag) = tag else {
        return Ok(());
    };
    let name = tag.suffix.as_str();
    let (problem, help) = if tag.is_yaml_core_schema() && TYPES.contains(&name) {
        (
            format!("tags such as `!!{name}` are not read"),
            "remove it, and put text in quotes",
        )
    } else if !tag.is_yaml_core_schema() && REPLACED.contains(&name) {
        (
            format!("tags such as `!{name}` are not read"),
            "write the value itself: nothing replaces it here",
        )
    } else {
        (
            "what begins with `!` is a tag, and tags are not read".to_owned(),
            "put it in single quotes if it is text, or write the value itself",
        )
    };
    Err(Unreadable::new(at, problem, help))
}

fn position(marker: Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

fn not_yaml(error: &ScanError) -> Unreadable {
    Unreadable::new(
        position(*error.marker()),
        format!("not YAML: {}", visible(error.info())),
        match ["anchor", "alias", "escape", "tag", "cannot start any token"]
            .iter()
            .any(|word| error.info().contains(word))
        {
            true => {
                "put a text that begins with `*`, `&`, `!`, `@`, `%` or a bracket, or has a backslash, in single quotes: 'main-*'"
            }
            false => "correct the syntax: indentation by spaces, quotes and brackets closed",
        },
    )
}
