//! Comparing two canonical documents place by place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Change, ChangeKind};
use crate::canonical::rules::{self, Order};
use crate::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure};

/// All differences between two canonical documents.
pub(super) fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    members(
        before,
        after,
        Some(&REGISTER_TASK_DEFINITION_REQUEST),
        None,
        "",
        &mut changes,
    );
    changes
}

/// Members of a structure, or with `element` the entries of a map.
fn members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    structure: Option<&Structure>,
    element: Option<&'static Shape>,
    path: &str,
    changes: &mut Vec<Change>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let is_field = structure.is_some();
        let path = match (is_field, path) {
            (true, "") => name.clone(),
            (true, path) => format!("{path}.{name}"),
            (false, path) => format!("{path}[{name}]"),
        };
        let shape = structure
            .and_then(|structure| structure.member(name))
            .or(element);
        let order = structure.map_or(Order::AsWritten, |structure| {
            rules::order(structure.name, name)
        });
        optional(
            before.get(name),
            after.get(name),
            shape,
            order,
            path,
            changes,
        );
    }
}

fn optional(
    before: Option<&Value>,
    after: Option<&Value>,
    shape: Option<&'static Shape>,
    order: Order,
    path: String,
    changes: &mut Vec<Change>,
) {
    let kind = match (before, after) {
        (Some(before), Some(after)) if before == after => return,
        (Some(before), Some(after)) => {
            if inside(before, after, shape, order, &path, changes) {
                return;
            }
            ChangeKind::Changed
        }
        (None, Some(_)) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (None, None) => return,
    };
    changes.push(Change {
        path,
        kind,
        before: before.cloned(),
        after: after.cloned(),
    });
}

/// Looks for the differences inside two values; says no if they can only be compared whole.
fn inside(
    before: &Value,
    after: &Value,
    shape: Option<&'static Shape>,
    order: Order,
    path: &str,
    changes: &mut Vec<Change>,
) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            match shape {
                Some(Shape::Structure(structure)) => {
                    members(before, after, Some(structure), None, path, changes);
                }
                Some(Shape::Map(element)) => {
                    members(before, after, None, Some(element), path, changes);
                }
                Some(Shape::Scalar(_) | Shape::List(_)) | None => {
                    members(before, after, None, None, path, changes);
                }
            }
            true
        }
        (Value::Array(before), Value::Array(after)) => {
            let element = match shape {
                Some(Shape::List(element)) => Some(*element),
                Some(Shape::Scalar(_) | Shape::Map(_) | Shape::Structure(_)) | None => None,
            };
            match order {
                Order::By(field) => named(before, after, field, element, path, changes),
                Order::Whole => {
                    sets(before, after, path, changes);
                    true
                }
                Order::AsWritten => false,
            }
        }
        _ => false,
    }
}

/// Lists whose elements have names; says no if a name is missing or there twice.
fn named(
    before: &[Value],
    after: &[Value],
    field: &str,
    element: Option<&'static Shape>,
    path: &str,
    changes: &mut Vec<Change>,
) -> bool {
    let (Some(before), Some(after)) = (by_name(before, field), by_name(after, field)) else {
        return false;
    };
    let names: BTreeSet<&str> = before.iter().chain(&after).map(|(name, _)| *name).collect();
    let find =
        |list: &[(&str, &'_ Value)], name: &str| list.iter().position(|(known, _)| *known == name);
    for name in names {
        let first = find(&before, name).map(|at| before[at].1);
        let second = find(&after, name).map(|at| after[at].1);
        let path = format!("{path}[{name}]");
        optional(first, second, element, Order::AsWritten, path, changes);
    }
    true
}

fn by_name<'a>(list: &'a [Value], field: &str) -> Option<Vec<(&'a str, &'a Value)>> {
    let named: Vec<_> = list
        .iter()
        .map(|entry| Some((entry.get(field)?.as_str()?, entry)))
        .collect::<Option<_>>()?;
    let distinct: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (distinct.len() == named.len()).then_some(named)
}

/// Lists that are sets: what is only in one of them.
fn sets(before: &[Value], after: &[Value], path: &str, changes: &mut Vec<Change>) {
    let mut rest: Vec<&Value> = after.iter().collect();
    for entry in before {
        match rest.iter().position(|other| *other == entry) {
            Some(at) => {
                rest.remove(at);
            }
            None => changes.push(Change {
                path: format!("{path}[]"),
                kind: ChangeKind::Removed,
                before: Some(entry.clone()),
                after: None,
            }),
        }
    }
    changes.extend(rest.into_iter().map(|entry| Change {
        path: format!("{path}[]"),
        kind: ChangeKind::Added,
        before: None,
        after: Some(entry.clone()),
    }));
}
