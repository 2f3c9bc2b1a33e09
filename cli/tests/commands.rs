//! The command line as scripts see it: what it prints, where, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn example(name: &str) -> String {
    docs().join("examples").join(name).display().to_string()
}

fn towpath(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_towpath"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn printed_json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_committed_schema_and_reference_are_current() {
    for (arguments, file) in [
        (&["schema"][..], "schema/pipeline.schema.json"),
        (&["schema", "--markdown"][..], "pipelines.md"),
    ] {
        let committed = fs::read_to_string(docs().join(file)).unwrap();
        assert!(
            printed(&towpath(arguments)) == committed,
            "docs/{file} is not what the types say: run `make schema`"
        );
    }
}

#[test]
fn good_files_are_ok_with_0_and_without_colour_in_a_pipe() {
    let output = towpath(&[
        "lint",
        &example("one-service.yaml"),
        &example("three-stages.yaml"),
        &example("checks.yaml"),
    ]);
    assert_eq!(output.status.code(), Some(0));
    let text = printed(&output);
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains("pipeline shop-api from shop/api through test → staging → production"));
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_bad_file_is_told_as_an_editor_reads_it_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    let text = fs::read_to_string(example("one-service.yaml")).unwrap();
    fs::write(&file, text.replace("cluster: shop", "clutser: shop")).unwrap();
    let file = file.display().to_string();

    let output = towpath(&["lint", &file]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "{file}:8:5 stages.0.clutser: key `clutser` is not known here\n   → did you mean `cluster`?\n"
    );
    assert!(printed(&output).contains(&expected), "{}", printed(&output));

    let output = towpath(&["lint", "--output", "json", &file]);
    assert_eq!(output.status.code(), Some(1));
    let report = printed_json(&output);
    assert_eq!(report["ok"], false);
    assert_eq!(report["files"][0]["problems"][0]["line"], 8);
    assert_eq!(
        report["files"][0]["problems"][0]["help"],
        "did you mean `cluster`?"
    );
}

#[test]
fn what_cannot_be_read_and_wrong_use_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml").display().to_string();
    let output = towpath(&["lint", &missing]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("error: cannot read ") && error.contains("No such file"),
        "{error}"
    );

    assert_eq!(towpath(&["lint"]).status.code(), Some(2));
    assert_eq!(towpath(&["deploy-now"]).status.code(), Some(2));
    assert_eq!(
        towpath(&[
            "explain",
            "Shop/API",
            "3f2c1ab",
            "--file",
            &example("one-service.yaml")
        ])
        .status
        .code(),
        Some(2)
    );
}

