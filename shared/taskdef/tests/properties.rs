//! What holds for every task definition that ECS's model allows, and for many that it does not.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use towpath_taskdef::image::ImageRef;
use towpath_taskdef::{
    Changes, DESCRIBE_ONLY, DocumentError, Kind, ReleaseMark, Rules, TaskDefinition, diff, pretty,
    protected_hash, render, spec_hash, validate,
};

mod generator;
use generator::{UNKNOWN, answers, texts, with_nulls};

fn read(answer: &Value) -> TaskDefinition {
    TaskDefinition::from_describe(answer.clone()).expect("a task definition")
}

/// What is to be registered, by the words of the specification: the definition without the nine
/// fields, and the tags. (Tags of AWS's own are not generated; they have a test of their own.)
fn expected(answer: &Value) -> Value {
    let mut definition = answer["taskDefinition"].clone();
    let members = definition.as_object_mut().expect("an object");
    for field in DESCRIBE_ONLY {
        members.shift_remove(field);
    }
    if let Some(tags) = answer.get("tags") {
        members.insert("tags".to_owned(), tags.clone());
    }
    definition
}

/// Changes to containers that are there, with names and texts of all kinds.
fn changes(answer: &Value) -> BoxedStrategy<Changes> {
    let names: BTreeSet<String> = read(answer)
        .containers()
        .filter_map(|container| container.name().map(str::to_owned))
        .collect();
    let image: ImageRef = format!("localhost:5000/shop/api@sha256:{}", "a1".repeat(32))
        .parse()
        .expect("an image");
    let pairs = || proptest::collection::btree_map(texts(), texts(), 0..3);
    let per_container: Vec<_> = names
        .into_iter()
        .map(|name| (Just(name), any::<bool>(), pairs(), pairs()))
        .collect();
    (per_container, pairs(), any::<bool>())
        .prop_map(move |(containers, tags, is_release)| {
            let mut changes = Changes {
                tags: tags
                    .into_iter()
                    .filter(|(key, _)| !key.starts_with("aws:"))
                    .collect(),
                release: is_release.then(|| ReleaseMark {
                    release: "r-1".to_owned(),
                    commit: None,
                }),
                ..Changes::default()
            };
            for (name, has_image, environment, labels) in containers {
                if has_image {
                    changes.images.insert(name.clone(), image.clone());
                }
                changes.environment.insert(name.clone(), environment);
                changes.docker_labels.insert(name, labels);
            }
            changes
        })
        .boxed()
}

fn with_changes() -> impl Strategy<Value = (Value, Changes)> {
    answers().prop_flat_map(|answer| {
        let changes = changes(&answer);
        (Just(answer), changes)
    })
}

