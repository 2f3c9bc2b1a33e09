//! Reading a pattern: everything that EventBridge would refuse is refused here.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{Comparison, Field, Node, Parsed, Test, wrong};
use crate::events::wildcard::Wildcard;

pub(super) fn node(members: &Map<String, Value>, path: &str) -> Parsed<Node> {
    let mut fields = Vec::new();
    let mut any = Vec::new();
    for (name, value) in members {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match value {
            Value::Array(choices) if name == "$or" => {
                if choices.len() < 2 {
                    return Err(wrong(&path, "$or needs at least two alternatives"));
                }
                for choice in choices {
                    let members = choice
                        .as_object()
                        .ok_or_else(|| wrong(&path, "$or is a list of objects"))?;
                    any.push(node(members, &path)?);
                }
            }
            Value::Array(tests) if tests.is_empty() => {
                return Err(wrong(&path, "a list of values cannot be empty"));
            }
            Value::Array(tests) => {
                let tests = tests
                    .iter()
                    .map(|value| test(value, &path))
                    .collect::<Parsed<_>>()?;
                fields.push((name.clone(), Field::Leaf(tests)));
            }
            Value::Object(members) if members.is_empty() => {
                return Err(wrong(&path, "an object cannot be empty"));
            }
            Value::Object(members) => {
                fields.push((name.clone(), Field::Object(node(members, &path)?)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(wrong(&path, "match a value by a list of values"));
            }
        }
    }
    Ok(Node { fields, any })
}

fn test(value: &Value, path: &str) -> Parsed<Test> {
    match value {
        Value::Object(members) => {
            let mut entries = members.iter();
            match (entries.next(), entries.next()) {
                (Some((name, argument)), None) => filter(name, argument, path),
                _ => Err(wrong(path, "a filter is an object with exactly one member")),
            }
        }
        Value::Array(_) => Err(wrong(path, "lists cannot be nested")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(Test::Equals(value.clone()))
        }
    }
}

fn filter(name: &str, argument: &Value, path: &str) -> Parsed<Test> {
    let text = || {
        let text = argument.as_str().map(str::to_owned);
        text.ok_or_else(|| wrong(path, format!("{name} takes a string")))
    };
    let folded = || {
        argument
            .get("equals-ignore-case")
            .and_then(Value::as_str)
            .map(str::to_lowercase)
    };
    match name {
        "prefix" => match folded() {
            Some(folded) => Ok(Test::PrefixFold(folded)),
            None => text().map(Test::Prefix),
        },
        "suffix" => match folded() {
            Some(folded) => Ok(Test::SuffixFold(folded)),
            None => text().map(Test::Suffix),
        },
        "equals-ignore-case" => text().map(|text| Test::EqualsFold(text.to_lowercase())),
        "wildcard" => {
            let wildcard = Wildcard::new(&text()?).map_err(|reason| wrong(path, reason))?;
            Ok(Test::Wildcard(wildcard))
        }
        "exists" => {
            let wanted = argument
                .as_bool()
                .ok_or_else(|| wrong(path, "exists takes true or false"))?;
            Ok(Test::Exists(wanted))
        }
        "numeric" => numeric(argument, path),
        "cidr" => cidr(&text()?)
            .ok_or_else(|| wrong(path, "cidr takes an address and the length of its prefix")),
        "anything-but" => anything_but(argument, path),
        other => Err(wrong(path, format!("unknown filter '{other}'"))),
    }
}

fn anything_but(argument: &Value, path: &str) -> Parsed<Test> {
    let tests = match argument {
        Value::Array(values) => values
            .iter()
            .map(|value| test(value, path))
            .collect::<Parsed<_>>()?,
        Value::Object(members) => {
            let mut tests = Vec::new();
            for (name, argument) in members {
                if !["prefix", "suffix", "wildcard", "equals-ignore-case"].contains(&name.as_str())
                {
                    return Err(wrong(path, format!("anything-but does not take '{name}'")));
                }
                // One value or a list of them.
                let arguments = argument
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![argument.clone()]);
                for argument in &arguments {
                    tests.push(filter(name, argument, path)?);
                }
            }
            tests
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![test(argument, path)?]
        }
    };
    if tests.is_empty() {
        return Err(wrong(path, "anything-but cannot be empty"));
    }
    Ok(Test::AnythingBut(tests))
}

fn numeric(argument: &Value, path: &str) -> Parsed<Test> {
    let form = || wrong(path, "numeric takes pairs of a comparison and a number");
    let parts = argument.as_array().ok_or_else(form)?;
    if parts.is_empty() || parts.len() % 2 != 0 || parts.len() > 4 {
        return Err(form());
    }
    let pair = |pair: &[Value]| {
        let comparison = match pair.first().and_then(Value::as_str) {
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some("=") => Comparison::Equal,
            Some(">=") => Comparison::GreaterOrEqual,
            Some(">") => Comparison::Greater,
            Some(_) | None => return Err(form()),
        };
        let number = pair.get(1).and_then(Value::as_f64).ok_or_else(form)?;
        Ok((comparison, number))
    };
    parts
        .chunks(2)
        .map(pair)
        .collect::<Parsed<_>>()
        .map(Test::Numeric)
}

fn cidr(text: &str) -> Option<Test> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length <= most).then_some(Test::Cidr(address, length))
}
