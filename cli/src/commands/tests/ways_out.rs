//! Whether the commands, files and targets that texts send people to are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The words of a line of a shell, without quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_example_of_the_help_is_understood() {
    let mut understood = 0;
    for verb in Arguments::command().get_subcommands() {
        let help = verb.get_after_help().unwrap().to_string();
        for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            // What is piped in, and where what is printed goes.
            let line = line.trim().trim_start_matches("| ");
            let line = line.split(" > ").next().unwrap();
            if !line.starts_with("towpath ") {
                continue;
            }
            let parsed = Arguments::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            understood += 1;
        }
    }
    assert!(understood > 30, "{understood}");
}

/// The sources whose texts people read, each with its continued lines joined.
fn texts() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs" || it == "md") {
                found.push(path);
            }
        }
    }
    let mut found = vec![root().join("README.md")];
    for folder in [
        "cli/src",
        "shared/taskdef/src",
        "shared/core/src",
        "shared/deployer/src",
        "shared/aws/src",
        "docs",
    ] {
        walk(&root().join(folder), &mut found);
    }
    let joined = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let mut joined = String::new();
        for line in text.lines() {
            match line.strip_suffix('\\') {
                Some(begun) => joined.push_str(begun),
                None => joined.push_str(&format!("{line}\n")),
            }
            while joined.ends_with("  ") {
                joined.pop();
            }
        }
        (path.display().to_string(), joined)
    };
    found.into_iter().map(joined).collect()
}

/// What is between backticks, begins like this, and goes on in the same line.
fn quoted<'a>(text: &'a str, begins: &str) -> Vec<&'a str> {
    let quoted = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|quoted| quoted.starts_with(begins)).collect()
}

#[test]
fn every_command_that_is_named_has_its_verb_and_flags() {
    let known = Arguments::command();
    let mut named = BTreeSet::new();
    for (file, text) in texts() {
        for command in quoted(&text, "towpath ") {
            let words = words(command);
            // The mark of a deployment begins like a command, and goes on with a release.
            let is_verb = |word: &&String| !word.contains(|c: char| c == '{' || c.is_ascii_digit());
            let verb = words.get(1).filter(|verb| !verb.starts_with('-'));
            let Some(verb) = verb.filter(is_verb) else {
                continue;
            };
            let found = known.find_subcommand(verb);
            let found = found.unwrap_or_else(|| panic!("{file}: `{command}`: no such verb"));
            for flag in words.iter().filter_map(|word| word.strip_prefix("--")) {
                let flag = flag.split('=').next().unwrap();
                let mut flags = found.get_arguments().chain(known.get_arguments());
                let there = flags.any(|one| one.get_long() == Some(flag));
                assert!(there, "{file}: `{command}`: no --{flag}");
            }
            named.insert(verb.clone());
        }
    }
    assert!(named.len() > 8, "{named:?}");
}

#[test]
fn every_rollout_that_a_text_says_to_write_is_taken() {
    let linter = crate::lint::Linter::new().unwrap();
    let mut written = 0;
    for (file, text) in texts() {
        // What is written wrongly is told there.
        if file.contains("/lint/") {
            continue;
        }
        for rollout in quoted(&text, "engine: ") {
            // As it is formatted; whatever else is filled in is the name of an engine.
            let rollout = rollout.replace("{{{engine}: {{}}}}", "{{ecs: {{}}}}");
            let rollout = match rollout.contains("{{") {
                true => rollout.replace("{{", "{").replace("}}", "}"),
                false => rollout,
            };
            let pipeline = format!(
                "pipeline: shop\nrepository: shop\nstages:\n  - name: test\n    cluster: test\n    \
                 service: shop\n    containers: [app]\n    {rollout}\n"
            );
            let taken = linter.lint(&pipeline, crate::lint::Format::Yaml);
            assert!(taken.is_ok(), "{file}: `{rollout}`: {taken:?}");
            written += 1;
        }
    }
    assert!(written > 6, "{written}");
}

#[test]
fn every_file_and_target_that_a_text_names_is_there() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut looked_at = 0;
    for (file, text) in texts() {
        for target in quoted(&text, "make ") {
            let target = target.split_whitespace().nth(1).unwrap_or_default();
            if target.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                let there = makefile.contains(&format!("\n{target}:"));
                assert!(there, "{file}: `make {target}`");
                looked_at += 1;
            }
        }
        // What has a wildcard is a way to several.
        let apart = |c: char| !(c.is_ascii_alphanumeric() || "/.-_*".contains(c));
        for word in text.split(apart) {
            let word = word.trim_end_matches(['.', '/']);
            let begun = ["docs/", "infra/"]
                .iter()
                .any(|folder| word.starts_with(folder));
            if begun && !word.contains("..") && !word.contains('*') {
                assert!(root().join(word).exists(), "{file}: {word}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 50, "{looked_at}");
}

/// The blocks of a document between lines of backticks that name a language, without the indentation
/// that a list gives them.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        match &mut open {
            None if line.trim_start() == format!("```{language}") => {
                open = Some((indentation, String::new()));
            }
            None => {}
            Some(_) if line.trim() == "```" => blocks.extend(open.take().map(|(_, block)| block)),
            Some((outside, block)) => {
                block.push_str(line.get(*outside..).unwrap_or_default());
                block.push('\n');
            }
        }
    }
    blocks
}

/// Those that Terraform has are planned and linted by infra/tests/run.
#[test]
fn every_pipeline_that_a_text_shows_is_taken_and_its_external_ids_are_long_enough() {
    let linter = crate::lint::Linter::new().unwrap();
    let mut shown: Vec<(String, String)> = fs::read_dir(root().join("docs/examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    for (file, text) in texts() {
        for block in blocks(&text, "yaml") {
            shown.push((file.clone(), block));
        }
    }
    let (mut pipelines, mut ids) = (0, 0);
    for (file, yaml) in shown {
        for line in yaml.lines() {
            if let Some((_, id)) = line.split_once("external_id: ") {
                let long_enough = (16..=256).contains(&id.trim_matches(['"', ' ']).len());
                assert!(
                    long_enough,
                    "{file}: infra/target-account refuses the external id `{id}`"
                );
                ids += 1;
            }
        }
        let has = |key: &str| yaml.lines().any(|line| line.starts_with(key));
        if has("pipeline:") && has("stages:") {
            let taken = linter.lint(&yaml, crate::lint::Format::Yaml);
            assert!(taken.is_ok(), "{file}: {taken:?}\n{yaml}");
            pipelines += 1;
        }
    }
    assert!(pipelines >= 6, "{pipelines}");
    assert!(ids >= 4, "{ids}");
}