/// Every scalar, and every empty list and object, by its JSON pointer.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn walk(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(value, format!("{path}/{key}"), found);
                }
            }
            Value::Array(entries) if !entries.is_empty() => {
                for (index, value) in entries.iter().enumerate() {
                    walk(value, format!("{path}/{index}"), found);
                }
            }
            Value::Object(_)
            | Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => {
                found.insert(path, value.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(value, String::new(), &mut found);
    found
}

/// The same with all keys in the opposite order.
fn with_keys_reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: Map<_, _> = members
                .iter()
                .rev()
                .map(|(key, value)| (key.clone(), with_keys_reversed(value)))
                .collect();
            Value::Object(members)
        }
        Value::Array(entries) => entries.iter().map(with_keys_reversed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn rendering_nothing_changes_nothing_but_the_nine_fields(answer in answers()) {
        let rendered = render(&read(&answer), &Changes::default()).expect("renders");
        let document = rendered.definition.into_document();
        prop_assert_eq!(document.to_string(), expected(&answer).to_string());
    }

    #[test]
    fn what_the_console_shows_as_null_is_left_out(answer in answers()) {
        let definition = &answer["taskDefinition"];
        let shown = TaskDefinition::from_register(with_nulls(definition)).expect("a task definition");
        let kept = TaskDefinition::from_register(definition.clone()).expect("a task definition");
        prop_assert!(!shown.nulls().is_empty());
        prop_assert_eq!(shown.into_document(), kept.into_document());
    }

    #[test]
    fn rendering_twice_is_rendering_once((answer, changes) in with_changes()) {
        if let Ok(once) = render(&read(&answer), &changes) {
            let twice = render(&once.definition, &changes).expect("renders again");
            prop_assert_eq!(&once, &twice);
            let described = json!({"taskDefinition": once.definition.clone().into_document()});
            let again = render(&read(&described), &changes).expect("renders what is described");
            prop_assert_eq!(once, again);
        }
    }

    #[test]
    fn rendering_touches_only_what_is_listed((answer, changes) in with_changes()) {
        let base = read(&answer);
        let Ok(rendered) = render(&base, &changes) else { return Ok(()) };
        let before = leaves(&expected(&answer));
        let after = leaves(&Value::Object(rendered.definition.document().clone()));
        let touched: BTreeSet<&String> = before.keys().chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .collect();
        for path in touched {
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            let is_listed = match parts.as_slice() {
                ["tags", ..] => true,
                ["containerDefinitions", index, field, ..] => {
                    let index: usize = index.parse().expect("an index");
                    let name = base.containers().nth(index).and_then(|c| c.name()).unwrap_or_default();
                    match *field {
                        "image" => changes.images.contains_key(name),
                        "environment" => changes.environment.contains_key(name),
                        "dockerLabels" => changes.docker_labels.contains_key(name),
                        _ => false,
                    }
                }
                _ => false,
            };
            prop_assert!(is_listed, "{} was changed", path);
        }
        prop_assert_eq!(protected_hash(&rendered.definition, &changes), protected_hash(&base, &changes));
    }

    #[test]
    fn what_was_listed_is_what_is_there((answer, changes) in with_changes()) {
        let Ok(rendered) = render(&read(&answer), &changes) else { return Ok(()) };
        for (name, image) in &changes.images {
            let container = rendered.definition.container(name).expect("is there");
            let image = image.to_string();
            prop_assert_eq!(container.image(), Some(image.as_str()));
        }
        for (name, variables) in &changes.environment {
            let container = rendered.definition.container(name).expect("is there");
            for (variable, value) in variables {
                let found: BTreeSet<&str> = container.environment()
                    .filter(|(known, _)| known == variable)
                    .map(|(_, value)| value)
                    .collect();
                prop_assert_eq!(found, [value.as_str()].into());
            }
        }
        for (key, value) in &changes.tags {
            prop_assert_eq!(rendered.definition.tag(key), Some(value.as_str()));
        }
    }

    #[test]
    fn printing_and_reading_gives_the_same(answer in answers()) {
        let definition = read(&answer);
        let document = Value::Object(definition.document().clone());
        for text in [pretty(definition.document()), document.to_string()] {
            let again = match TaskDefinition::parse(text.as_bytes()) {
                Ok(again) => again,
                // So many of its names are empty that it cannot be told from what
                // `--generate-cli-skeleton` prints, which is refused as that.
                Err(DocumentError::OtherFormat(foreign)) if foreign.kind == Kind::Skeleton => return Ok(()),
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            prop_assert_eq!(again.document(), definition.document());
            prop_assert_eq!(pretty(again.document()), pretty(definition.document()));
        }
        let reversed = read(&with_keys_reversed(&answer));
        prop_assert_eq!(pretty(reversed.document()), pretty(definition.document()));
    }

    #[test]
    fn unknown_fields_are_named_and_only_they(answer in answers()) {
        let definition = read(&answer);
        let found: BTreeSet<String> = definition.unknown_fields().into_iter().collect();
        let is_unknown = |segment: &str| segment.starts_with(UNKNOWN);
        // The first unknown segment of a path ends the part that the model can say anything of.
        let expected: BTreeSet<String> = leaves(&Value::Object(definition.document().clone()))
            .into_keys()
            .filter_map(|path| {
                let parts: Vec<&str> = path.split('/').collect();
                let at = parts.iter().position(|part| is_unknown(part))?;
                Some(parts[..=at].join("/"))
            })
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn order_of_keys_and_of_containers_and_variables_is_no_difference(answer in answers()) {
        let definition = read(&answer);
        let mut other = with_keys_reversed(&answer);
        let names: Vec<_> = definition.containers().map(|c| c.name()).collect();
        let is_distinct = |names: &[Option<&str>]| {
            names.iter().collect::<BTreeSet<_>>().len() == names.len()
        };
        let containers = other["taskDefinition"]["containerDefinitions"].as_array_mut().expect("a list");
        for container in containers.iter_mut() {
            if let Some(Value::Array(variables)) = container.get_mut("environment") {
                let names: Vec<_> = variables.iter().map(|v| v.get("name").and_then(Value::as_str)).collect();
                if is_distinct(&names) {
                    variables.reverse();
                }
            }
        }
        if is_distinct(&names) {
            containers.reverse();
        }
        let other = read(&other);
        prop_assert_eq!(spec_hash(&definition), spec_hash(&other));
        let diff = diff(&definition, &other);
        prop_assert!(diff.is_same());
        prop_assert_eq!(diff.changes(), []);
    }

    #[test]
    fn a_diff_has_changes_exactly_if_the_hashes_differ(one in answers(), other in answers(), pick in any::<prop::sample::Index>()) {
        // Two that have little in common, and two that differ in one place.
        let mut edited = expected(&one);
        let paths: Vec<String> = leaves(&edited).into_keys().filter(|path| path != "/family").collect();
        if !paths.is_empty() {
            let place = pick.get(&paths);
            *edited.pointer_mut(place).expect("is there") = json!("something else");
        }
        for other in [Some(read(&other)), TaskDefinition::from_register(edited).ok()].into_iter().flatten() {
            let diff = diff(&read(&one), &other);
            prop_assert_eq!(diff.changes().is_empty(), diff.is_same());
            prop_assert_eq!(diff.unified("a", "b", false).is_empty(), diff.is_same());
        }
    }

    #[test]
    fn every_definition_can_be_judged(answer in answers()) {
        let rules = Rules { containers: vec!["app".to_owned()], ..Rules::default() };
        for finding in validate(&read(&answer), &rules) {
            let message = finding.to_string();
            prop_assert!(!message.is_empty() && !finding.help.is_empty());
        }
    }
}
