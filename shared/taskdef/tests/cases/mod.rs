//! Tables of definitions with a few places changed: what ECS refuses, what is doubtful, what it takes.

use serde_json::{Value, json};

pub(super) const REFUSED: &str = include_str!("refused.txt");
pub(super) const TAKEN: &str = include_str!("taken.txt");

const DIGEST: &str = "@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The lines of a table, each a list that begins with what it starts from and what is changed in it.
pub(super) fn lines(table: &str) -> impl Iterator<Item = Value> {
    let lines = table.lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| serde_json::from_str(line).expect(line))
}

/// What a case starts from; nothing is to be said against it.
fn good(base: &Value) -> Value {
    let mut definition = match base.as_str() {
        // With an execution role.
        Some("fargate") => json!({
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
            "cpu": "512", "memory": "1024",
            "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
        }),
        // In bridge mode, without a role.
        Some("instances") => json!({"family": "web", "requiresCompatibilities": ["EC2"]}),
        Some(_) | None => panic!("a case starts from {base}"),
    };
    let image = format!("registry.example/shop{DIGEST}");
    definition["containerDefinitions"] = json!([
        {"name": "app", "image": image, "memory": 256},
        {"name": "side", "image": image, "memory": 256, "essential": false},
    ]);
    definition
}

/// `app/…` and `side/…` are in those containers, `/…` in the task.
pub(super) fn pointer(place: &str) -> String {
    match place.split_once('/') {
        Some(("app", rest)) => format!("/containerDefinitions/0/{rest}"),
        Some(("side", rest)) => format!("/containerDefinitions/1/{rest}"),
        Some(_) | None => place.to_owned(),
    }
}

/// The definition of a line. A null is kept, which is the same as leaving the member out.
pub(super) fn definition(line: &Value) -> Value {
    let mut document = good(&line[0]);
    for (place, value) in line[1].as_object().expect("what is changed") {
        let pointer = pointer(place);
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        let parent = document.pointer_mut(parent).expect(place);
        parent[member] = match value.as_str() {
            Some("ECR") => json!(format!(
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop{DIGEST}"
            )),
            Some(_) | None => value.clone(),
        };
    }
    document
}
