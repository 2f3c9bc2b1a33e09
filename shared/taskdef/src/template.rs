//! Templates: a task definition with `${…}` placeholders in its strings.
//!
//! The text is read as JSON first, and placeholders are replaced only in the string values of what
//! was read. A value can therefore never become structure, whatever is in a tag; nor is a value
//! looked through for placeholders again. `$${` stands for `${` itself.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use thiserror::Error;

use super::document::{self, DocumentError};
use super::model::{push_repeated, push_segment};
use crate::repeated;

/// The names that a template may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// `${account}`: the account of the stage.
    Account,
    /// `${commit}`: the commit that the image was built from.
    Commit,
    /// `${digest}`: the image's digest, with `sha256:`.
    Digest,
    /// `${image}`: the image by its digest, with registry and repository.
    Image,
    /// `${pipeline}`: the pipeline's name.
    Pipeline,
    /// `${region}`: the region of the stage.
    Region,
    /// `${release}`: the release's id.
    Release,
    /// `${repository}`: the repository within its registry.
    Repository,
    /// `${stage}`: the stage's name.
    Stage,
    /// `${tag}`: the tag that was pushed.
    Tag,
}

/// What each placeholder stands for.
pub type Values = BTreeMap<Placeholder, String>;

/// Why a template cannot be filled.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The text cannot be read.
    #[error("template cannot be used: {0}")]
    Document(DocumentError),
    /// There is no such placeholder.
    #[error(
        "template has the unknown placeholder ${{{name}}} at {path}; known are {}; write $${{ for a literal ${{",
        Placeholder::names()
    )]
    Unknown {
        /// What stands between the braces, where that is a name.
        name: String,
        /// JSON pointer of the string.
        path: String,
    },
    /// The place where another tool was to put the image.
    #[error(
        "template has the placeholder ${{{name}}} at {path}: Towpath puts the image into the containers that the stage names; write any image there, or ${{image}}"
    )]
    Image {
        /// What stands between the braces, where that is a name.
        name: String,
        /// JSON pointer of the string.
        path: String,
    },
    /// The placeholder exists, but there is nothing to put in its place.
    #[error("template has the placeholder ${{{name}}} at {path}, for which there is no value here")]
    NoValue {
        /// The placeholder.
        name: Placeholder,
        /// JSON pointer of the string.
        path: String,
    },
    /// A `${` without a `}` after it.
    #[error("template has ${{ without a closing brace at {path}; write $${{ for a literal ${{")]
    Unclosed {
        /// JSON pointer of the string.
        path: String,
    },
    /// A key with a placeholder in it.
    #[error("template has a placeholder in the key at {path}; only values can have one")]
    InKey {
        /// JSON pointer of the member.
        path: String,
    },
}

/// Reads a template and fills it in.
///
/// # Errors
/// [`TemplateError`], naming the placeholder and where it stands.
pub fn fill(template: &str, values: &Values) -> Result<Value, TemplateError> {
    let mut document = document::read_text(template.as_bytes()).map_err(TemplateError::Document)?;
    fill_value(&mut document, values, &mut String::new())?;
    Ok(document)
}

