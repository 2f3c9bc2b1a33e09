//! Every contradiction is found, at its place; what only looks like one is not.

mod limits;

use crate::pipeline::{Pipeline, ReadError};

const GOOD: &str = r#"{
  "pipeline": "shop-api",
  "repository": "shop/api",
  "notify": {"slack": "C0123456789"},
  "stages": [
    {"name": "test", "cluster": "shop-test", "service": "api", "containers": ["app"], "engine": {"rolling": {}}},
    {
      "name": "production", "account": "222222222222", "region": "eu-west-1",
      "role": {"arn": "arn:aws:iam::222222222222:role/towpath", "external_id": "shop"},
      "cluster": "shop", "service": "api", "containers": ["app", "proxy"],
      "environment": {"app": {"RELEASE": "${release}", "PRICE": "$5 {a} $x"}},
      "engine": {"codedeploy": {"application": "shop", "group": "production", "hook": "towpath-lifecycle-hook"}},
      "approval": {"slack": ["U0123456789", "U0987654321"], "required": 2},
      "checks": [{"name": "health", "http": {"url": "http://[::1]:8080/health?a=b", "json": {"/a": null, "": 1}}}]
    }
  ]
}"#;

/// The good pipeline after `edit`: what is found, as `path: problem`.
fn found_after(edit: impl FnOnce(&mut serde_json::Value)) -> Vec<String> {
    let mut value: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    edit(&mut value);
    match Pipeline::from_json(&value.to_string()) {
        Ok(_) => Vec::new(),
        Err(ReadError::Contradictions(found)) => {
            assert!(found.iter().all(|one| !one.help.is_empty()));
            found
                .into_iter()
                .map(|one| format!("{}: {}", one.path, one.problem))
                .collect()
        }
        Err(
            other @ (ReadError::Malformed { .. }
            | ReadError::TooLarge(_)
            | ReadError::Misplaced { .. }),
        ) => {
            panic!("not a contradiction: {other}")
        }
    }
}

/// Sets the value at `pointer`, checks that exactly one contradiction is found, at `path`.
fn assert_found(pointer: &str, new: serde_json::Value, path: &str) {
    let found = found_after(|value| {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap();
        match parent.as_array_mut() {
            Some(items) => items.push(new.clone()),
            None => parent[key] = new.clone(),
        }
    });
    assert_eq!(found.len(), 1, "{pointer} = {new}: {found:?}");
    assert!(
        found[0].starts_with(&format!("{path}: ")),
        "{pointer} = {new}: {found:?}"
    );
}

#[test]
fn the_good_pipeline_has_none() {
    assert_eq!(found_after(|_| ()), Vec::<String>::new());
}

#[test]
fn all_contradictions_are_found_in_one_go() {
    let found = found_after(|value| {
        value["stages"][0]["containers"] = serde_json::json!([]);
        value["stages"][1]["name"] = "test".into();
        value["stages"][1]["approval"]["required"] = 3.into();
        value["stages"][1]["checks"][0]["http"]["successes"] = 9.into();
    });
    assert_eq!(
        found,
        [
            "stages.0.containers: no container would get the new image",
            "stages.1.name: two stages are named `test`",
            "stages.1.approval.required: 3 approvals can never be had from 2",
            "stages.1.checks.0.http.successes: 9 successes cannot be told from 3 attempts",
        ]
    );
}

#[test]
fn stages_are_told_apart() {
    let stage = serde_json::json!({
        "name": "again", "account": "222222222222", "region": "eu-west-1",
        "role": {"arn": "arn:aws:iam::222222222222:role/towpath"}, "cluster": "shop",
        "service": "api", "containers": ["app"], "engine": {"rolling": {}}
    });
    assert_found("/stages/-", stage.clone(), "stages.2.service");
    let mut same_group = stage;
    same_group["service"] = "other".into();
    same_group["engine"] =
        serde_json::json!({"codedeploy": {"application": "shop", "group": "production"}});
    assert_found("/stages/-", same_group, "stages.2.engine.codedeploy.group");
    assert_found("/stages", serde_json::json!([]), "stages");
    assert_found(
        "/repository",
        "a/b/c/d/e/f/g/h/i/j/k/l/m".into(),
        "repository",
    );
}

