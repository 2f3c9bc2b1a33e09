//! Within a crate the modules at the top import one another in one direction, so that each can be read
//! after those that it stands on. So do those of the modules below that have many.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The crates of the product, each at its top, and the modules within them that are looked at, too.
const ROOMS: [(&str, &[&str]); 9] = [
    ("cli", &[]),
    ("shared/aws", &[]),
    ("shared/core", &[]),
    ("shared/core", &["message"]),
    ("shared/core", &["release"]),
    ("shared/core", &["release", "next"]),
    ("shared/core", &["release", "next", "gate"]),
    ("shared/deployer", &[]),
    ("shared/taskdef", &[]),
];

/// Circles that are left, which no other module may join: in which room, and of which modules.
const KNOWN: [(&str, &[&str], &[&str]); 2] = [
    // What happens to a release carries all that it is made of, and much of that names what has
    // happened. What decides (`next`, `accept`, `unwritten`, `hook_verdict`) stands above it.
    (
        "shared/core",
        &["release"],
        &[
            "accepted",
            "action",
            "block",
            "blocked_by",
            "directive",
            "eligible",
            "entry",
            "event",
            "notification",
            "outcome",
            "outstanding",
            "plan",
            "reason",
            "refusal",
            "reported",
            "rollback",
            "rollout",
            "seal",
            "service",
            "state",
            "successor",
            "vote",
        ],
    ),
    // What is shown leaves secrets out, the name of an image is none, and what is wrong with a name
    // is shown.
    (
        "shared/taskdef",
        &[],
        &["image", "names", "secrets", "visible"],
    ),
];

/// Which modules each module at the top of a crate imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_modules_of_a_crate_import_one_another_in_one_direction() {
    for (name, room) in ROOMS {
        let imports = imports(name, room);
        assert!(imports.len() > 5, "{name} {room:?}: {imports:?}");
        let known = KNOWN
            .iter()
            .find(|(of, in_room, _)| *of == name && *in_room == room);
        let known = known.map_or(&[][..], |(_, _, modules)| modules);
        let circle = in_a_circle(&imports);
        for module in known {
            assert!(
                circle.contains(*module),
                "{name} {room:?}: {module} is in no circle any more: take it off the list"
            );
        }
        let inside: Vec<_> = circle
            .into_iter()
            .filter(|module| !known.contains(&module.as_str()))
            .collect();
        let there: Vec<_> = inside.iter().map(|one| (one, &imports[one])).collect();
        assert!(
            inside.is_empty(),
            "{name} {room:?}: these modules are in a circle of imports: {there:#?}: move what two of them \
             share to a file of its own"
        );
    }
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let of = |texts: &[(&[&str], &str)]| {
        let mut all = Imports::new();
        let modules = ["a", "b", "c"].map(str::to_owned).into();
        let root = BTreeMap::from([("Shown".to_owned(), "c".to_owned())]);
        for (path, text) in texts {
            let path: Vec<_> = path.iter().map(|part| (*part).to_owned()).collect();
            let found = imported(&[], &path, text, &modules, &root);
            all.entry(path[0].clone()).or_default().extend(found);
        }
        in_a_circle(&all)
    };
    let circle = BTreeSet::from(["a", "b"].map(str::to_owned));
    for back in [
        "use crate::a::One;",
        "use crate::{\n    c::{self, Two},\n    a,\n};",
        "use super::a::One;",
        "fn f() { crate::a::run() }",
    ] {
        assert_eq!(
            of(&[(&["a"], "use crate::b::Two;"), (&["b"], back)]),
            circle,
            "{back}"
        );
    }
    assert_eq!(
        of(&[
            (&["a"], "use super::b;"),
            (&["b", "in"], "use super::super::a;")
        ]),
        circle
    );
    assert_eq!(
        of(&[(&["a"], "use crate::b;"), (&["b", "in"], "use super::a;")]),
        BTreeSet::new()
    );
    assert_eq!(
        of(&[(&["a"], "use crate::b;"), (&["b"], "// use crate::a;")]),
        BTreeSet::new()
    );
    let shown = of(&[
        (&["a"], "use crate::Shown;"),
        (&["c"], "use crate::a::One;"),
    ]);
    assert_eq!(shown, BTreeSet::from(["a", "c"].map(str::to_owned)));
}

