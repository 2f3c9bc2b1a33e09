//! Task definitions as proptest makes them: from ECS's published model, the whole of it, with texts
//! and keys that have broken tools, and with unknown fields at every level.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const MODEL: &str = include_str!("../../model/ecs-task-definition.json");

/// What the names of all unknown fields begin with, and no key of a map does.
pub(crate) const UNKNOWN: &str = "future";

/// Texts that tools have split, cut, escaped or dropped.
const TEXTS: [&str; 22] = [
    "",
    " ",
    "a  b",
    "a=b=c",
    "key=value,other=x",
    "latest",
    "localhost:5000/app",
    "registry.example:5000/app:v1@sha256:0",
    "Host(`a.example`) && Path=/x",
    "${HOME}",
    "{{.Task}}",
    "\"quoted\" \\ back",
    "line\nfeed\ttab",
    "\u{0}\u{7f}",
    "ünïcödé ✓ 🚢",
    "\u{202e}bidi",
    "1",
    "1.0",
    "true",
    "null",
    "[]",
    "awsvpc",
];

/// Keys of maps that look like something else.
const KEYS: [&str; 14] = [
    "",
    "volumetype",
    "Volumetype",
    "name",
    "value",
    "environment",
    "registeredAt",
    "status",
    "a.b/c~d",
    "__proto__",
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
    "com.example.label",
    "ключ",
];

/// DescribeTaskDefinition's answer: all members of a task definition, some of each time.
pub(crate) fn answers() -> BoxedStrategy<Value> {
    let model: Value = serde_json::from_str(MODEL).expect("the vendored model is JSON");
    let definition = structure(
        &model,
        "TaskDefinition",
        &["family", "containerDefinitions"],
    );
    let tags = shape(&model, "Tags");
    (
        definition,
        proptest::option::of(tags),
        proptest::bool::weighted(0.8),
    )
        .prop_map(|(mut definition, tags, has_names)| {
            // Names of any text are often there twice or not at all, and then nothing can be set.
            let containers = definition["containerDefinitions"].as_array_mut();
            for (index, container) in containers.into_iter().flatten().enumerate() {
                if has_names {
                    container["name"] = json!(format!("container-{index}"));
                }
            }
            let mut answer = Map::new();
            answer.insert("taskDefinition".to_owned(), definition);
            if let Some(tags) = tags {
                answer.insert("tags".to_owned(), tags);
            }
            Value::Object(answer)
        })
        .boxed()
}

pub(crate) fn texts() -> BoxedStrategy<String> {
    prop_oneof![
        3 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
    .boxed()
}

fn shape(model: &Value, name: &str) -> BoxedStrategy<Value> {
    let shape_ = &model["shapes"][name];
    let part = |field: &str| shape(model, shape_[field].as_str().expect("a shape's name"));
    match shape_["type"].as_str().expect("a type") {
        "structure" => structure(model, name, &[]),
        "list" => vec(part("member"), 0..3).prop_map(Value::Array).boxed(),
        "map" => {
            let keys = prop_oneof![
                3 => proptest::sample::select(&KEYS[..]).prop_map(str::to_owned),
                1 => any::<String>().prop_filter("an unknown field", |key| !key.starts_with(UNKNOWN)),
            ];
            vec((keys, part("value")), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
                .boxed()
        }
        "string" => match shape_["enum"].as_array() {
            Some(values) => proptest::sample::select(values.clone()).boxed(),
            None => texts().prop_map(Value::String).boxed(),
        },
        "integer" => prop_oneof![
            proptest::sample::select(vec![
                json!(0),
                json!(1),
                json!(-1),
                json!(i64::MIN),
                json!(u64::MAX)
            ]),
            any::<u16>().prop_map(|number| json!(number)),
        ]
        .boxed(),
        "boolean" => any::<bool>().prop_map(Value::Bool).boxed(),
        "timestamp" => (0..4_000_000_000_000_u64)
            .prop_map(|milliseconds| json!(milliseconds as f64 / 1000.0))
            .boxed(),
        other => unreachable!("the model has the type {other}"),
    }
}

fn structure(model: &Value, name: &str, required: &[&str]) -> BoxedStrategy<Value> {
    let members = model["shapes"][name]["members"].as_object().expect(name);
    // Of structures with many members few at a time, so that definitions stay readable.
    let share = if members.len() > 10 { 0.25 } else { 0.6 };
    let members: Vec<BoxedStrategy<Option<(String, Value)>>> = members
        .iter()
        .map(|(member, of)| {
            let member = member.clone();
            let values = shape(model, of.as_str().expect("a shape's name"));
            let is_required = required.contains(&member.as_str());
            let values = values.prop_map(move |value| (member.clone(), value));
            if is_required {
                values.prop_map(Some).boxed()
            } else {
                proptest::option::weighted(share, values).boxed()
            }
        })
        .collect();
    (members, proptest::option::weighted(0.1, unknown()))
        .prop_map(|(members, unknown)| {
            let members = members.into_iter().flatten().chain(unknown);
            Value::Object(members.collect())
        })
        .boxed()
}

/// A field that no model knows, holding anything.
fn unknown() -> BoxedStrategy<(String, Value)> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| json!(number)),
        texts().prop_map(Value::String),
    ];
    let values = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((texts(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    // A field that is null says the same as one that is not there, and is left out.
    let values = values.prop_filter("a value", |value| !value.is_null());
    ("[A-Z][a-z]{0,3}", values)
        .prop_map(|(name, value)| (format!("{UNKNOWN}{name}"), value))
        .boxed()
}

/// The same definition as the console shows it: every member that is not set is there as null.
pub(crate) fn with_nulls(definition: &Value) -> Value {
    let model: Value = serde_json::from_str(MODEL).expect("the vendored model is JSON");
    filled(&model, definition, "TaskDefinition")
}

fn filled(model: &Value, value: &Value, name: &str) -> Value {
    let of = |field: &str| model["shapes"][name][field].as_str();
    match value {
        Value::Array(entries) => {
            let element = of("member").expect("a list's element");
            entries
                .iter()
                .map(|entry| filled(model, entry, element))
                .collect()
        }
        Value::Object(members) if of("type") == Some("structure") => {
            let known = model["shapes"][name]["members"].as_object().expect(name);
            let nulls = known.keys().filter(|key| !members.contains_key(*key));
            let nulls = nulls.map(|key| (key.clone(), Value::Null));
            let members = members.iter().map(|(key, value)| {
                let shape = known.get(key).and_then(Value::as_str);
                (
                    key.clone(),
                    shape.map_or(value.clone(), |shape| filled(model, value, shape)),
                )
            });
            Value::Object(members.chain(nulls).collect())
        }
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            value.clone()
        }
    }
}
