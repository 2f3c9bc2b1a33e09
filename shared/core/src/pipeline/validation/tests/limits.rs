//! What AWS or a run would refuse is found with its place and value, what is told to be written instead
//! is taken, and so is what only comes close to a limit.

use serde_json::{Value, json};

use super::GOOD;
use crate::pipeline::{Pipeline, ReadError};

/// The good pipeline with another value at `pointer`, and what is found.
fn problems(pointer: &str, new: &Value) -> Vec<(String, String)> {
    let mut value: Value = serde_json::from_str(GOOD).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = new.clone();
    match Pipeline::from_json(&value.to_string()) {
        Ok(pipeline) => {
            let never = pipeline.never();
            let never = never.into_iter();
            never
                .map(|one| (format!("{}: {}", one.path, one.problem), one.help))
                .collect()
        }
        Err(ReadError::Contradictions(found)) => found
            .into_iter()
            .map(|one| (format!("{}: {}", one.path, one.problem), one.help))
            .collect(),
        Err(other) => panic!("{pointer} = {new}: {other}"),
    }
}

/// A value that is refused, what the problem and the way out say, and what is then written.
type Row = (Value, &'static str, &'static str, Value);

fn assert_table(pointer: &str, rows: &[Row], good: &[Value]) {
    for (bad, problem, help, instead) in rows {
        let found = problems(pointer, bad);
        assert_eq!(found.len(), 1, "{pointer} = {bad}: {found:?}");
        let (shown, way) = &found[0];
        assert!(shown.contains(problem), "{pointer} = {bad}: {shown}");
        assert!(way.contains(help), "{pointer} = {bad}: {way}");
        let after = problems(pointer, instead);
        assert!(after.is_empty(), "{pointer} = {instead}: {after:?}");
    }
    for good in good {
        let found = problems(pointer, good);
        assert!(found.is_empty(), "{pointer} = {good}: {found:?}");
    }
}