#[test]
fn a_stage_is_in_the_account_of_its_role() {
    let role =
        |account: &str| serde_json::json!({"arn": format!("arn:aws:iam::{account}:role/towpath")});
    assert_found(
        "/stages/0/account",
        "222222222222".into(),
        "stages.0.account",
    );
    assert_found("/stages/0/role", role("222222222222"), "stages.0.role");
    assert_found("/stages/1/role", role("333333333333"), "stages.1.role.arn");
    assert_found(
        "/stages/1/role/external_id",
        "a b".into(),
        "stages.1.role.external_id",
    );
}

#[test]
fn somebody_must_be_asked_and_be_able_to_answer() {
    let gate = |json: serde_json::Value| ("/stages/1/approval", json);
    for ((pointer, value), path) in [
        (gate(serde_json::json!({})), "stages.1.approval"),
        (
            gate(serde_json::json!({"slack": ["U01"], "required": 0})),
            "stages.1.approval.required",
        ),
        (
            gate(serde_json::json!({"slack": ["U01", "U01"]})),
            "stages.1.approval.slack.1",
        ),
        (
            gate(serde_json::json!({"sns": true})),
            "stages.1.approval.sns",
        ),
        (
            ("/notify", serde_json::json!({})),
            "stages.1.approval.slack",
        ),
    ] {
        assert_found(pointer, value, path);
    }
}

#[test]
fn checks_need_a_green_and_a_hook() {
    let rollout = "/stages/1/engine";
    assert_found(
        rollout,
        serde_json::json!({"rolling": {}}),
        "stages.1.checks",
    );
    assert_found(
        rollout,
        serde_json::json!({"codedeploy": {"application": "shop", "group": "production"}}),
        "stages.1.engine.codedeploy",
    );
}

/// What the run would refuse, the file is refused for: both read the URL with the same function.
#[test]
fn a_url_is_read_as_the_run_reads_it() {
    for (url, problem) in [
        ("http://2852039166/", "is a number"),
        ("http://0xA9FEA9FE/", "is a number"),
        ("http://0251.0376.0251.0376/", "is a number"),
        ("http://127.1/", "is a number"),
        ("http://0/", "is a number"),
        ("http://127.0.0.1./", "ends with a dot"),
        ("http://a..b/", "neither a name nor an address"),
        ("http://-a.b/", "neither a name nor an address"),
        ("http://10.0.0.1:22/", "port 22 is that of another service"),
        ("http://host:/", "port is not a number"),
        ("http://host\\@169.254.169.254/", "must be escaped"),
        ("http://host/{id}", "must be escaped"),
        ("HTTP://host/", "scheme has capitals"),
        ("http://169.254.169.254/latest/", "no check ever goes there"),
        ("http://[::ffff:169.254.170.2]/", "no check ever goes there"),
        ("http://0.0.0.0/", "no check ever goes there"),
        ("http://[ff02::1]/", "no check ever goes there"),
    ] {
        let found = found_after(|value| {
            value["stages"][1]["checks"][0]["http"]["url"] = url.into();
        });
        assert_eq!(found.len(), 1, "{url}: {found:?}");
        assert!(
            found[0].starts_with("stages.1.checks.0.http.url: ") && found[0].contains(problem),
            "{url}: {found:?}"
        );
    }
    for url in [
        "http://10.0.0.1:8080/health?a=b",
        "https://internal-shop_1.eu-west-1.elb.amazonaws.com/a%20b",
        // Whether it may go there is the deployer's to say.
        "http://127.0.0.1:9000/",
        "http://[fd12::1]/",
    ] {
        let found = found_after(|value| {
            value["stages"][1]["checks"][0]["http"]["url"] = url.into();
        });
        assert!(found.is_empty(), "{url}: {found:?}");
    }
}

