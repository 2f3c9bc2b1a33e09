//! Which tags a pipeline takes, and by which rule.

mod glob;
mod invalid;
mod none;
mod regex;
mod semver;

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::glob::TagGlob;
pub use self::invalid::InvalidPattern;
pub use self::regex::TagRegex;
pub use self::semver::VersionRange;
use towpath_taskdef::image::Tag;

/// The rule by which a pipeline takes tags. `latest` is refused whatever the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TagPolicy {
    /// A commit hash: 7 to 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    #[default]
    Commit,
    /// A regular expression that the whole tag must match (linear time, so no backreferences).
    Regex(TagRegex),
    /// A range of semantic versions, such as `>=1.4, <3`; a leading `v` in the tag is allowed.
    Semver(VersionRange),
    /// Digits only, such as a build number.
    Numeric,
    /// A pattern in which `*` stands for any text and `?` for one character.
    Glob(TagGlob),
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
        if tag.as_str().eq_ignore_ascii_case("latest") {
            let help = match self {
                Self::Commit => "push the commit hash as the tag",
                Self::Regex(_) | Self::Semver(_) | Self::Numeric | Self::Glob(_) => {
                    "push a tag of the image's own, such as the pipeline's `tags` takes"
                }
            };
            return TagVerdict::Refused(format!("`{tag}` names another image tomorrow: {help}"));
        }
        match self {
            Self::Commit => verdict(
                is_commit(tag.as_str()),
                || "it is a commit hash".into(),
                || {
                    "it is not a commit hash (7 to 40 or 64 lower-case hexadecimal digits)"
                        .to_owned()
                },
            ),
            Self::Numeric => verdict(
                is_number(tag.as_str()),
                || "it is a number".into(),
                || "it is not a number".into(),
            ),
            Self::Regex(regex) => verdict(
                regex.matches(tag),
                || format!("it matches the regular expression `{regex}`"),
                || format!("it does not match the regular expression `{regex}`"),
            ),
            Self::Glob(glob) => verdict(
                glob.matches(tag),
                || format!("it matches `{glob}`"),
                || format!("it does not match `{glob}`"),
            ),
            Self::Semver(range) => range.judge(tag),
        }
    }

    /// How an image that has a tag of this policy gets another one that is taken, for people: one
    /// image under another tag is another release.
    #[must_use]
    pub fn another(&self) -> String {
        match self {
            Self::Commit => {
                "a longer or shorter abbreviation of the same commit's hash, of 7 to 40 digits, is \
                 another tag (`git rev-parse --short=12 COMMIT`)"
                    .into()
            }
            Self::Numeric => "another number is another tag".into(),
            Self::Regex(regex) => {
                format!("another tag has to match the regular expression `{regex}`")
            }
            Self::Glob(glob) => format!("another tag has to match `{glob}`"),
            Self::Semver(_) => {
                "another version of the range that the pipeline takes is another tag".into()
            }
        }
    }

    /// Which of two tags is the later one by their names, where the policy gives names an order;
    /// `None` where it does not, or where a tag is not of the policy's kind.
    ///
    /// It explains only: releases are ordered by push time, since a hotfix `1.4.7` may well be
    /// pushed after `2.0.0`.
    #[must_use]
    pub fn compare(&self, left: &Tag, right: &Tag) -> Option<Ordering> {
        match self {
            Self::Commit | Self::Regex(_) | Self::Glob(_) => None,
            Self::Numeric => {
                let (left, right) = (number(left)?, number(right)?);
                Some(left.len().cmp(&right.len()).then_with(|| left.cmp(right)))
            }
            Self::Semver(_) => {
                Some(semver::version_of(left)?.cmp_precedence(&semver::version_of(right)?))
            }
        }
    }
}

fn verdict(
    taken: bool,
    why: impl FnOnce() -> String,
    why_not: impl FnOnce() -> String,
) -> TagVerdict {
    if taken {
        TagVerdict::Taken(why())
    } else {
        TagVerdict::Ignored(why_not())
    }
}

fn is_commit(tag: &str) -> bool {
    ((7..=40).contains(&tag.len()) || tag.len() == 64)
        && tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_number(tag: &str) -> bool {
    !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_digit())
}

/// The digits without leading zeros: then the longer is the larger, at any length.
fn number(tag: &Tag) -> Option<&str> {
    is_number(tag.as_str()).then(|| tag.as_str().trim_start_matches('0'))
}

#[cfg(test)]
mod tests;