fn fill_value(value: &mut Value, values: &Values, path: &mut String) -> Result<(), TemplateError> {
    match value {
        Value::String(text) => {
            if text.contains('$') {
                *text = fill_text(text, values, path)?;
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                let end = path.len();
                push_segment(path, &index.to_string());
                fill_value(entry, values, path)?;
                path.truncate(end);
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                let end = path.len();
                push_repeated(path, key);
                if key.contains("${") {
                    return Err(TemplateError::InKey { path: path.clone() });
                }
                fill_value(member, values, path)?;
                path.truncate(end);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn fill_text(text: &str, values: &Values, path: &str) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let before = &rest[..at];
        rest = &rest[at + 2..];
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            continue;
        }
        filled.push_str(before);
        let Some((name, after)) = rest.split_once('}') else {
            return Err(TemplateError::Unclosed {
                path: path.to_owned(),
            });
        };
        let Some(placeholder) = Placeholder::of(name) else {
            let (name, path) = (shown(name), path.to_owned());
            let is_image = path.starts_with("/containerDefinitions/") && path.ends_with("/image");
            return Err(match is_image {
                true => TemplateError::Image { name, path },
                false => TemplateError::Unknown { name, path },
            });
        };
        let Some(value) = values.get(&placeholder) else {
            return Err(TemplateError::NoValue {
                name: placeholder,
                path: path.to_owned(),
            });
        };
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What stands between the braces, unless it is no name: the string may be a secret with `${` in it.
fn shown(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    if name.chars().all(is_part) {
        repeated(name)
    } else {
        "…".to_owned()
    }
}

impl Placeholder {
    /// All of them, by name.
    pub const ALL: [Self; 10] = [
        Self::Account,
        Self::Commit,
        Self::Digest,
        Self::Image,
        Self::Pipeline,
        Self::Region,
        Self::Release,
        Self::Repository,
        Self::Stage,
        Self::Tag,
    ];

    /// The name that stands between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Commit => "commit",
            Self::Digest => "digest",
            Self::Image => "image",
            Self::Pipeline => "pipeline",
            Self::Region => "region",
            Self::Release => "release",
            Self::Repository => "repository",
            Self::Stage => "stage",
            Self::Tag => "tag",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn values() -> Values {
        [
            (Placeholder::Image, "shop/api@sha256:0".to_owned()),
            (
                Placeholder::Tag,
                r#"v1","privileged":true,"x":"${image}"#.to_owned(),
            ),
        ]
        .into()
    }

    fn error(template: &str) -> String {
        fill(template, &values()).expect_err(template).to_string()
    }

    #[test]
    fn placeholders_are_replaced_inside_strings() {
        let filled = fill(
            r#"{"a": "${image}", "b": ["x${image}y${image}", 1, null, "$", "a$b"], "c": {"d": ""}}"#,
            &values(),
        )
        .expect("fills");
        assert_eq!(
            filled,
            json!({
                "a": "shop/api@sha256:0",
                "b": ["xshop/api@sha256:0yshop/api@sha256:0", 1, null, "$", "a$b"],
                "c": {"d": ""},
            })
        );
    }

    #[test]
    fn a_value_never_becomes_structure_nor_is_it_filled_again() {
        let filled = fill(r#"{"a": "${tag}"}"#, &values()).expect("fills");
        assert_eq!(filled, json!({ "a": values()[&Placeholder::Tag] }));
    }

    #[test]
    fn a_doubled_dollar_is_the_brace_itself() {
        let filled = fill(r#"["echo $${HOME} $$ $x ${image}$"]"#, &values()).expect("fills");
        assert_eq!(filled, json!(["echo ${HOME} $$ $x shop/api@sha256:0$"]));
    }

    #[test]
    fn what_cannot_be_filled_is_named_with_its_place() {
        insta::assert_snapshot!(error(r#"{"a": [{"b/c": "x ${IMAGE}"}]}"#), @r#"template has the unknown placeholder ${IMAGE} at /a/0/b~1c; known are account, commit, digest, image, pipeline, region, release, repository, stage, tag; write $${ for a literal ${"#);
        insta::assert_snapshot!(error(r#"{"a": "${commit}"}"#), @r#"template has the placeholder ${commit} at /a, for which there is no value here"#);
        insta::assert_snapshot!(error(r#"{"a": "${image"}"#), @r#"template has ${ without a closing brace at /a; write $${ for a literal ${"#);
        insta::assert_snapshot!(error(r#"{"${image}": 1}"#), @r#"template has a placeholder in the key at /${image}; only values can have one"#);
        insta::assert_snapshot!(error(r#"{"containerDefinitions": [{"image": "${IMAGE}"}]}"#), @"template has the placeholder ${IMAGE} at /containerDefinitions/0/image: Towpath puts the image into the containers that the stage names; write any image there, or ${image}");
        insta::assert_snapshot!(error(r#"{"a": "${hunter2 !}"}"#), @"template has the unknown placeholder ${…} at /a; known are account, commit, digest, image, pipeline, region, release, repository, stage, tag; write $${ for a literal ${");
        insta::assert_snapshot!(error(r#"{"a": ${image}}"#), @"template cannot be used: it is a template, with a placeholder that stands outside of quotes (line 1): fill it in first, with the tool that the template is for, or put it in quotes");
    }

    #[test]
    fn a_secret_for_a_key_is_not_told() {
        let told = error(r#"{"a": {"xoxb-2134567890-hunter2": "${IMAGE}"}}"#);
        assert!(!told.contains("hunter2"), "{told}");
    }

    proptest! {
        #[test]
        fn filling_keeps_the_structure(text in r#"[\PC${}]{0,40}"#, value in any::<String>()) {
            let template = json!({ "a": [text], "b": 1 }).to_string();
            let values = [(Placeholder::Tag, value)].into();
            if let Ok(filled) = fill(&template, &values) {
                let a = filled["a"].as_array().expect("a list");
                prop_assert!(a.len() == 1 && a[0].is_string());
                prop_assert_eq!(filled.as_object().expect("an object").len(), 2);
            }
        }
    }
}
