//! What an author is told, for every kind of mistake.

mod secrets;

use proptest::prelude::*;

use super::*;

const GOOD: &str = include_str!("../../../docs/examples/three-stages.yaml");

fn lint(text: &str, format: Format) -> Result<Pipeline, Vec<LintError>> {
    Linter::new().unwrap().lint(text, format)
}

/// What is told about a YAML text, one line each.
fn errors(text: &str) -> Vec<String> {
    errors_of(text, Format::Yaml)
}

fn errors_of(text: &str, format: Format) -> Vec<String> {
    let found = lint(text, format).err().unwrap_or_default();
    found
        .into_iter()
        .map(|one| {
            format!(
                "{}:{} {} | {} | {}",
                one.line, one.column, one.path, one.problem, one.help
            )
        })
        .collect()
}

/// The good example with one piece replaced; what is told about it.
fn told_with(from: &str, to: &str) -> Vec<String> {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{from} is not there");
    errors(&text)
}

fn line_of(piece: &str) -> usize {
    GOOD.lines().position(|line| line.contains(piece)).unwrap() + 1
}

#[test]
fn the_examples_are_good() {
    for text in [
        GOOD,
        include_str!("../../../docs/examples/one-service.yaml"),
        include_str!("../../../docs/examples/two-accounts.yaml"),
        include_str!("../../../docs/examples/ecs.yaml"),
    ] {
        assert_eq!(errors(text), Vec::<String>::new());
    }
}

#[test]
fn json_and_yaml_make_the_same_pipeline() {
    let pipeline = lint(GOOD, Format::Yaml).unwrap();
    let json = serde_json::to_string_pretty(&pipeline).unwrap();
    assert_eq!(lint(&json, Format::Json), Ok(pipeline.clone()));
    assert_eq!(lint(&json, Format::Yaml), Ok(pipeline));
}

#[test]
fn a_slip_of_the_finger_is_recognised_at_its_line() {
    let line = line_of("cluster: shop-test");
    assert_eq!(
        told_with("cluster: shop-test", "clutser: shop-test"),
        // That it is missing need not be told as well.
        [format!(
            "{line}:5 stages.0.clutser | key `clutser` is not known here | did you mean `cluster`?"
        )]
    );
    let line = line_of("timeout: 2h");
    assert_eq!(
        told_with("timeout: 2h", "autoScaling: leave"),
        [format!(
            "{line}:5 stages.2.autoScaling | key `autoScaling` is not known here | did you mean `auto_scaling`?"
        )]
    );
}

