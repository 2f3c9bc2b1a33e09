//! Which tags a pipeline takes, and by which rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::Tag;

/// The rule by which a pipeline takes tags. `latest` is refused whatever the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TagPolicy {
    /// A commit hash: 7 to 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    #[default]
    Commit,
    /// A regular expression that the whole tag must match (linear time, so no backreferences).
    Regex(String),
    /// A range of semantic versions, such as `>=1.4, <3`; a leading `v` in the tag is allowed.
    Semver(String),
    /// Digits only, such as a build number.
    Numeric,
    /// A pattern in which `*` stands for any text and `?` for one character.
    Glob(String),
}

/// Whether a pipeline takes a tag, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "reason")]
pub enum TagVerdict {
    /// Taken: by which rule.
    Taken(String),
    /// Not this pipeline's business: why the rule does not match.
    Ignored(String),
    /// Never deployed: why, and the way out.
    Refused(String),
}

impl TagPolicy {
    /// Whether this policy takes `tag`, and why.
    #[must_use]
    pub fn judge(&self, tag: &Tag) -> TagVerdict {
        let tag = tag.as_str();
        if tag.eq_ignore_ascii_case("latest") {
            return TagVerdict::Refused(
                "the tag `latest` names another image tomorrow: push the commit hash as the tag"
                    .into(),
            );
        }
        match self {
            Self::Commit => {
                let hex = tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if hex && ((7..=40).contains(&tag.len()) || tag.len() == 64) {
                    TagVerdict::Taken("it is a commit hash".into())
                } else {
                    TagVerdict::Ignored(
                        "it is not a commit hash (7 to 40 or 64 hexadecimal digits)".into(),
                    )
                }
            }
            Self::Numeric => {
                if tag.bytes().all(|b| b.is_ascii_digit()) {
                    TagVerdict::Taken("it is a number".into())
                } else {
                    TagVerdict::Ignored("it is not a number".into())
                }
            }
            Self::Regex(pattern) => match whole_tag(pattern) {
                Ok(regex) if regex.is_match(tag) => {
                    TagVerdict::Taken(format!("it matches the regular expression `{pattern}`"))
                }
                Ok(_) => TagVerdict::Ignored(format!(
                    "it does not match the regular expression `{pattern}`"
                )),
                Err(error) => TagVerdict::Ignored(format!(
                    "the rule's regular expression cannot be used: {error}"
                )),
            },
            Self::Semver(_) | Self::Glob(_) => TagVerdict::Ignored("not decided yet".into()),
        }
    }
}

fn whole_tag(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
}