fn imports(name: &str, room: &[&str]) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
        .join("src");
    let mut files = BTreeMap::new();
    read(&root, &mut Vec::new(), &mut files);
    let tests: Vec<_> = files
        .iter()
        .flat_map(|(path, text)| of_tests(path, text))
        .collect();
    files.retain(|path, _| !tests.iter().any(|test| path.starts_with(test)));
    let files: BTreeMap<_, _> = files
        .iter()
        .filter_map(|(path, text)| {
            let inside = path.iter().zip(room).all(|(one, other)| one == other);
            let path = path.get(room.len()..).filter(|_| inside)?;
            Some((path.to_vec(), text))
        })
        .collect();

    let modules = files
        .keys()
        .filter_map(|path| path.first().cloned())
        .collect();
    let shown = shown(files.get(&Vec::new()).expect("a room has a root"), &modules);
    let mut imports = Imports::new();
    for (path, text) in &files {
        let Some(module) = path.first() else {
            continue;
        };
        let mut found = imported(room, path, text, &modules, &shown);
        found.remove(module);
        imports.entry(module.clone()).or_default().extend(found);
    }
    imports
}

/// The files below a folder, by the paths of their modules.
fn read(folder: &Path, path: &mut Vec<String>, files: &mut BTreeMap<Vec<String>, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry").path();
        let name = entry
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if entry.is_dir() {
            path.push(name);
            read(&entry, path, files);
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let mut module = path.clone();
            if !["lib", "main", "mod"].contains(&name.as_str()) {
                module.push(name);
            }
            let text = fs::read_to_string(&entry).expect("a text");
            let text = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            files.insert(module, text.to_owned());
        }
    }
}

/// The modules that are only there in tests: `mod name;` below `#[cfg(test)]`.
fn of_tests(path: &[String], text: &str) -> Vec<Vec<String>> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|two| two[0] == "#[cfg(test)]");
    let declared = declared.filter_map(|two| {
        let name = two[1].split_once("mod ")?.1.strip_suffix(';')?;
        Some([path, &[name.to_owned()]].concat())
    });
    declared.collect()
}

/// Which module each name comes from that the root hands on: `pub use module::{Name, …}`.
fn shown(root: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for statement in root.split(';') {
        let Some((_, path)) = statement.split_once("pub use ") else {
            continue;
        };
        let Some((module, names)) = path.trim_start_matches("self::").split_once("::") else {
            continue;
        };
        if modules.contains(module) {
            // Between two names, and behind a last comma, stands an empty one, which is nobody's.
            let names = names.split(|c: char| !is_of_a_name(c));
            let names = names.filter(|name| !name.is_empty());
            shown.extend(names.map(|name| (name.to_owned(), module.to_owned())));
        }
    }
    shown
}

/// The modules at the top of the room that a text names by its path or by as many `super::` as lead
/// there.
fn imported(
    room: &[&str],
    path: &[String],
    text: &str,
    modules: &BTreeSet<String>,
    shown: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let text: String = lines.collect::<Vec<_>>().join("\n");
    let up = "super::".repeat(path.len());
    let down: String = room.iter().map(|name| format!("{name}::")).collect();
    let down = format!("crate::{down}");
    let mut found = BTreeSet::new();
    for start in [down.as_str(), up.as_str()] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            // `super::super::x` has `super::x` in it, too, which leads elsewhere.
            if before.is_some_and(|c| is_of_a_name(c) || c == ':') {
                continue;
            }
            for name in first_names(&text[at + start.len()..]) {
                if modules.contains(&name) {
                    found.insert(name);
                } else if let Some(module) = shown.get(&name) {
                    found.insert(module.clone());
                }
            }
        }
    }
    found
}

/// The name that a path begins with, or each of those between its braces.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim()
            .chars()
            .take_while(|c| is_of_a_name(*c))
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut names = Vec::new();
    let (mut depth, mut begun) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[begun..at]));
                begun = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The modules from which imports lead back to themselves.
fn in_a_circle(imports: &Imports) -> BTreeSet<String> {
    let leads_back = |start: &String| {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<_> = imports.get(start).into_iter().flatten().collect();
        while let Some(module) = ahead.pop() {
            if seen.insert(module) {
                ahead.extend(imports.get(module).into_iter().flatten());
            }
        }
        seen.contains(start)
    };
    imports
        .keys()
        .filter(|module| leads_back(module))
        .cloned()
        .collect()
}
