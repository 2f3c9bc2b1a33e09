//! Whether AWS takes the tags that a stage sets on its task definitions.

use towpath_taskdef::image::Digest;
use towpath_taskdef::resource_tag::{
    CHARACTERS, MAX_KEY, MAX_TAGS, MAX_VALUE, is_permitted, is_reserved,
};
use towpath_taskdef::{TAG_RELEASE, TAG_SPEC};
use towpath_taskdef::{repeated_key, visible};

use super::values::value_of;
use crate::names::begins;
use crate::pipeline::finding::Found;
use crate::pipeline::{PLACEHOLDERS, Pipeline, Stage, TagPolicy};

/// Those that Towpath always adds.
const OWN: usize = [TAG_RELEASE, TAG_SPEC].len();

/// The shortest host of an own registry.
const MIN_REGISTRY: &str = "111111111111.dkr.ecr.us-east-1.amazonaws.com";

pub(super) fn find(pipeline: &Pipeline, stage: &Stage, path: &str, found: &mut Found) {
    let tags = format!("{path}.tags");
    let count = stage.tags.len();
    if count + OWN > MAX_TAGS {
        found.add(
            &tags,
            format!("{count} tags are too many: a task definition has at most {MAX_TAGS}, of which Towpath sets {OWN}"),
            format!("keep at most {}", MAX_TAGS - OWN),
        );
    }
    for (name, value) in &stage.tags {
        let path = format!("{tags}.{name}");
        if let Some((problem, help)) = key(name) {
            found.add(&path, problem, help);
        }
        if let Some((problem, help)) = self::value(pipeline, stage, value) {
            let shown = repeated_key(name);
            found.add(&path, format!("the value of `{shown}` {problem}"), help);
        }
        value_of(name, value, &tags, found);
    }
}

/// What is wrong with a key. Keys are told apart by their capitals, so that `Team` and `team` are two.
fn key(name: &str) -> Option<(String, String)> {
    let shown = repeated_key(name);
    if name.is_empty() || name.chars().count() > MAX_KEY {
        return Some((
            format!("`{shown}` is not the key of a tag"),
            format!("use 1 to {MAX_KEY} characters"),
        ));
    }
    if let Some(prefix) = ["aws:", "towpath:"].iter().find(|it| begins(name, it)) {
        return Some((
            format!("`{shown}` begins with `{prefix}`, which is reserved"),
            "use another key".into(),
        ));
    }
    let culprit = name.chars().find(|c| !is_permitted(*c))?;
    Some((
        format!(
            "the key `{shown}` has `{}`, which AWS takes in no tag",
            visible(&culprit.to_string())
        ),
        format!("use {CHARACTERS}"),
    ))
}

/// What is wrong with a value, whatever stands in it for its placeholders. It may be anything, and is
/// not repeated.
fn value(pipeline: &Pipeline, stage: &Stage, value: &str) -> Option<(String, String)> {
    let mut fixed = value.to_owned();
    let mut least = 0;
    for name in PLACEHOLDERS {
        let placeholder = format!("${{{name}}}");
        least += fixed.matches(&placeholder).count() * shortest(pipeline, stage, name);
        fixed = fixed.replace(&placeholder, "");
    }
    least += fixed.chars().count();
    if least > MAX_VALUE {
        return Some((
            format!("has {least} characters or more, and AWS takes {MAX_VALUE}"),
            "shorten it".into(),
        ));
    }
    if is_reserved(value) {
        return Some((
            "begins with `aws:`, which is reserved".to_owned(),
            "begin it with something else".into(),
        ));
    }
    // What is meant as a placeholder is told by that.
    let culprit = match fixed.contains("${") {
        true => None,
        false => fixed.chars().find(|c| !is_permitted(*c) && *c != '\0'),
    }?;
    Some((
        format!(
            "has `{}`, which AWS takes in no tag",
            visible(&culprit.to_string())
        ),
        format!("use {CHARACTERS}"),
    ))
}

/// The fewest characters that a placeholder can stand for.
fn shortest(pipeline: &Pipeline, stage: &Stage, placeholder: &str) -> usize {
    let digest = Digest::of(b"").to_string().len();
    match placeholder {
        // The pipeline's name and 16 digits.
        "release" => pipeline.pipeline.as_str().len() + 17,
        "stage" => stage.name.as_str().len(),
        "digest" => digest,
        "image" => {
            let registry = pipeline.registry.as_ref();
            let registry = registry.map_or(MIN_REGISTRY, |registry| registry.as_str());
            registry.len() + pipeline.repository.as_str().len() + digest + 2
        }
        _ if pipeline.tags == TagPolicy::Commit => 7,
        _ => 1,
    }
}
