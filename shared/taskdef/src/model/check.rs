//! The vendored model against what is written by hand, and the generated table against it.
//!
//! After `scripts/update-model` a failure here is a decision to make: is a new top-level field to be
//! registered or only described, may an image push change it, does ECS fill it in?

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical::rules;
use crate::validate::limits;

use super::{
    DESCRIBE_ONLY, REGISTER_TASK_DEFINITION_REQUEST, REGISTERABLE, Scalar, Shape, Structure,
};

const MODEL: &str = include_str!("../../model/ecs-task-definition.json");

fn model() -> Value {
    serde_json::from_str(MODEL).expect("the vendored model is JSON")
}

fn members<'a>(model: &'a Value, shape: &str) -> BTreeSet<&'a str> {
    let members = model["shapes"][shape]["members"].as_object();
    members.expect(shape).keys().map(String::as_str).collect()
}

#[test]
fn the_registerable_fields_are_the_models() {
    let model = model();
    assert_eq!(
        REGISTERABLE.into_iter().collect::<BTreeSet<_>>(),
        members(&model, "RegisterTaskDefinitionRequest")
    );
}

#[test]
fn the_describe_only_fields_are_the_models() {
    let model = model();
    let described = members(&model, "TaskDefinition");
    let registered = members(&model, "RegisterTaskDefinitionRequest");
    assert_eq!(
        DESCRIBE_ONLY.into_iter().collect::<BTreeSet<_>>(),
        described.difference(&registered).copied().collect()
    );
    // What is registered is described, but for the tags, which come beside.
    assert_eq!(
        registered.difference(&described).collect::<Vec<_>>(),
        [&"tags"]
    );
    assert_eq!(
        members(&model, "DescribeTaskDefinitionResponse"),
        ["tags", "taskDefinition"].into()
    );
}

#[test]
fn the_table_is_the_models() {
    let model = model();
    let mut seen = BTreeSet::new();
    compare(&model, &REGISTER_TASK_DEFINITION_REQUEST, &mut seen);
    // Enough of it was looked at for this to mean something.
    assert!(seen.len() > 30, "{seen:?}");
}

#[test]
fn every_rule_is_about_a_field_of_the_model() {
    let model = model();
    for (structure, member) in rules::named().chain(limits::named()) {
        assert!(
            members(&model, structure).contains(member),
            "{structure}.{member}"
        );
    }
}

fn compare(model: &Value, structure: &Structure, seen: &mut BTreeSet<&'static str>) {
    if !seen.insert(structure.name) {
        return;
    }
    let published = model["shapes"][structure.name]["members"].as_object();
    let published: Vec<_> = published
        .expect(structure.name)
        .iter()
        .map(|(name, shape)| (name.as_str(), shape.as_str().expect("a shape's name")))
        .collect();
    let table: Vec<_> = structure.members.iter().map(|(name, _)| *name).collect();
    let names: Vec<_> = published.iter().map(|(name, _)| *name).collect();
    assert_eq!(table, names, "{}", structure.name);
    let required = &model["shapes"][structure.name]["required"];
    let required: Vec<_> = required.as_array().into_iter().flatten().collect();
    assert_eq!(required, structure.required, "{}", structure.name);
    for ((_, shape), (_, published)) in structure.members.iter().zip(published) {
        compare_shape(model, shape, published, seen);
    }
}

fn compare_shape(model: &Value, shape: &Shape, name: &str, seen: &mut BTreeSet<&'static str>) {
    let published = &model["shapes"][name];
    let part = |field: &str| published[field].as_str().expect("a shape's name");
    match shape {
        Shape::Structure(structure) => {
            assert_eq!(structure.name, name);
            compare(model, structure, seen);
        }
        Shape::List(element) => compare_shape(model, element, part("member"), seen),
        Shape::Map(element) => compare_shape(model, element, part("value"), seen),
        Shape::Scalar(Scalar::Text) => {
            assert_eq!(
                (part("type"), &published["enum"]),
                ("string", &Value::Null),
                "{name}"
            );
        }
        Shape::Scalar(Scalar::OneOf(known)) => {
            assert_eq!(published["enum"], serde_json::json!(known), "{name}");
        }
        Shape::Scalar(Scalar::Boolean) => assert_eq!(part("type"), "boolean", "{name}"),
        Shape::Scalar(Scalar::Integer { least, most }) => {
            assert_eq!(part("type"), "integer", "{name}");
            let limit = |field: &str, otherwise: i32| {
                published[field].as_i64().unwrap_or(i64::from(otherwise))
            };
            assert_eq!(
                (*least, *most),
                (limit("min", i32::MIN), limit("max", i32::MAX)),
                "{name}"
            );
        }
    }
}
