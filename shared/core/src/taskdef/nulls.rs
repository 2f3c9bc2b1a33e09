//! Leaving out members that are null.
//!
//! The console's JSON and some SDKs write every member that is not set as `null`. To
//! RegisterTaskDefinition that is the same as leaving it out, but not every client sends it. A null in
//! a list or as the value of a map is another matter: it stands where a text must, and leaving it out
//! would make another command or label of it. Those are kept, for [`validate`](super::validate()) to
//! find.

use serde_json::{Map, Value};

use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure};

/// Takes out every member of a structure that is null, and says how many there were.
pub(super) fn leave_out(document: &mut Map<String, Value>) -> usize {
    of_structure(document, &REGISTER_TASK_DEFINITION_REQUEST)
}

fn of_structure(members: &mut Map<String, Value>, structure: &'static Structure) -> usize {
    let before = members.len();
    members.retain(|_, value| !value.is_null());
    let mut left_out = before - members.len();
    for (name, value) in members.iter_mut() {
        // What is inside an unknown field may be a map as well as a structure.
        if let Some(shape) = structure.member(name) {
            left_out += of_value(value, shape);
        }
    }
    left_out
}

fn of_value(value: &mut Value, shape: &'static Shape) -> usize {
    match (shape, value) {
        (Shape::Structure(structure), Value::Object(members)) => of_structure(members, structure),
        (Shape::List(element), Value::Array(values)) => values
            .iter_mut()
            .map(|value| of_value(value, element))
            .sum(),
        (Shape::Map(element), Value::Object(values)) => values
            .values_mut()
            .map(|value| of_value(value, element))
            .sum(),
        (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_) | Shape::Structure(_), _) => 0,
    }
}
