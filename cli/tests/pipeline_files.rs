//! What people write as pipelines, each with its right answer: it is taken; or every mistake is told at
//! its place, and what is said to be written instead is taken.

#[path = "pipeline_files/ways_out.rs"]
mod ways_out;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn lint(text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_towpath"))
        .args(["lint", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("towpath starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("all is read");
    drop(stdin);
    child.wait_with_output().expect("towpath ends")
}

/// What is told, and whether the file is taken.
fn linted(text: &str) -> (bool, String) {
    let output = lint(text);
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.success(), told)
}

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines");
    std::fs::read_to_string(folder.join(name)).expect(name)
}

/// A pipeline with one stage, and further keys of the pipeline and of the stage.
fn pipeline(keys: &str, stage: &str) -> String {
    let has = |key: &str| stage.lines().any(|line| line.starts_with(key)) || keys.starts_with(key);
    let mut text = String::from("pipeline: shop\n");
    let repository = !keys.lines().any(|line| line.starts_with("repository:"));
    if repository {
        text.push_str("repository: shop\n");
    }
    text.push_str(keys);
    text.push_str("stages:\n  - name: test\n");
    for (key, line) in [
        ("cluster", "cluster: test"),
        ("service", "service: shop"),
        ("containers", "containers: [app]"),
        ("engine", "engine: {rolling: {}}"),
    ] {
        if !has(key) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    for line in stage.lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

#[test]
fn good_files_are_taken_however_they_are_saved() {
    for name in ["bom.yaml", "crlf.yaml"] {
        let (taken, told) = linted(&file(name));
        assert!(taken, "{name}: {told}");
    }
    for stage in [
        "engine:\n  rolling:\n",
        "engine:\n  rolling: ~\n",
        "engine:\n  ecs:\n",
        "engine: {rolling: }\n",
        "timeout: 90m\n",
        "environment: {app: {}}\n",
    ] {
        let (taken, told) = linted(&pipeline("", stage));
        assert!(taken, "{stage}: {told}");
    }
    let (taken, told) = linted(&pipeline("notify:\n", ""));
    assert!(taken, "{told}");
}

/// What stood below may be commented out: without an approval nobody would be asked.
#[test]
fn a_key_without_a_value_is_told() {
    for (key, stage) in [
        ("approval", "approval:\n"),
        ("approval", "approval: ~\n"),
        ("account", "account:\n"),
        ("auto_scaling", "auto_scaling:\n"),
    ] {
        let (taken, told) = linted(&pipeline("", stage));
        assert!(!taken, "{stage}");
        let said = format!("`{key}` is written without a value");
        assert!(told.contains(&said), "{told}");
    }
}

/// Names in ARNs are told only where they are names of what is asked for.
#[test]
fn a_way_out_is_one_that_is_taken() {
    let arn = |resource: &str| format!("arn:aws:{resource}");
    for (line, says) in [
        (
            format!(
                "cluster: {}\n",
                arn("ecs:eu-west-1:111111111111:service/test/shop")
            ),
            None,
        ),
        (
            format!(
                "service: {}\n",
                arn("ecs:eu-west-1:111111111111:service/test/shop")
            ),
            Some("write its name: `shop`"),
        ),
    ] {
        let (taken, told) = linted(&pipeline("", &line));
        assert!(!taken, "{line}");
        match says {
            Some(says) => assert!(told.contains(says), "{told}"),
            None => assert!(!told.contains("write its name"), "{told}"),
        }
    }
}

#[test]
fn every_mistake_of_a_file_is_told() {
    let mut shown = String::new();
    for name in [
        "account-number.yaml",
        "anchors.yaml",
        "approval-before-traffic-rolling.yaml",
        "checks-rolling.yaml",
        "codedeploy-typo.yaml",
        "containers-string.yaml",
        "empty.yaml",
        "env-list.yaml",
        "env-var-github.yaml",
        "octal-norway.yaml",
        "regex-anchors.yaml",
        "service-arn.yaml",
        "slack-names.yaml",
        "tabs.yaml",
        "tags-glob.yaml",
        "two-documents.yaml",
        "uppercase.yaml",
    ] {
        let (taken, told) = linted(&file(name));
        assert!(!taken, "{name}");
        shown.push_str(&format!("{name}\n{told}\n"));
    }
    insta::assert_snapshot!(shown);
}

/// Mistakes with the ways out that are told, which are then gone: keys of the pipeline, keys of the
/// stage, what is told, and the same piece of the file before and after.
const MISTAKES: [(&str, &str, &str, &str, &str); 42] = [
    ("", "timeout: 60\n", "`60s`, or `60m`", "60", "60s"),
    ("", "timeout: 60\n", "`60s`, or `60m`", "60", "60m"),
    ("", "timeout: 30\n", "`30m`", "30", "30m"),
    ("", "timeout: 2\n", "`2h`", "2", "2h"),
    ("", "bake: 15\n", "`15m`", "15", "15m"),
    (
        "notify: {slack: C0123456789}\n",
        "approval: {slack: [U0123456789], expires: 24}\n",
        "`24h`",
        "24",
        "24h",
    ),
    (
        "",
        "engine: rolling\n",
        "`engine: {rolling: {}}`",
        "engine: rolling",
        "engine: {rolling: {}}",
    ),
    (
        "",
        "engine: codedeploy\n",
        "`engine: {codedeploy: {application: shop-api, group: production}}`",
        "engine: codedeploy",
        "engine: {codedeploy: {application: shop-api, group: production}}",
    ),
    (
        "",
        "engine: {Rolling: {}}\n",
        "`rolling`",
        "Rolling",
        "rolling",
    ),
    (
        "",
        "containers: app\n",
        "`containers: [app]`",
        "containers: app",
        "containers: [app]",
    ),
    (
        "",
        "environment: {COMMIT: \"${tag}\"}\n",
        "`environment: {app: {COMMIT: \"${tag}\"}}`",
        "{COMMIT: \"${tag}\"}",
        "{app: {COMMIT: \"${tag}\"}}",
    ),
    (
        "",
        "environment: {PORT: 80}\n",
        "`environment: {app: {PORT: \"…\"}}`",
        "{PORT: 80}",
        "{app: {PORT: \"80\"}}",
    ),
    (
        "",
        "environment: [{name: A, value: b}]\n",
        "`environment: {app: {A: \"…\"}}`",
        "[{name: A, value: b}]",
        "{app: {A: b}}",
    ),
    (
        "",
        "environment: [A=b]\n",
        "`environment: {app: {A: \"…\"}}`",
        "[A=b]",
        "{app: {A: b}}",
    ),
    (
        "",
        "environment: {app: [{name: A, value: b}]}\n",
        "`app: {A: \"…\"}`",
        "[{name: A, value: b}]",
        "{A: b}",
    ),
    (
        "",
        "environment: {app: {PORT: 80}}\n",
        "put it in quotes",
        "80",
        "\"80\"",
    ),
    (
        "",
        "environment: {app: {DEBUG: true}}\n",
        "put it in quotes",
        "true",
        "\"true\"",
    ),
    (
        "",
        "docker_labels: {commit: \"${tag}\"}\n",
        "`docker_labels: {app: {commit: \"${tag}\"}}`",
        "{commit: \"${tag}\"}",
        "{app: {commit: \"${tag}\"}}",
    ),
    (
        "",
        "enviroment: {app: {A: b}}\n",
        "`environment`",
        "enviroment",
        "environment",
    ),
    (
        "",
        "clusterName: test\ncluster: test\n",
        "`cluster`",
        "clusterName: test\n",
        "\n",
    ),
    (
        "tags: main-*\n",
        "",
        "`tags: {glob: \"main-*\"}`",
        "tags: main-*",
        "tags: {glob: \"main-*\"}",
    ),
    (
        "tags: \"v?.*\"\n",
        "",
        "`tags: {glob: \"v?.*\"}`",
        "tags: \"v?.*\"",
        "tags: {glob: \"v?.*\"}",
    ),
    (
        "tags: main\n",
        "",
        "`tags: {glob: \"main-*\"}`",
        "tags: main",
        "tags: {glob: \"main-*\"}",
    ),
    (
        "tags: \">=1.4, <3\"\n",
        "",
        "`tags: {semver: \">=1.4, <3\"}`",
        "tags: \">=1.4, <3\"",
        "tags: {semver: \">=1.4, <3\"}",
    ),
    (
        "tags: \"v[0-9]+\"\n",
        "",
        "`tags: {regex: \"v[0-9]+\"}`",
        "tags: \"v[0-9]+\"",
        "tags: {regex: \"v[0-9]+\"}",
    ),
    ("tags: commits\n", "", "`commit`", "commits", "commit"),
    ("tags: {globs: \"v*\"}\n", "", "`glob`", "globs", "glob"),
    (
        "tags: {regex: \"^v\\\\d+(?=-)\"}\n",
        "",
        "leave the look-around out",
        "(?=-)",
        "-.*",
    ),
    ("tag: commit\n", "", "`tags`", "tag:", "tags:"),
    (
        "notify: C0123456789\n",
        "",
        "`notify: {slack: C0123456789}`",
        "notify: C0123456789",
        "notify: {slack: C0123456789}",
    ),
    (
        "notify: {slackChannel: C0123456789}\n",
        "",
        "`slack`",
        "slackChannel",
        "slack",
    ),
    (
        "notify: {slack: C0123456789}\n",
        "approval: U0123456789\n",
        "`approval: {slack: [U0123456789]}`",
        "approval: U0123456789",
        "approval: {slack: [U0123456789]}",
    ),
    (
        "notify: {slack: C0123456789}\n",
        "approval: [U0123456789]\n",
        "`approval: {slack: [U0123456789]}`",
        "approval: [U0123456789]",
        "approval: {slack: [U0123456789]}",
    ),
    (
        "notify: {slack: C0123456789}\noperators: U0123456789\n",
        "",
        "`operators: [U0123456789]`",
        "operators: U0123456789",
        "operators: [U0123456789]",
    ),
    (
        "",
        "cluster: arn:aws:ecs:eu-central-1:111111111111:cluster/test\n",
        "`test`",
        "arn:aws:ecs:eu-central-1:111111111111:cluster/test",
        "test",
    ),
    (
        "",
        "service: arn:aws:ecs:eu-central-1:111111111111:service/test/shop\n",
        "`shop`",
        "arn:aws:ecs:eu-central-1:111111111111:service/test/shop",
        "shop",
    ),
    (
        "",
        "account: \"222222222222\"\nrole: arn:aws:iam::222222222222:role/towpath\n",
        "`role: {arn: \"arn:aws:iam::222222222222:role/towpath\"}`",
        "role: arn:aws:iam::222222222222:role/towpath",
        "role: {arn: \"arn:aws:iam::222222222222:role/towpath\"}",
    ),
    (
        "",
        "account: 222222222222\nrole: {arn: \"arn:aws:iam::222222222222:role/towpath\"}\n",
        "put it in quotes",
        "account: 222222222222",
        "account: \"222222222222\"",
    ),
    (
        "",
        "engine: {codedeploy: {application: a, group: g, container: app, port: \"8080\"}}\n",
        "`port: 8080`",
        "\"8080\"",
        "8080",
    ),
    (
        "",
        "engine: {codedeploy: {application: a, group: g, port: 0}}\n",
        "`port: 8080`",
        "port: 0",
        "port: 8080",
    ),
    (
        "",
        "checks: [{name: a, at: before_install, alarm: shop-5xx}]\nengine: {rolling: {}}\n",
        "`alarm: {names: [shop-5xx]}`",
        "alarm: shop-5xx",
        "alarm: {names: [shop-5xx]}",
    ),
    (
        "",
        "checks: [{name: a, at: before_install, task: {container: app, command: ./manage migrate}}]\n",
        "`command: [\"./manage\", \"…\"]`",
        "command: ./manage migrate",
        "command: [\"./manage\", migrate]",
    ),
];

#[test]
fn what_is_said_to_be_written_instead_is_taken() {
    for (keys, stage, help, before, after) in MISTAKES {
        let text = pipeline(keys, stage);
        let (taken, told_before) = linted(&text);
        assert!(!taken, "{text}");
        assert!(told_before.contains(help), "{text}\n{told_before}");
        let (head, tail) = text.rsplit_once(before).expect(before);
        let mended = format!("{head}{after}{tail}");
        let (taken, told_after) = linted(&mended);
        assert!(taken, "{mended}\n{told_after}");
    }
}

#[test]
fn what_would_never_fire_is_told_and_what_is_said_instead_is_taken() {
    for (keys, stage, help, mended_keys, mended_stage) in [
        (
            "repository: 111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop\n",
            "",
            "write `repository: shop`, and `registry: 111111111111.dkr.ecr.eu-central-1.amazonaws.com`",
            "repository: shop\nregistry: 111111111111.dkr.ecr.eu-central-1.amazonaws.com\n",
            "",
        ),
        (
            "repository: ghcr.io/team/shop\n",
            "",
            "`repository: shop`",
            "repository: shop\n",
            "",
        ),
        (
            "registry: docker.io\n",
            "",
            "or leave `registry` out",
            "",
            "",
        ),
        (
            "registry: public.ecr.aws\n",
            "",
            "or leave `registry` out",
            "",
            "",
        ),
        ("tags: {glob: latest}\n", "", "or leave `tags` out", "", ""),
        (
            "tags: {regex: \"-.*\"}\n",
            "",
            "or leave `tags` out",
            "",
            "",
        ),
        (
            "tags: {semver: \">2, <1\"}\n",
            "",
            "or leave `tags` out",
            "",
            "",
        ),
        (
            "",
            "region: eu-central-1a\n",
            "write `eu-central-1`",
            "",
            "region: eu-central-1\n",
        ),
        (
            "",
            "engine: {codedeploy: {application: a, group: g, configuration: CodeDeployDefault.ECSCanary10percent5Minutes}}\n",
            "write `CodeDeployDefault.ECSCanary10Percent5Minutes`",
            "",
            "engine: {codedeploy: {application: a, group: g, configuration: CodeDeployDefault.ECSCanary10Percent5Minutes}}\n",
        ),
    ] {
        let (taken, told_before) = linted(&pipeline(keys, stage));
        assert!(
            !taken && told_before.contains(help),
            "{keys}{stage}{told_before}"
        );
        let (taken, told_after) = linted(&pipeline(mended_keys, mended_stage));
        assert!(taken, "{told_after}");
    }
}
