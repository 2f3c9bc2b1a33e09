//! What is touched to add something, as `docs/architecture.md` says it: wherever one of each kind stands
//! that is there, the document names the file, and no row names more files than it did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Of each row how many paths it names, and one that was added, by the names that its parts have in the
/// code. A row that becomes shorter lowers its number, so that it does not grow back unseen.
const ADDED: [(&str, usize, &[&str]); 12] = [
    (
        "an engine",
        13,
        &[
            "EngineSettings::Ecs",
            "EngineKind::Ecs",
            "EcsSettings",
            "ecs::Ecs(",
        ],
    ),
    (
        "a gate",
        9,
        &[
            "veto::ask",
            "Reason::VetoedBefore",
            "Self::VetoedBefore",
            "hold::ask",
            "BlockedBy::Hold",
            "Self::Hold { hold",
        ],
    ),
    (
        "a kind of check",
        14,
        &[
            "CheckKind::Alarm",
            "Self::Alarm(",
            "AlarmCheck",
            "judge_alarms",
        ],
    ),
    ("an event", 14, &["Event::Watched", "Self::Watched"]),
    ("a key of a pipeline or a stage", 7, &["RollbackPolicy"]),
    (
        "a column of `towpath status`",
        4,
        &[
            "StageReads",
            "rolling_out: Option<Moving>",
            "stage.rolling_out",
        ],
    ),
    (
        "a verb",
        5,
        &["Verb::Veto", "mod veto;\nmod why;", "Veto(veto::"],
    ),
    (
        "a field of ECS's task definitions",
        5,
        &["enableFaultInjection", "versionConsistency"],
    ),
    (
        "another wording of a text",
        2,
        &["is archived and cannot be pulled", "did not finish within"],
    ),
    (
        "a notification channel",
        9,
        &["Destination::Sns", "sns::message"],
    ),
    (
        "an approval channel",
        12,
        &["Self::TokenHolder", "Principal::TokenHolder", "sns::handle"],
    ),
    ("a metric", 4, &["OldestOpenRelease", "RefusedReplies"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of the product, without their tests and their comments.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for below in ["cli/src", "functions", "shared"] {
        read_below(&root(), Path::new(below), &mut found);
    }
    found
}

fn read_below(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let path = folder.join(&name);
        if entry.file_type().expect("a type").is_dir() {
            if !["tests", "target", "examples", "fuzz"].contains(&name.as_str()) {
                read_below(root, &path, found);
            }
        } else if name.ends_with(".rs") && !["tests.rs", "sample.rs"].contains(&name.as_str()) {
            let text = fs::read_to_string(root.join(&path)).expect("text");
            let lines = without_tests(&text).lines();
            let lines: Vec<_> = lines
                .filter(|line| !line.trim().starts_with("//"))
                .collect();
            found.insert(path.display().to_string(), lines.join("\n"));
        }
    }
}

fn without_tests(text: &str) -> &str {
    let tests = text
        .match_indices("#[cfg(test)]\nmod ")
        .find(|(at, start)| {
            let declared = text[at + start.len()..].lines().next();
            declared.is_some_and(|line| line.ends_with('{'))
        });
    tests.map_or(text, |(at, _)| &text[..at])
}

/// What the document says is touched, by what is added.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("the document");
    let (_, table) = text.split_once("## To add something").expect("its table");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|line| {
        let (added, touched) = line.strip_prefix("| ")?.split_once(" | ")?;
        let paths = touched.split('`').skip(1).step_by(2);
        let paths = paths.filter(|path| path.contains('/'));
        (added != "to add").then(|| (added.to_owned(), paths.map(str::to_owned).collect()))
    });
    rows.collect()
}

#[test]
fn what_was_added_stands_in_the_files_that_the_document_names() {
    let (sources, rows) = (sources(), rows());
    let added: Vec<_> = ADDED.iter().map(|(added, _, _)| *added).collect();
    for row in rows.keys() {
        assert!(added.contains(&row.as_str()), "nothing shows that of {row}");
    }
    for (added, _, names) in ADDED {
        let named = rows.get(added).expect(added);
        for name in names {
            let stands: Vec<_> = sources
                .iter()
                .filter(|(_, text)| text.contains(name))
                .collect();
            assert!(!stands.is_empty(), "{name} stands nowhere");
            for (path, _) in stands {
                let is_named = |one: &String| {
                    path == one || (one.ends_with('/') && path.starts_with(one.as_str()))
                };
                assert!(
                    named.iter().any(is_named),
                    "to add {added} touches {path}, where {name} stands: say so in docs/architecture.md, or move it"
                );
            }
        }
    }
}

#[test]
fn no_row_grows() {
    let rows = rows();
    for (added, paths, _) in ADDED {
        let named: BTreeSet<_> = rows.get(added).expect(added).iter().collect();
        assert_eq!(
            named.len(),
            paths,
            "to add {added}, so many paths are touched: {named:#?}: what keeps it from being fewer?"
        );
    }
}
