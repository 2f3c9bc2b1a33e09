//! `towpath render` and `towpath diff` as they are run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const ANSWER: &str = r#"{
  "tags": [{"key": "team", "value": "shop"}],
  "taskDefinition": {
    "status": "ACTIVE",
    "revision": 7,
    "registeredAt": 1700000000.25,
    "fieldOfTomorrow": {"b": 1, "a": 1.0},
    "containerDefinitions": [
      {
        "image": "registry.example:5000/shop/api:old",
        "name": "app",
        "memory": 64,
        "environment": [{"value": "", "name": "EMPTY"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
        "dockerLabels": {"b": "x=y=z", "a": ""}
      },
      {"name": "side", "image": "registry.example:5000/side@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "memory": 32}
    ],
    "family": "shop-api"
  },
  "ResponseMetadata": {"RequestId": "x"}
}"#;

fn towpath(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_towpath"))
        .args(args)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("towpath starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that fails on its arguments does not read its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("towpath ends")
}

fn render(args: &[&str], input: &str) -> Output {
    let mut all = vec!["render", "--task-definition", "-"];
    all.extend(args);
    towpath(&all, input)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn an_answer_is_rendered_ready_to_be_registered() {
    let image = format!("app=registry.example:5000/shop/api@{DIGEST}");
    let output = render(
        &[
            "--image",
            &image,
            "--env",
            "app:COMMIT=3f2c1ab=x:y",
            "--env",
            "side:NONE=",
            "--docker-label",
            "side:a.b/c:d=e",
            "--tag",
            "commit=3f2c1ab",
        ],
        ANSWER,
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
    insta::assert_snapshot!(stderr(&output), @r#"note: unknown field "/fieldOfTomorrow" is kept"#);
}

#[test]
fn a_rendered_definition_renders_to_itself() {
    let once = render(&[], ANSWER);
    let twice = render(&["--base-format", "register"], &stdout(&once));
    assert_eq!(stdout(&once), stdout(&twice));
    let line = render(&["--output", "json"], ANSWER);
    assert_eq!(stdout(&line).lines().count(), 1);
    assert_eq!(stdout(&render(&[], &stdout(&line))), stdout(&once));
}

#[test]
fn each_failure_says_what_to_do() {
    let failures: [(&[&str], &str); 14] = [
        (&["--image", "web=nginx"], ANSWER),
        (&["--image", "app"], ANSWER),
        (&["--image", "app=Nginx"], ANSWER),
        (&["--image", "app=a", "--image", "app=b"], ANSWER),
        (&["--env", "DB_PASSWORD=hunter2"], ANSWER),
        (&["--env", "app:A=1", "--env", "app:A=2"], ANSWER),
        (&["--env", "app:A"], ANSWER),
        (&["--tag", "=x"], ANSWER),
        (&["--base-format", "register"], ANSWER),
        (&["--allow-registry", "registry.example"], ANSWER),
        (&[], "{\"family\": \"f\", \"family\": \"g\"}"),
        (
            &[],
            "{\"family\": \"f\", \"containerDefinitions\": [1e999]}",
        ),
        (&[], "[]"),
        (&[], ""),
    ];
    let mut shown = String::new();
    for (args, input) in failures {
        let output = render(args, input);
        assert_eq!(code(&output), 2, "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert!(!stderr(&output).contains("hunter2"), "{args:?}");
        shown.push_str(&format!("$ {}\n{}", args.join(" "), stderr(&output)));
    }
    insta::assert_snapshot!(shown);
    let output = towpath(&["render", "--task-definition", "/nowhere/at/all.json"], "");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).starts_with("error: cannot read /nowhere/at/all.json: "));
}

#[test]
fn a_checked_definition_is_printed_only_if_it_is_good() {
    let image = format!("app=registry.example:5000/shop/api@{DIGEST}");
    let good = render(&["--check", "--image", &image], ANSWER);
    assert_eq!(code(&good), 0, "{}", stderr(&good));
    assert_ne!(stdout(&good), "");
    let allow = ["--check", "--image", &image, "--allow-registry"];
    let within = render(&[&allow[..], &["registry.example:5000"]].concat(), ANSWER);
    assert_eq!(code(&within), 0, "{}", stderr(&within));
    let without = render(
        &[&allow[..], &["registry.example:5000/shop"]].concat(),
        ANSWER,
    );
    let unpinned = render(&["--check"], ANSWER);
    for output in [&without, &unpinned] {
        assert_eq!((code(output), stdout(output).as_str()), (1, ""));
    }
    let output = render(&["--check", "--output", "json"], ANSWER);
    assert_eq!((code(&output), stderr(&output)), (1, stderr(&unpinned)));
    let told: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_ne!(told["error"], serde_json::Value::Null);
    assert_eq!(told["findings"][0]["container"], "app");
    insta::assert_snapshot!(format!("{}{}", stderr(&without), stderr(&unpinned)));
}

#[test]
fn a_diff_exits_as_diff_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = write(folder.path(), "before.json", ANSWER);
    let rendered = stdout(&render(&[], ANSWER));
    let same = write(folder.path(), "same.json", &rendered);
    let other = write(
        folder.path(),
        "other.json",
        &rendered
            .replace("hunter2", "hunter3")
            .replace("\"memory\": 64", "\"memory\": 128"),
    );

    let output = towpath(&["diff", &before, &same], "");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    let output = towpath(&["diff", &before, "-"], &rendered);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));

    let output = towpath(&["diff", &before, &other], "");
    assert_eq!(code(&output), 1);
    let folder_name = folder.path().to_str().expect("UTF-8");
    insta::assert_snapshot!(stdout(&output).replace(folder_name, "."));
    let output = towpath(&["diff", "--output", "json", &before, &other], "");
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(
        text.contains("\"same\": false") && !text.contains("hunter"),
        "{text}"
    );

    for args in [
        vec!["diff", &before, "/nowhere"],
        vec!["diff", "-", "-"],
        vec!["diff", &before],
    ] {
        let output = towpath(&args, "");
        assert_eq!(
            (code(&output), stdout(&output).as_str()),
            (2, ""),
            "{args:?}"
        );
    }
}

#[test]
fn help_shows_an_example() {
    for command in ["render", "diff"] {
        let output = towpath(&[command, "--help"], "");
        assert_eq!(code(&output), 0);
        assert!(
            stdout(&output).contains("aws ecs describe-task-definition"),
            "{}",
            stdout(&output)
        );
    }
}
