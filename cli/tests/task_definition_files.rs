//! What people give for task definitions, each with its right answer: it is rendered, with nothing
//! changed but the image; or `--check` finds what ECS would refuse, with its place; or it is said what
//! the file is instead, and the way out.

#[path = "task_definition_files/others.rs"]
mod others;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use others::{OTHERS, documents};

const IMAGE: &str = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:abababababababababababababababababababababababababababababababab";

fn render(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_towpath"))
        .args(["render", "--task-definition", "-"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("towpath starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("all is read");
    drop(stdin);
    child.wait_with_output().expect("towpath ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/task_definitions");
    std::fs::read(folder.join(name)).expect(name)
}

/// What a file becomes, by the words of the documentation: the definition in it without what is only
/// described and without nulls, with the tags beside it and the new image.
fn expected(input: &[u8]) -> Value {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let mut answer: Value = serde_json::from_slice(input).expect("JSON");
    let tags = answer.get("tags").cloned();
    let mut definition = match answer.get_mut("taskDefinition") {
        Some(inner) => inner.take(),
        None => answer,
    };
    without_nulls(&mut definition);
    let members = definition.as_object_mut().expect("an object");
    for field in [
        "compatibilities",
        "deleteRequestedAt",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    ] {
        members.shift_remove(field);
    }
    if let Some(Value::Array(mut tags)) = tags {
        tags.retain(|tag| {
            !tag["key"]
                .as_str()
                .is_some_and(|key| key.starts_with("aws:"))
        });
        members.insert("tags".to_owned(), tags.into());
    }
    definition["containerDefinitions"][0]["image"] = IMAGE.into();
    definition
}

/// None of the files has a null in a list or in a map.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn good_files_of_every_shape_are_rendered_with_nothing_changed_but_the_image() {
    for name in [
        "arm.json",
        "bom.json",
        "crlf.json",
        "describe-null-tags.json",
        "describe-output-extra.json",
        "describe-tags.json",
        "external.json",
        "gpu.json",
        "image-null.json",
        "managed.json",
        "no-image.json",
        "nulls.json",
        "placeholder-codepipeline.json",
        "placeholder-shell.json",
        "unicode.json",
        "vcpu.json",
        "windows.json",
    ] {
        let input = file(name);
        let output = render(&["--check", "--image", &format!("app={IMAGE}")], &input);
        let notes = String::from_utf8_lossy(&output.stderr);
        let named = notes.contains("\"/") && notes.contains("is null and is left out");
        assert_eq!(
            named,
            ["nulls.json", "image-null.json"].contains(&name),
            "{name}: {notes}"
        );
        assert_eq!(
            output.status.code(),
            Some(0),
            "{name}: {}",
            text(&output.stderr)
        );
        let rendered: Value = serde_json::from_slice(&output.stdout).expect(name);
        assert_eq!(rendered, expected(&input), "{name}");
    }
    // A side-car's tag is what is found in this one; without --check it is rendered as well.
    let input = file("everything.json");
    let output = render(&["--image", &format!("app={IMAGE}")], &input);
    let rendered: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(rendered, expected(&input));
}

#[test]
fn what_ecs_would_refuse_is_found_at_its_place() {
    for (name, places) in [
        (
            "everything.json",
            vec![
                "container \"router\"",
                "(/containerDefinitions/2/image)",
                "container \"app\"",
                "(/containerDefinitions/0/secrets)",
                "(/volumes/3/host/sourcePath)",
            ],
        ),
        (
            "image-null.json",
            vec!["container \"app\"", "(/containerDefinitions/0/image)"],
        ),
        (
            "no-image.json",
            vec!["container \"app\"", "(/containerDefinitions/0/image)"],
        ),
        ("numbers.json", vec!["(/cpu)", "(/memory)"]),
        (
            "placeholder-codepipeline.json",
            vec!["container \"app\"", "<IMAGE1_NAME>", "--image app="],
        ),
        (
            "placeholder-shell.json",
            vec!["container \"app\"", "${IMAGE}", "--image app="],
        ),
    ] {
        let output = render(&["--check"], &file(name));
        let told = text(&output.stderr);
        assert_eq!(
            (output.status.code(), &*text(&output.stdout)),
            (Some(1), ""),
            "{name}"
        );
        for place in places {
            assert!(told.contains(place), "{name}: {told}");
        }
    }
}

/// Each as another tool writes it, and what only looks like one.
#[test]
fn an_image_that_another_tool_was_to_put_in_is_told_as_such() {
    let with = |image: &str| {
        let definition = json!({
            "family": "web", "containerDefinitions": [{"name": "app", "image": image, "memory": 64}],
        });
        let output = render(&["--check"], definition.to_string().as_bytes());
        text(&output.stderr)
    };
    for image in [
        "$IMAGE",
        "${IMAGE}",
        "${image}",
        "%IMAGE%",
        "__IMAGE__",
        "@IMAGE@",
        "<IMAGE1_NAME>",
        "{{ image }}",
        "{{image}}:{{tag}}",
        "IMAGE",
        "IMAGE_URI",
        "IMAGE_URI:TAG",
        "REPLACE_ME",
        "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop:$TAG",
        "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop:__TAG__",
        "shop:%TAG%",
    ] {
        let told = with(image);
        assert!(told.contains("is a placeholder"), "{image}: {told}");
        assert!(told.contains("--image app=IMAGE"), "{image}: {told}");
        assert!(told.contains("`containers`"), "{image}: {told}");
    }
    for image in [
        "nginx",
        "image",
        "nginx:IMAGE_TAG",
        "my__image__x:v1",
        "Nginx",
        "NGINX",
        "shop:v 1",
        "shop:50%",
        "team@shop",
        "cost$:v1",
    ] {
        let told = with(image);
        assert!(!told.contains("is a placeholder"), "{image}: {told}");
    }
}

#[test]
fn files_of_another_kind_are_named_with_the_way_out() {
    let mut told = String::new();
    let mut tell = |name: &str, input: &[u8]| {
        let output = render(&["--check"], input);
        assert_eq!(
            (output.status.code(), &*text(&output.stdout)),
            (Some(2), ""),
            "{name}"
        );
        let error = text(&output.stderr);
        let error = error
            .strip_prefix("error: cannot use standard input: ")
            .expect("a refusal");
        told.push_str(&format!("{name}\n  {error}"));
    };
    for name in [
        "bare-array.json",
        "capitals.json",
        "cli-skeleton.json",
        "cloudformation.json",
        "comments.json",
        "empty.json",
        "jsonnet.jsonnet",
        "key-twice.json",
        "lone-surrogate.json",
        "placeholder-unquoted.json",
        "trailing-comma.json",
        "yaml.yaml",
    ] {
        tell(name, &file(name));
    }
    for (name, input) in OTHERS {
        match name {
            "not utf-8" => tell(name, b"{\"family\": \"web\",\n\"x\": \"gr\xfc\xdfe\"}"),
            _ => tell(name, input.as_bytes()),
        }
    }
    for (name, value) in documents() {
        tell(name, value.to_string().as_bytes());
    }
    let good = text(&file("arm.json"));
    for (name, big_endian, mark) in [
        ("utf-16", false, true),
        ("utf-16, big", true, true),
        ("utf-16, bare", false, false),
    ] {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(good.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| {
                if big_endian {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect();
        tell(name, &bytes);
    }
    tell("gzip", b"\x1f\x8b\x08\x00");
    insta::assert_snapshot!(told);
}

#[test]
fn the_ways_out_lead_to_a_task_definition() {
    let image = format!("app={IMAGE}");
    let check = |args: &[&str], input: &[u8]| {
        let all = [&["--check", "--image", &image], args].concat();
        let output = render(&all, input);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    };
    // "have it read with --input yaml"
    check(&["--input", "yaml"], &file("yaml.yaml"));
    // "remove the comments", "remove the comma"
    let comments = text(&file("comments.json"));
    check(&[], comments.split_once('\n').expect("lines").1.as_bytes());
    check(
        &[],
        text(&file("trailing-comma.json"))
            .replace("true,", "true")
            .as_bytes(),
    );
    // "put it where it belongs"
    let list =
        text(&file("bare-array.json")).replace("\"essential\"", "\"memory\": 64, \"essential\"");
    check(
        &[],
        format!("{{\"family\": \"web\", \"containerDefinitions\": {list}}}").as_bytes(),
    );
    // "fill it in first", "or put it in quotes"
    let template = text(&file("placeholder-unquoted.json"));
    check(&[], template.replace("${CPU}", "\"256\"").as_bytes());
    let quoted = render(
        &["--check", "--image", &image],
        template.replace("${CPU}", "\"${CPU}\"").as_bytes(),
    );
    assert!(text(&quoted.stderr).contains("\"${CPU}\" is no size"));
    // "keep one"
    check(
        &[],
        text(&file("key-twice.json"))
            .replace("\"family\": \"web2\",", "")
            .as_bytes(),
    );
    // "write the character itself"
    check(
        &[],
        text(&file("lone-surrogate.json"))
            .replace("\\ud800", "😀")
            .as_bytes(),
    );
    // "put it in quotes"
    let numbers = text(&file("numbers.json"));
    let numbers = numbers
        .replace(": 256", ": \"256\"")
        .replace(": 512", ": \"512\"");
    check(&[], numbers.as_bytes());
}

/// Where a secret was pasted, or what stands around it is wrong, it is not in what is told.
#[test]
fn a_secret_at_any_place_is_in_nothing_that_is_told() {
    const SECRETS: [(&str, &str); 3] = [
        ("xoxb-2134567890-hunter2", "hunter2"),
        ("https://shop:hunter2@shop.example.com/x", "hunter2"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "K7MDENG"),
    ];
    let good: Value = serde_json::from_slice(&file("everything.json")).expect("JSON");
    let mut pointers = Vec::new();
    texts(&good, "", &mut pointers);
    assert!(pointers.len() > 10, "{pointers:?}");
    for pointer in &pointers {
        for (secret, hidden) in SECRETS {
            let mut forms = vec![secret.into(), json!([secret]), json!({ "x": secret })];
            if pointer.ends_with("/image") {
                forms.push(json!(format!("docker.io/shop:{secret}")));
            }
            for form in forms {
                let mut input = good.clone();
                *input.pointer_mut(pointer).expect("it is there") = form;
                assert_hidden(&input, hidden, pointer);
            }
        }
    }
    // And as a key beside each.
    let around = pointers
        .iter()
        .filter_map(|pointer| pointer.rsplit_once('/'));
    let around: BTreeSet<&str> = around.map(|(around, _)| around).collect();
    for around in around {
        for value in [json!(5), json!({"Fn::Sub": "x"})] {
            let mut input = good.clone();
            if let Some(Value::Object(members)) = input.pointer_mut(around) {
                let (secret, hidden) = SECRETS[0];
                members.insert(secret.to_owned(), value);
                assert_hidden(&input, hidden, around);
            }
        }
    }
}

/// Where another tool was to put the image in, the container's name is told.
#[test]
fn a_secret_for_a_name_is_not_told_beside_a_placeholder() {
    let container = json!({"name": "xoxb-2134567890-hunter2", "image": "<IMAGE1_NAME>"});
    let input = json!({"family": "web", "containerDefinitions": [container]});
    assert_hidden(&input, "hunter2", "/containerDefinitions/0/name");
}

/// What is to be printed is the definition itself, with what stands in it; what is told is not.
fn assert_hidden(input: &Value, hidden: &str, place: &str) {
    let output = render(&["--check"], input.to_string().as_bytes());
    let told = text(&output.stderr);
    assert!(!told.contains(hidden), "{place}: {told}");
}

/// The pointers of all texts.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Object(members) => {
            for (key, value) in members {
                texts(value, &format!("{at}/{}", key.replace('/', "~1")), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                texts(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