/// Whoever asked for JSON gets one document, whatever happens; people get the same text as ever.
#[test]
fn failures_are_one_json_document_too() {
    let json = ["--output", "json"];
    for arguments in [
        &["render", "--task-definition", "/nowhere/at/all.json"][..],
        &["diff", "-", "-"],
        &["explain", "shop/api"],
        &["init", "--repository", "shop/api"],
        &["status", "No_Name"],
        &["deploy-now"],
    ] {
        let text = towpath(arguments);
        let output = towpath(&[arguments, &json].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(output.stderr, text.stderr, "{arguments:?}");
        assert!(text.stdout.is_empty(), "{arguments:?}");
        let told = printed_json(&output)["error"].as_str().unwrap().to_owned();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.trim_end(), format!("error: {told}"), "{arguments:?}");
    }
    let help = towpath(&["status", "--help", "--output=json"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(printed(&help).contains("Usage:"));
}

#[test]
fn a_region_that_aws_cannot_have_is_told_before_it_is_called() {
    for (flag, environment) in [
        (&["--region", "eu-cental-1"][..], "eu-west-1"),
        (&[], "eu-cental-1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_towpath"))
            .arg("status")
            .args(flag)
            .env("AWS_REGION", environment)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.starts_with("error: AWS has no region `eu-cental-1`: --region"),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_keeps_nothing_of_the_others_back() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml").display().to_string();
    let bad = folder.path().join("bad.yaml").display().to_string();
    fs::write(&bad, "pipeline: shop\n").unwrap();
    let good = example("one-service.yaml");
    let files = ["lint", &missing, &bad, &good];

    let output = towpath(&files);
    assert_eq!(output.status.code(), Some(2));
    let text = printed(&output);
    assert!(
        text.contains("key `stages` is missing") && text.contains("ok "),
        "{text}"
    );

    let output = towpath(&[&files[..], &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let report = printed_json(&output);
    let error = report["error"].as_str().unwrap();
    assert!(
        error.starts_with("cannot read ") && error.contains("No such file"),
        "{error}"
    );
    assert_eq!(report["files"][0]["error"], *error);
    assert_ne!(report["files"][1]["problems"], serde_json::json!([]));
    assert_eq!(report["files"][2]["pipeline"], "shop-api");
    assert!(report["files"][2].get("error").is_none());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, format!("error: {error}\n"));
}

#[test]
fn files_that_are_no_text_or_too_long_are_told_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("binary.yaml");
    let name = file.display().to_string();
    for (bytes, expected) in [
        (
            b"pipeline: a\n\xff\xfe".to_vec(),
            "binary.yaml:2:1 the file is not UTF-8",
        ),
        (
            vec![b' '; 1 << 20],
            "binary.yaml:1:1 the file has more than the 65536 bytes",
        ),
    ] {
        fs::write(&file, bytes).unwrap();
        let output = towpath(&["lint", &name]);
        assert_eq!(output.status.code(), Some(1));
        assert!(printed(&output).contains(expected), "{}", printed(&output));
    }
}

#[test]
fn explain_says_who_takes_an_image_and_why_not() {
    let files = [example("three-stages.yaml"), example("two-accounts.yaml")];
    let explain = |more: &[&str]| {
        let files = ["--file", &files[0], "--file", &files[1]];
        towpath(&[&["explain"], more, &files].concat())
    };
    let output = explain(&["shop/api", "3f2c1ab"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        printed(&output),
        "shop-api takes 3f2c1ab: it is a commit hash; it goes through test → staging → production\n\
         billing is not asked: it takes images from team/billing\n"
    );

    let output = explain(&["shop/api", "latest", "main"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains(
        "shop-api refuses latest: `latest` names another image tomorrow: push the commit hash as the tag\n\
         shop-api ignores main: it is not a commit hash (7 to 40 or 64 lower-case hexadecimal digits)\n"
    ));

    let versions = ["team/billing", "v1.10.0", "1.9.0", "3.0.0"];
    let text = printed(&explain(&versions));
    assert!(
        text.contains("billing takes v1.10.0 of 111111111111.dkr.ecr.eu-west-1.amazonaws.com: "),
        "{text}"
    );
    let output = explain(&[&versions[..], &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let billing = &printed_json(&output)["pipelines"][1];
    assert_eq!(
        billing["registry"],
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
    );
    assert_eq!(billing["by_name"], serde_json::json!(["1.9.0", "v1.10.0"]));
    assert_eq!(billing["tags"][2]["verdict"], "ignored");
}

#[test]
fn explain_takes_an_image_as_it_is_copied() {
    let explain = |image: &str, file: &str| towpath(&["explain", image, "--file", &example(file)]);
    let there = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    let elsewhere = "222222222222.dkr.ecr.eu-west-1.amazonaws.com";

    let output = explain(&format!("{there}/shop/api:3f2c1ab"), "three-stages.yaml");
    assert_eq!(output.status.code(), Some(0));
    assert!(printed(&output).starts_with("shop-api takes 3f2c1ab: it is a commit hash"));
    let output = explain(
        &format!("{elsewhere}/team/billing:1.9.0"),
        "two-accounts.yaml",
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        printed(&output),
        format!("billing is not asked: it takes images of {there}\n")
    );

    let digest = format!("sha256:{}", "0".repeat(64));
    let output = explain(&format!("{there}/shop/api@{digest}"), "three-stages.yaml");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("towpath explain shop/api TAG"), "{error}");
}

#[test]
fn explain_does_not_ask_broken_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml").display().to_string();
    fs::write(&file, "pipeline: shop\n").unwrap();
    let output = towpath(&["explain", "shop", "3f2c1ab", "--file", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("key `stages` is missing") && !error.contains('\u{1b}'),
        "{error}"
    );
    let output = towpath(&[
        "explain",
        "shop",
        "3f2c1ab",
        "--file",
        &file,
        "--output=json",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let report = printed_json(&output);
    assert!(report["error"].as_str().unwrap().contains("is not valid"));
    let problems = report["files"][0]["problems"].as_array().unwrap();
    assert!(!problems.is_empty());
}

#[test]
fn whoever_stops_reading_early_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_towpath"))
        .args(["schema", "--markdown"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
