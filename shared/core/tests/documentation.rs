//! Documents that repeat what files beside them say: they are compared, so that they cannot fall
//! behind. `TOWPATH_WRITE_DOCS=1 cargo test -p towpath-core --test documentation` writes them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

const BEGIN: &str = "<!-- roles -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_security_document_says_what_each_role_may_do() {
    let description = std::fs::read_to_string(root().join("infra/functions.json")).unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    let path = root().join("docs/security.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("it has a table of roles");
    let (_, after) = rest.split_once(END).expect("the table has an end");
    let expected = format!("{before}{BEGIN}{}{END}{after}", roles(&description));
    if std::env::var_os("TOWPATH_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert!(
            document == expected,
            "docs/security.md is behind infra/functions.json: run `make docs`"
        );
    }
}

#[test]
fn the_sums_of_what_it_costs_are_right() {
    let document = std::fs::read_to_string(root().join("docs/cost.md")).unwrap();
    let mut sums = 0;
    let mut cents = 0.0;
    for line in document.lines() {
        let last = line
            .trim_matches('|')
            .rsplit('|')
            .next()
            .unwrap_or_default();
        let price: Option<f64> = last.trim().trim_matches('*').parse().ok();
        match price {
            _ if !line.starts_with('|') => cents = 0.0,
            Some(sum) if line.contains("**sum**") => {
                assert!(
                    (sum * 100.0 - cents).abs() < 1.0,
                    "{sum} is not {cents} cents"
                );
                sums += 1;
            }
            Some(price) => cents += price * 100.0,
            None => {}
        }
    }
    assert_eq!(
        sums, 3,
        "a thousand releases, a month without any, the example"
    );
}

/// Every path that a document names is there: moved files take their documents with them.
#[test]
fn the_paths_that_documents_name_exist() {
    let mut found = 0;
    for document in [
        "docs/architecture.md",
        "docs/security.md",
        "CONTRIBUTING.md",
    ] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let tops = [
            "shared/",
            "cli/",
            "functions/",
            "infra/",
            "tests/",
            "scripts/",
        ];
        for path in quoted.filter(|path| tops.iter().any(|top| path.starts_with(top))) {
            let path = path.split(' ').next().unwrap_or_default();
            // Of several files their folder.
            let path = match path.split_once(['*', '<']) {
                Some((several, _)) => &several[..several.rfind('/').unwrap_or_default()],
                None => path,
            };
            assert!(root().join(path).exists(), "{document} names {path}");
            found += 1;
        }
    }
    assert!(found > 50, "it finds {found} paths in the documents");
}

/// A decision has its price, and its record says which.
#[test]
fn each_decision_says_what_it_costs() {
    let mut names: Vec<_> = std::fs::read_dir(root().join("docs/decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for (name, number) in names.iter().zip((1..).filter(|number| *number != 13)) {
        assert!(
            name.starts_with(&format!("{number:04}-")),
            "{name} is not number {number}"
        );
        let text = std::fs::read_to_string(root().join("docs/decisions").join(name)).unwrap();
        assert!(
            text.contains("\n## What it costs\n") || text.contains("\n## Consequences\n"),
            "{name} does not say what the decision costs"
        );
    }
}

/// A row for each statement of each function.
fn roles(description: &Value) -> String {
    let mut table =
        String::from("| function | statement | may | on | only if |\n|---|---|---|---|---|\n");
    for (name, function) in description["functions"].as_object().into_iter().flatten() {
        for statement in function["statements"].as_array().into_iter().flatten() {
            let sid = statement["sid"].as_str().unwrap_or_default();
            let actions = listed(&statement["actions"]);
            let resources = listed(&statement["resources"]);
            let conditions = conditions(&statement["conditions"]);
            writeln!(
                table,
                "| `{name}` | {sid} | {actions} | {resources} | {conditions} |"
            )
            .unwrap();
        }
    }
    table
}

fn listed(texts: &Value) -> String {
    let texts = texts.as_array().into_iter().flatten();
    let shown = texts.map(|text| format!("`{}`", text.as_str().unwrap_or_default()));
    shown.collect::<Vec<_>>().join("<br>")
}

fn conditions(conditions: &Value) -> String {
    let mut shown = Vec::new();
    for (operator, tests) in conditions.as_object().into_iter().flatten() {
        for (key, value) in tests.as_object().into_iter().flatten() {
            shown.push(format!("`{operator}` `{key}` {value}"));
        }
    }
    shown.join("<br>")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
