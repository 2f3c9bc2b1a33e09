//! Leaving out members that are null.
//!
//! The console's JSON and some SDKs write every member that is not set as `null`. To
//! RegisterTaskDefinition that is the same as leaving it out, but not every client sends it. A null in
//! a list or as the value of a map is another matter: it stands where a text must, and leaving it out
//! would make another command or label of it. Those are kept, for [`validate`](super::validate()) to
//! find.

use serde_json::{Map, Value};

use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure, push_repeated};

/// Takes out every member of a structure that is null, and says where they were, as JSON pointers.
pub(super) fn leave_out(document: &mut Map<String, Value>) -> Vec<String> {
    let mut walk = Walk::default();
    walk.structure(document, &REGISTER_TASK_DEFINITION_REQUEST);
    walk.left_out
}

#[derive(Default)]
struct Walk {
    path: String,
    left_out: Vec<String>,
}

impl Walk {
    fn structure(&mut self, members: &mut Map<String, Value>, structure: &'static Structure) {
        members.retain(|name, value| {
            if value.is_null() {
                self.below(name, |walk| walk.left_out.push(walk.path.clone()));
            }
            !value.is_null()
        });
        for (name, value) in members.iter_mut() {
            // What is inside an unknown field may be a map as well as a structure.
            if let Some(shape) = structure.member(name) {
                self.below(name, |walk| walk.value(value, shape));
            }
        }
    }

    fn value(&mut self, value: &mut Value, shape: &'static Shape) {
        match (shape, value) {
            (Shape::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure);
            }
            (Shape::List(element), Value::Array(values)) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.below(&index.to_string(), |walk| walk.value(value, element));
                }
            }
            (Shape::Map(element), Value::Object(values)) => {
                for (name, value) in values.iter_mut() {
                    self.below(name, |walk| walk.value(value, element));
                }
            }
            (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_) | Shape::Structure(_), _) => {}
        }
    }

    /// Looks at what stands below a name.
    fn below(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        let before = self.path.len();
        push_repeated(&mut self.path, name);
        look(self);
        self.path.truncate(before);
    }
}