#[test]
fn a_template_is_where_a_deployer_may_read_it() {
    let found = |name: &str| {
        found_after(|value| {
            value["stages"][0]["base"] = serde_json::json!({ "parameter": name });
        })
    };
    for name in [
        "/shop/task-definition",
        "/towpath/pipelines/shop",
        "/towpath/templates",
        "/a/b/templates/shop",
    ] {
        let found = found(name);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        let expected = format!("stages.0.base.parameter: the deployer may not read `{name}`");
        assert_eq!(found[0], expected);
    }
    for name in ["/towpath/templates/shop", "/ship/templates/team/shop"] {
        assert_eq!(found(name), [""; 0], "{name}");
    }
}

#[test]
fn a_template_of_another_deployer_is_told_apart() {
    let mut value: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    value["stages"][0]["base"] = serde_json::json!({ "parameter": "/ship/templates/shop" });
    let pipeline = Pipeline::from_json(&value.to_string()).unwrap();
    let foreign = |root: &str| {
        let root = root.parse().unwrap();
        let found = pipeline.foreign_templates(&root);
        let found = found
            .iter()
            .map(|(stage, name, own)| format!("{stage} {name} {own}"));
        found.collect::<Vec<_>>()
    };
    assert_eq!(foreign("/ship/pipelines"), [""; 0]);
    assert_eq!(
        foreign("/towpath/pipelines"),
        ["test /ship/templates/shop /towpath/templates/"]
    );
}

/// The form that is told to whoever has the name wrong, and stands in the reference, is one that works.
#[test]
fn the_sample_of_a_parameter_is_a_template() {
    let error = "shop"
        .parse::<crate::names::ParameterName>()
        .unwrap_err()
        .to_string();
    let sample = error.split_whitespace().find(|word| word.starts_with('/'));
    let sample = sample
        .expect("a sample")
        .trim_end_matches(',')
        .parse()
        .unwrap();
    assert!(
        crate::pipeline::stored::template_prefix(&sample).is_some(),
        "{error}"
    );
}

#[test]
fn what_a_check_cannot_do_is_found() {
    for (key, value, path) in [
        ("url", serde_json::json!("ftp://host/"), "url"),
        ("url", "https://".into(), "url"),
        ("url", "https://user:secret@host/".into(), "url"),
        ("url", "https://host:0/".into(), "url"),
        ("url", "https://host:65536/".into(), "url"),
        ("url", "https://ho st/".into(), "url"),
        ("url", "https://host/#part".into(), "url"),
        ("url", "https://[::zz]/".into(), "url"),
        ("status", 99.into(), "status"),
        ("attempts", 0.into(), "attempts"),
        ("successes", 4.into(), "successes"),
        ("timeout", "21s".into(), "timeout"),
        ("body_contains", "".into(), "body_contains"),
        ("headers", serde_json::json!({"a b": "c"}), "headers.a b"),
        (
            "headers",
            serde_json::json!({"Content-Length": "1"}),
            "headers.Content-Length",
        ),
        (
            "headers",
            serde_json::json!({"a": "b\r\nc: d"}),
            "headers.a",
        ),
        ("json", serde_json::json!({"status": "ok"}), "json.status"),
    ] {
        assert_found(
            &format!("/stages/1/checks/0/http/{key}"),
            value,
            &format!("stages.1.checks.0.http.{path}"),
        );
    }
}

#[test]
fn the_checks_of_a_hook_point_must_end_while_the_hook_function_runs() {
    let check = |name: &str, at: &str, interval: &str| {
        serde_json::json!({"name": name, "at": at, "http": {
            "url": "http://h/", "attempts": 21, "timeout": "1s", "interval": interval
        }})
    };
    // Each takes 21 + 20 × 5 = 121 seconds at most.
    let apart = serde_json::json!([
        check("a", "after_test_traffic", "5s"),
        check("b", "after_traffic", "5s")
    ]);
    assert_eq!(
        found_after(|value| value["stages"][1]["checks"] = apart),
        Vec::<String>::new()
    );
    let together = serde_json::json!([
        check("a", "after_traffic", "5s"),
        check("b", "after_traffic", "5s")
    ]);
    assert_found("/stages/1/checks", together, "stages.1.checks");
}

