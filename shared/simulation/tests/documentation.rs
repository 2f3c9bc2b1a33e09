//! Documents that repeat what stands in the simulation: `make docs` writes them.

use std::fmt::Write as _;
use std::path::Path;

use towpath_simulation::BUGS;

const BEGIN: &str = "<!-- bugs -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_document_says_which_bugs_are_planted_and_what_finds_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("it has a table of bugs");
    let (_, after) = rest.split_once(END).expect("the table has an end");
    let mut table = String::from("| bug | where | found by |\n|---|---|---|\n");
    for bug in BUGS {
        let (does, place, found_by) = (bug.does, bug.place, bug.found_by);
        writeln!(table, "| {does} | `{place}` | {found_by} |").unwrap();
    }
    let expected = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("TOWPATH_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert!(
            document == expected,
            "docs/reliability.md is behind shared/simulation/src/bugs.rs: run `make docs`"
        );
    }
}
