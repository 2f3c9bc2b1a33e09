//! Texts from outside are read by one reader, which refuses a key that is there twice: `serde_json`
//! itself takes the last one, so that two readers of a text could see two things.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that read with `serde_json` itself, and why they may.
const EXCEPTIONS: [(&str, &str); 7] = [
    (
        "shared/taskdef/src/json/numbers.rs",
        "is part of the reader",
    ),
    (
        "shared/core/src/pipeline/read.rs",
        "has read the text with the reader before, and wants places",
    ),
    (
        "shared/taskdef/src/model/check.rs",
        "a file of this repository",
    ),
    (
        "shared/aws/src/call/decided.rs",
        "a file of this repository",
    ),
    ("shared/aws/src/clock.rs", "the lab's clock"),
    (
        "cli/src/deployer/description.rs",
        "a file of this repository",
    ),
    (
        "cli/src/lint/json.rs",
        "finds keys that are there twice itself, with their places",
    ),
];

#[test]
fn texts_from_outside_are_read_by_the_one_reader() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [
        "shared/taskdef/src",
        "shared/core/src",
        "shared/deployer/src",
        "shared/aws/src",
        "functions",
        "cli/src",
    ] {
        look(&root.join(folder), &root, &mut found);
    }
    found.sort();
    found.dedup();
    let mut expected: Vec<_> = EXCEPTIONS
        .iter()
        .map(|(file, _)| (*file).to_owned())
        .collect();
    expected.sort();
    assert_eq!(
        found, expected,
        "read it with towpath_taskdef::json, or say here why not"
    );
}

/// The files below a folder that read JSON with `serde_json`, beside their tests.
fn look(folder: &Path, root: &Path, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    for path in paths {
        if path.is_dir() {
            if !is_of_tests(&path) {
                look(&path, root, found);
            }
        } else if path.extension().is_some_and(|it| it == "rs") && !is_of_tests(&path) {
            let text = fs::read_to_string(&path).expect("text");
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let reads = ["from_str", "from_slice", "from_reader"]
                .iter()
                .any(|name| code.contains(&format!("serde_json::{name}")));
            if reads {
                let name = path.strip_prefix(root).expect("below the root");
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
}

fn is_of_tests(path: &Path) -> bool {
    let name = path.file_stem().map(PathBuf::from).unwrap_or_default();
    let name = name.to_string_lossy();
    ["tests", "properties", "fixtures", "memory"].contains(&&*name)
}
