//! The deployer and the core are kept apart from AWS by Cargo: what they depend on, all the way down.

use std::process::Command;

/// The shapes of what Lambda is told and answered, and nothing that calls anything.
const SHAPES: &str = "aws_lambda_events";

/// What a package is built from, itself included.
fn built_from(package: &str) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{said}");
    let text = String::from_utf8(tree.stdout).expect("text");
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_decides_and_what_drives_know_no_sdk_and_no_lambda() {
    for (package, more) in [
        ("towpath-taskdef", &["tokio", "jiff", "towpath-core"][..]),
        ("towpath-core", &["tokio", "towpath-deployer"]),
        ("towpath-deployer", &["hyper", "reqwest", "towpath-aws"]),
        ("towpath-simulation", &["hyper", "reqwest", "towpath-aws"]),
    ] {
        let built = built_from(package);
        assert!(built.iter().any(|name| name == "serde_json"), "{built:?}");
        let foreign = |name: &&String| {
            let of_aws = ["aws-", "aws_", "lambda"];
            *name != SHAPES
                && (of_aws.iter().any(|start| name.starts_with(start))
                    || more.contains(&name.as_str()))
        };
        let foreign: Vec<_> = built.iter().filter(foreign).collect();
        assert!(foreign.is_empty(), "{package} is built from {foreign:?}");
    }
}

/// What is released has no bugs in it that were planted: no function and no command is built with them.
#[test]
fn no_bug_is_planted_in_what_is_released() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let functions = std::fs::read_dir(root.join("functions")).expect("the functions");
    let mut built: Vec<_> = functions
        .map(|it| it.expect("a function").path().join("Cargo.toml"))
        .filter(|it| it.exists())
        .collect();
    assert!(built.len() > 3, "{built:?}");
    built.extend(["cli/Cargo.toml", "scripts/package"].map(|it| root.join(it)));
    for file in built {
        let text = std::fs::read_to_string(&file).expect("a file");
        assert!(!text.contains("planted"), "{}", file.display());
    }
    for package in ["towpath-deployer", "towpath-simulation"] {
        let features = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--edges", "features,normal"])
            .args(["--prefix", "none", "--package", package])
            .output()
            .expect("cargo runs");
        let features = String::from_utf8_lossy(&features.stdout);
        assert!(features.contains("towpath-core"), "{features}");
        assert!(!features.contains("planted"), "{features}");
    }
}