#[test]
fn everything_is_told_in_one_go_in_the_order_of_the_file() {
    let text = "\
pipeline: Shop
repository: shop/api:latest
tags: {regexp: a}
stages:
  - name: test
    cluster: shop
    service: api
    containers: app
    engine: rolling
    approval: {slack: ['#deploys'], required: 0, expires: 2w}
    checks:
      - name: health
      - name: other
        url: http://h/
        http: {url: http://h/, status: '200', attempts: 1000}
  - account: 111111111111
    environment: {web: {PORT: 8080, \"\\e[31m\": x}}
";
    insta::assert_snapshot!(errors(text).join("\n"));
}

#[test]
fn contradictions_are_told_at_their_lines() {
    let text = GOOD
        .replacen("containers: [app, migrations]", "containers: []", 1)
        .replacen("required: 2", "required: 4", 1)
        .replacen("RELEASE: \"${release}\"", "RELEASE: \"${releese}\"", 1);
    insta::assert_snapshot!(errors(&text).join("\n"));
}

#[test]
fn texts_that_ssm_cannot_store_are_told() {
    let line = line_of("COMMIT");
    assert_eq!(
        told_with("\"${tag}\"", "\"{{tag}}\""),
        [format!(
            "{line}:9 stages.2.environment.app.COMMIT | SSM cannot store text with `{{{{` or `}}}}` | write it without double brackets"
        )]
    );
    let told = told_with("\"${tag}\"", &format!("\"{}\"", "x".repeat(8_000)));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("more than the 8192 of an SSM parameter"),
        "{told:?}"
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    for (text, expected) in [
        ("pipeline: [a\n", "not YAML"),
        ("pipeline: a\n  repository: b\n", "not YAML"),
        ("pipeline: *a\n", "unknown anchor"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "a second document begins here"),
        (
            "a: 1\nb: 2\na: 3\n",
            "3:1  | key `a` stands here for the second time, first in line 1",
        ),
        ("a: !!str 1\n", "tags such as `!!str` are not read"),
        ("<<: {a: 1}\n", "merge keys are not part of YAML 1.2"),
        ("1: a\n", "the key `1` is not text"),
        ("[a]: b\n", "a key must be text"),
        ("a: &x [*x]\n", "alias"),
        ("a: .inf\n", "a number that JSON cannot write"),
        (
            "a: 99999999999999999999\n",
            "a number that JSON cannot write",
        ),
        ("pipeline\n", "keys with values must stand here, not text"),
    ] {
        let told = errors(text).join("\n");
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for (text, expected) in [
        ("{\n  \"a\": 1,\n}", "3:1  | not JSON: trailing comma"),
        (
            "{\"a\": 1,\n \"a\": 2}",
            "2:2  | key `a` stands here for the second time, first in line 1",
        ),
        ("pipeline: a", "1:1  | not JSON: expected value"),
        (
            "{\n \"pipeline\": \"\\ud83d\\ude00\"}",
            "2:14 pipeline | `😀` is not a pipeline name",
        ),
        ("", "the file is empty"),
    ] {
        let told = errors_of(text, Format::Json).join("\n");
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn aliases_repeat_a_value_and_cannot_be_a_bomb() {
    let text = GOOD
        .replacen(
            "containers: [app, migrations]",
            "containers: &containers [app, migrations]",
            1,
        )
        .replacen(
            "    containers: [app, migrations]\n",
            "    containers: *containers\n",
            1,
        );
    assert_eq!(lint(&text, Format::Yaml), lint(GOOD, Format::Yaml));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{aliases}]\n"));
    }
    let told = errors(&bomb).join("\n");
    assert!(told.contains("more than 20000 values"), "{told}");
}

#[test]
fn what_is_too_deep_or_too_long_is_told() {
    for (text, format) in [
        (
            format!("a: {}{}", "[".repeat(100), "]".repeat(100)),
            Format::Yaml,
        ),
        (
            format!("{{\"a\": {}{}}}", "[".repeat(100), "]".repeat(100)),
            Format::Json,
        ),
        (
            (0..100).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
            Format::Yaml,
        ),
    ] {
        let told = errors_of(&text, format).join("\n");
        assert!(told.contains("levels deep"), "{told}");
    }
    for text in [
        "[".repeat(60_000),
        "{\"a\":".repeat(10_000),
        "- ".repeat(30_000),
    ] {
        assert_eq!(errors(&text).len(), 1);
        assert_eq!(errors_of(&text, Format::Json).len(), 1);
    }
    let told = errors(&" ".repeat(65_537));
    assert!(told[0].contains("more than the 65536 bytes"), "{told:?}");
}

#[test]
fn a_hundred_mistakes_are_told_and_no_more() {
    let unknown: String = (0..500).map(|n| format!("key{n}: 1\n")).collect();
    assert_eq!(errors(&unknown).len(), 100);
}

/// Texts of the characters that YAML and JSON are made of.
fn syntax() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\[\\]{}:,\\-?&*!|>'\"%@`#~ab1 \n\t\\\\.<=]{0,60}",
    ]
}

proptest! {
    #[test]
    fn no_text_makes_lint_panic(text in syntax()) {
        for format in [Format::Yaml, Format::Json] {
            let found = lint(&text, format).unwrap_err();
            prop_assert!(!found.is_empty());
        }
    }

    #[test]
    fn no_mutilated_file_makes_lint_panic_or_lose_a_place(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, "[\\PC\n{}\\[\\],:\"0-9 -]{0,4}"), 1..5),
        as_json in any::<bool>(),
    ) {
        let (text, format) = if as_json {
            let pipeline = lint(GOOD, Format::Yaml).unwrap();
            (serde_json::to_string_pretty(&pipeline).unwrap(), Format::Json)
        } else {
            (GOOD.to_owned(), Format::Yaml)
        };
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, new) in cuts {
            let at = at.index(chars.len());
            let end = (at + length).min(chars.len());
            chars.splice(at..end, new.chars());
        }
        let text: String = chars.into_iter().collect();
        match lint(&text, format) {
            Ok(pipeline) => prop_assert!(pipeline.to_stored().is_ok()),
            Err(found) => {
                let lines = text.lines().count().max(1);
                for one in &found {
                    prop_assert!((1..=lines + 1).contains(&one.line), "{:?}", one);
                    // The walk over the file finds all that the types would refuse, with its line.
                    prop_assert!(!one.problem.starts_with("not a pipeline"), "{:?}", one);
                }
            }
        }
    }
}
