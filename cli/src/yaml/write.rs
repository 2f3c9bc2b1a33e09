//! Values as YAML that people like to read, for examples.

use serde_json::{Map, Value};

use super::means_text;

/// `key: value` in one line.
pub(crate) fn in_line(key: &str, value: &Value) -> String {
    format!("{}: {}", text(key), flow(value))
}

/// `key: value` over as many lines as it needs, each ended.
pub(crate) fn block(key: &str, value: &Value) -> String {
    let mut lines = String::new();
    entry(&mut lines, 0, key, value);
    lines
}

/// A whole document.
pub(crate) fn document(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut lines = String::new();
            map(&mut lines, 0, members);
            lines
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_) => flow(value) + "\n",
    }
}

fn entry(lines: &mut String, indent: usize, key: &str, value: &Value) {
    lines.push_str(&text(key));
    lines.push(':');
    match value {
        Value::Object(members) if !members.is_empty() => {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent + 2));
            map(lines, indent + 2, members);
        }
        Value::Array(items) if items.iter().any(is_nested) => {
            lines.push('\n');
            for item in items {
                lines.push_str(&" ".repeat(indent + 2));
                lines.push_str("- ");
                match item {
                    Value::Object(members) if !members.is_empty() => {
                        map(lines, indent + 4, members);
                    }
                    Value::Object(_)
                    | Value::Array(_)
                    | Value::String(_)
                    | Value::Null
                    | Value::Bool(_)
                    | Value::Number(_) => {
                        lines.push_str(&flow(item));
                        lines.push('\n');
                    }
                }
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_) => {
            lines.push(' ');
            lines.push_str(&flow(value));
            lines.push('\n');
        }
    }
}

/// The members of a map, the first without its indentation.
fn map(lines: &mut String, indent: usize, members: &Map<String, Value>) {
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            lines.push_str(&" ".repeat(indent));
        }
        entry(lines, indent, key, value);
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::String(value) => text(value),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| in_line(key, value))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Text without quotes where it needs none: not far from what YAML allows, but surely within.
fn text(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let starts = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    let without_scheme = value.replacen("://", "", 1);
    if starts && without_scheme.chars().all(plain) && means_text(value) {
        value.to_owned()
    } else {
        Value::from(value).to_string()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml::read;

    pub(crate) fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z0-9:/. {}#~-]{0,9}".prop_map(Value::from),
            "\\PC{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z1<~ :]{1,6}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    fn read_back(text: &str) -> Result<Value, crate::yaml::document::Unreadable> {
        read(text).map(|node| node.to_json())
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_value(value in value()) {
            let expected = serde_json::json!({ "key": value });
            let one_line = in_line("key", &value);
            prop_assert_eq!(read_back(&one_line), Ok(expected.clone()), "{}", one_line);
            let lines = block("key", &value);
            prop_assert_eq!(read_back(&lines), Ok(expected), "{}", lines);
            let lines = document(&value);
            prop_assert_eq!(read_back(&lines), Ok(value), "{}", lines);
        }
    }

    #[test]
    fn examples_read_well() {
        let value = serde_json::json!({
            "arn": "arn:aws:iam::222222222222:role/towpath", "list": ["a", "b"], "url": "http://a.b/c",
            "count": 3, "text": "3", "stages": [{"name": "test", "engine": {"rolling": {}}}]
        });
        insta::assert_snapshot!(block("role", &value), @r#"
        role:
          arn: "arn:aws:iam::222222222222:role/towpath"
          list: [a, b]
          url: http://a.b/c
          count: 3
          text: "3"
          stages:
            - name: test
              engine:
                rolling: {}
        "#);
    }
}