fn many(count: usize) -> Value {
    (0..count)
        .map(|n| (format!("key{n}"), json!("x")))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn tags_are_what_ecs_takes() {
    let long = |length: usize| "x".repeat(length);
    let letters = "use letters, digits, spaces and _ . : / = + - @";
    assert_table(
        "/stages/1/tags",
        &[
            (
                many(49),
                "tags: 49 tags are too many",
                "at most 48",
                many(48),
            ),
            (
                json!({long(129): "x"}),
                "is not the key of a tag",
                "128",
                json!({long(128): "x"}),
            ),
            (
                json!({"": "x"}),
                "`` is not the key",
                "1 to 128",
                json!({"x": "x"}),
            ),
            (
                json!({"a": long(257)}),
                "the value of `a` has 257",
                "shorten",
                json!({"a": long(256)}),
            ),
            (
                json!({"a": format!("${{digest}}{}", long(186))}),
                "the value of `a` has 257 characters or more",
                "shorten",
                json!({"a": format!("${{digest}}{}", long(185))}),
            ),
            (
                json!({"a": format!("${{release}}${{stage}}${{tag}}{}", long(215))}),
                // 25 of shop-api-0123456789abcdef, 10 of production and 7 of a commit.
                "the value of `a` has 257 characters or more",
                "shorten",
                json!({"a": format!("${{release}}${{stage}}${{tag}}{}", long(214))}),
            ),
            (
                json!({"AWS:x": "x"}),
                "`AWS:x` begins with `aws:`",
                "another key",
                json!({"x": "x"}),
            ),
            (
                json!({"Towpath:x": "x"}),
                "begins with `towpath:`",
                "another key",
                json!({"x": "x"}),
            ),
            (
                json!({"a": "aws:x"}),
                "the value of `a` begins with `aws:`",
                "something else",
                json!({"a": "x"}),
            ),
            (
                json!({"a*": "x"}),
                "the key `a*` has `*`",
                letters,
                json!({"a_": "x"}),
            ),
            (
                json!({"a": "x,y"}),
                "the value of `a` has `,`",
                letters,
                json!({"a": "x y"}),
            ),
            (
                json!({"a": "x\ty"}),
                "has `\\t`",
                letters,
                json!({"a": "x y"}),
            ),
            (
                json!({"${tag}": "x"}),
                "the key `${tag}` has `$`",
                letters,
                json!({"tag": "${tag}"}),
            ),
        ],
        &[
            json!({"Team": "a", "team": "b"}),
            json!({"größe": "über ß 五 + - = . _ : / @"}),
            json!({"awsome": "awsome", "x-aws:": "x-aws:"}),
            json!({"a": ""}),
            json!({"a": "${release} ${tag} ${stage}"}),
            json!({"a": "${image}"}),
        ],
    );
}

#[test]
fn variables_of_a_task_have_names_and_values_that_ecs_takes() {
    let task = |task: Value| {
        let mut whole = json!({"container": "app", "command": ["./manage", "migrate"]});
        for (key, value) in task.as_object().unwrap() {
            whole[key] = value.clone();
        }
        json!([{"name": "migrate", "at": "before_install", "task": whole}])
    };
    let environment = |name: &str, value: &str| task(json!({"environment": {name: value}}));
    let command = |words: &[&str]| task(json!({"command": words}));
    let script = |length: usize| command(&["sh", "-c", &"x".repeat(length)]);
    // {"containerOverrides":[{"name":"app","command":["sh","-c",""]}]}
    let around = 64;
    assert_table(
        "/stages/1/checks",
        &[
            (
                environment("", "x"),
                "environment.: `` is not the name",
                "without spaces",
                environment("A", "x"),
            ),
            (
                environment("A=B", "x"),
                "`A=…` is not the name",
                "without spaces and `=`",
                environment("A", "B=x"),
            ),
            (
                environment("A B", "x"),
                "`A B` is not the name",
                "without spaces",
                environment("A_B", "x"),
            ),
            (
                environment("A", "x\0"),
                "environment.A: the value contains a NUL",
                "remove it",
                environment("A", "x"),
            ),
            (
                environment("COMMIT", "at ${tag}"),
                "environment.COMMIT: `${tag}` is not replaced here",
                "TAG: \"${tag}\": the task has it too",
                command(&["./smoke"]),
            ),
            (
                command(&["./smoke", "--image=${image}"]),
                "command.1: `${image}` is not replaced here",
                "of container `app`",
                command(&["./smoke"]),
            ),
            (
                command(&[]),
                "a task without a command",
                "one word each",
                command(&["./smoke"]),
            ),
            (
                command(&["", " "]),
                "a task without a command",
                "one word each",
                command(&["./smoke"]),
            ),
            (
                command(&["a\0"]),
                "command.0: the word contains a NUL",
                "remove it",
                command(&["a"]),
            ),
            (
                script(8_193 - around),
                "have 8193 characters as JSON, more than the 8192",
                "put the script into the image",
                script(8_192 - around),
            ),
        ],
        &[
            command(&["sh", "-c", "echo ${HOME} ${TAG} $tag"]),
            command(&["./smoke", ""]),
            command(&["sh", "-c", "tag=$(cat /tag); echo ${tag}"]),
            command(&["sh", "-c", "for image in a b; do echo ${image}; done"]),
            // The stage sets RELEASE for `app`, and the task a variable of the name.
            task(json!({"command": ["sh", "-c", "echo ${tag}"], "environment": {"tag": "x"}})),
            environment("a.b-c", "${HOME} = x"),
        ],
    );
}

#[test]
fn a_metric_is_one_that_cloudwatch_takes() {
    let metric = |metric: Value| {
        let mut whole = json!({"namespace": "Shop", "name": "Errors", "statistic": "Sum", "must_be": "at_most", "threshold": 1});
        for (key, value) in metric.as_object().unwrap() {
            whole[key] = value.clone();
        }
        json!([{"name": "errors", "at": "before_install", "metric": whole}])
    };
    let of = |key: &str, value: &str| metric(json!({key: value}));
    let dimension = |name: &str, value: &str| metric(json!({"dimensions": {name: value}}));
    let long = |length: usize| "x".repeat(length);
    let ascii = "printable ASCII characters";
    let dimensions = |count| metric(json!({"dimensions": many(count)}));
    assert_table(
        "/stages/1/checks",
        &[
            (
                of("namespace", ""),
                "`` is not the namespace",
                "AWS/ApplicationELB",
                of("namespace", "AWS/ApplicationELB"),
            ),
            (
                of("namespace", ":Shop"),
                "`:Shop` is not the namespace",
                "`:`",
                of("namespace", "Shop:"),
            ),
            (
                of("namespace", "Größe"),
                "`Größe` is not",
                ascii,
                of("namespace", "Groesse"),
            ),
            (
                of("namespace", "  "),
                "`  ` is not the namespace",
                ascii,
                of("namespace", " x "),
            ),
            (
                of("namespace", &long(256)),
                "is not the namespace",
                "1 to 255",
                of("namespace", &long(255)),
            ),
            (
                of("name", " "),
                "` ` is not the name of a metric",
                "1 to 255",
                of("name", "HTTPCode_Target_5XX_Count"),
            ),
            (
                of("name", &long(256)),
                "is not the name of a metric",
                "1 to 255",
                of("name", &long(255)),
            ),
            (
                dimension("", "x"),
                "dimensions.: `` is not the name of a dimension",
                ascii,
                dimension("TargetGroup", "x"),
            ),
            (
                dimension(":x", "x"),
                "`:x` is not the name",
                "not beginning with `:`",
                dimension("x:", "x"),
            ),
            (
                dimension("ä", "x"),
                "`ä` is not the name",
                ascii,
                dimension("ae", "x"),
            ),
            (
                dimension(&long(256), "x"),
                "is not the name",
                "1 to 255",
                dimension(&long(255), "x"),
            ),
            (
                dimension("x", ""),
                "dimensions.x: `` is not the value",
                ascii,
                dimension("x", "y"),
            ),
            (
                dimension("x", "\n"),
                "`\\n` is not the value",
                ascii,
                dimension("x", "y"),
            ),
            (
                dimension("x", &long(1_025)),
                "is not the value",
                "1 to 1024",
                dimension("x", &long(1_024)),
            ),
            (
                dimensions(31),
                "31 dimensions are too many",
                "at most 30",
                dimensions(30),
            ),
            (
                of("statistic", "p1e1"),
                "`p1e1` is not a statistic",
                "p99",
                of("statistic", "p99"),
            ),
            (
                of("statistic", "p+5"),
                "`p+5` is not a statistic",
                "p99",
                of("statistic", "p5"),
            ),
            (
                of("statistic", "pinf"),
                "`pinf` is not a statistic",
                "p99",
                of("statistic", "p100"),
            ),
            (
                of("statistic", "p100.1"),
                "`p100.1` is not",
                "p99",
                of("statistic", "p100.0"),
            ),
            (
                of("statistic", "p.5"),
                "`p.5` is not",
                "p99",
                of("statistic", "p0.5"),
            ),
            (
                of("statistic", "average"),
                "`average` is not",
                "Average",
                of("statistic", "Average"),
            ),
        ],
        &[
            of("statistic", "p95.0123456789"),
            of("name", "größe"),
            dimension("x", "targetgroup/a/1"),
        ],
    );
}

#[test]
fn a_pointer_of_a_check_is_found_with_its_way_out() {
    let json = |pointer: &str| json!([{"name": "health", "http": {"url": "http://h/", "json": {pointer: "ok"}}}]);
    assert_table(
        "/stages/1/checks",
        &[
            (
                json("status"),
                "json.status: `status` is not a JSON pointer",
                "write `/status`",
                json("/status"),
            ),
            (
                json("$.a[0].b"),
                "`$.a[0].b` is not a JSON pointer",
                "write `/a/0/b`",
                json("/a/0/b"),
            ),
            (
                json("/a~b"),
                "`/a~b` has a `~` that escapes nothing",
                "write `/a~0b`",
                json("/a~0b"),
            ),
        ],
        &[json(""), json("/"), json("/a~1b"), json("/a.b")],
    );
}

#[test]
fn a_template_has_a_name_that_ssm_takes() {
    let parameter = |name: &str| json!({"parameter": name});
    let shop = || parameter("/towpath/templates/shop");
    let below = "below /towpath/templates/";
    let long = |length: usize| {
        let start = "/towpath/templates/";
        parameter(&format!("{start}{}", "x".repeat(length - start.len())))
    };
    assert_table(
        "/stages/1/base",
        &[
            (
                parameter("/aws/templates/shop"),
                "`/aws/templates/shop` begins with `aws`",
                below,
                shop(),
            ),
            (
                parameter("/SSM-x/templates/shop"),
                "begins with `SSM`",
                below,
                shop(),
            ),
            (
                parameter("/awsome/templates/shop"),
                "begins with `aws`",
                below,
                shop(),
            ),
            (
                parameter("/towpath/templates/../shop"),
                "has dots for a level",
                "/towpath/templates/shop",
                shop(),
            ),
            (
                parameter("/towpath/pipelines/shop"),
                "may not read",
                below,
                shop(),
            ),
            // arn:aws:ssm:eu-west-1:111111111111:parameter has 44 characters.
        ],
        &[
            parameter("/my-aws/templates/shop"),
            parameter("/towpath/templates/aws/shop"),
            parameter("/towpath/templates/shop..v2"),
            long(967),
        ],
    );
    let mut value: Value = serde_json::from_str(GOOD).unwrap();
    value["stages"][1]["region"] = "ap-southeast-1".into();
    value["stages"][1]["base"] = long(963);
    let found = Pipeline::from_json(&value.to_string())
        .unwrap_err()
        .to_string();
    assert!(
        found.contains("has 963 characters, and SSM takes 962"),
        "{found}"
    );
    value["stages"][1]["base"] = long(962);
    assert!(Pipeline::from_json(&value.to_string()).is_ok());
}