#[test]
fn environment_names_and_placeholders_are_checked() {
    for (name, value) in [
        ("A=B", "c"),
        ("", "c"),
        ("A", "${releese}"),
        ("A", "${release} and ${"),
        ("A", "${}"),
        ("A", "nul\0"),
    ] {
        assert_found(
            "/stages/1/environment/app",
            serde_json::json!({ name: value }),
            &format!("stages.1.environment.app.{name}"),
        );
    }
}

#[test]
fn labels_and_tags_are_checked() {
    for (name, value) in [("", "c"), ("a\n", "c"), ("a", "${releese}")] {
        assert_found(
            "/stages/1/docker_labels",
            serde_json::json!({ "app": { name: value } }),
            &format!("stages.1.docker_labels.app.{name}"),
        );
    }
    for (key, value) in [
        ("", "c"),
        ("towpath:spec", "c"),
        ("AWS:x", "c"),
        ("a", "${"),
    ] {
        assert_found(
            "/stages/1/tags",
            serde_json::json!({ key: value }),
            &format!("stages.1.tags.{key}"),
        );
    }
}

#[test]
fn what_ssm_cannot_store_is_found_where_it_stands() {
    assert_found(
        "/stages/1/environment/app/GREETING",
        "hello {{name}}".into(),
        "stages.1.environment.app.GREETING",
    );
    assert_found(
        "/stages/1/checks/0/http/json",
        serde_json::json!({"/a": {"b": ["}}"]}}),
        "stages.1.checks.0.http.json./a.b.0",
    );
    // JSON's own closing brackets do stand side by side, and SSM stores them.
    let stored = Pipeline::from_json(GOOD).unwrap().to_stored().unwrap();
    assert!(stored.value.contains("}}") && !stored.value.contains("{{"));
}

#[test]
fn limits_hold_and_do_not_flood() {
    assert_found("/stages/0/timeout", "59s".into(), "stages.0.timeout");
    assert_found(
        "/stages/0/containers",
        serde_json::json!(["a", "a"]),
        "stages.0.containers.1",
    );
    let many: Vec<_> = (0..11).map(|n| format!("c{n}")).collect();
    assert_found("/stages/0/containers", many.into(), "stages.0.containers");
    let found = found_after(|value| {
        let stage = value["stages"][0].clone();
        value["stages"] = serde_json::Value::Array(vec![stage; 500]);
    });
    assert_eq!(found[0], "stages: 500 stages are too many");
    assert!(found.len() < 200, "{}", found.len());
}

#[test]
fn what_is_waited_for_must_end_in_time() {
    let check = |at: &str, kind: serde_json::Value| {
        let mut check = serde_json::json!({ "name": "slow", "at": at });
        check
            .as_object_mut()
            .unwrap()
            .extend(kind.as_object().unwrap().clone());
        found_after(|value| {
            value["stages"][1]["bake"] = "2h".into();
            value["stages"][1]["checks"] = serde_json::json!([check]);
        })
    };
    let task = |timeout: &str| serde_json::json!({ "task": { "container": "app", "command": ["smoke"], "timeout": timeout } });
    let metric = |wait: &str| {
        serde_json::json!({ "metric": { "namespace": "Shop", "name": "Errors", "statistic": "Sum", "must_be": "at_most",
            "threshold": 1, "wait": wait } })
    };
    assert_eq!(check("before_traffic", task("59m")), [""; 0]);
    assert_eq!(
        check("before_traffic", task("1h")),
        [
            "stages.1.checks.0.task.timeout: CodeDeploy waits an hour for the checks before_traffic, and this one may take 1h"
        ]
    );
    assert_eq!(check("after_traffic", metric("2h")).len(), 1);
    assert_eq!(check("before_install", task("3h")), [""; 0]);
    assert_eq!(check("bake", metric("3h")), [""; 0]);
    assert_eq!(check("bake", task("2h")), [""; 0]);
    assert_eq!(
        check("bake", task("3h")),
        ["stages.1.checks.0.task.timeout: the task may take 3h, longer than the bake time of 2h"]
    );
}
