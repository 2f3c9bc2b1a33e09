//! Real payloads, and what each reader makes of each of them.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

use super::{ReadError, deployment, ecr, hook, sns, url};

/// The payload in `tests/fixtures/events/<name>.json`.
pub(super) fn fixture(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All payloads by name, in the order of their names.
pub(super) fn all() -> &'static [(String, Value)] {
    static ALL: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
        let mut names: Vec<String> = std::fs::read_dir(folder())
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".json").map(str::to_owned)
            })
            .collect();
        names.sort();
        names
            .into_iter()
            .map(|name| (name.clone(), fixture(&name)))
            .collect()
    });
    &ALL
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/events")
}

fn outcomes<T: Debug>(read: impl Fn(&Value) -> Result<T, ReadError>) -> String {
    let mut lines = String::new();
    for (name, payload) in all() {
        let outcome = match read(payload) {
            Ok(read) => format!("{read:?}"),
            Err(error) => error.to_string(),
        };
        lines.push_str(&format!("{name}\n    {outcome}\n"));
    }
    lines
}

#[test]
fn each_payload_is_a_push_or_is_turned_away_with_a_reason() {
    insta::assert_snapshot!(outcomes(ecr::read));
}

#[test]
fn each_payload_reports_a_deployment_or_is_turned_away_with_a_reason() {
    insta::assert_snapshot!(outcomes(deployment::read));
}

#[test]
fn each_payload_calls_a_hook_or_is_turned_away_with_a_reason() {
    insta::assert_snapshot!(outcomes(hook::read));
}

#[test]
fn each_payload_is_a_request_or_is_turned_away_with_a_reason() {
    insta::assert_snapshot!(outcomes(|payload| {
        let request = url::read(payload)?;
        let body = String::from_utf8_lossy(&request.body[..request.body.len().min(64)]);
        Ok((
            request.method,
            request.path,
            request.source_ip,
            body.into_owned(),
        ))
    }));
}

#[test]
fn each_payload_holds_replies_or_is_turned_away_with_a_reason() {
    insta::assert_snapshot!(outcomes(sns::read));
}
