//! A range of semantic versions: <https://semver.org>.

use std::fmt;
use towpath_taskdef::{repeated, visible};

use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::{InvalidPattern, TagVerdict};

/// A range is made of comparisons with `=`, `>`, `>=`, `<`, `<=`, `~` and `^`, joined by commas, which
/// must all hold. A version without a sign means `^`, so `1.4` is `>=1.4.0, <2.0.0`. A pre-release is in a
/// range only if the range names a pre-release of the same version: `>=2.0.0-0` has `2.0.0-rc.1`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = 1, "maxLength" = 256))]
pub struct VersionRange {
    text: String,
    range: VersionReq,
}

impl VersionRange {
    /// The range as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn range(&self) -> &VersionReq {
        &self.range
    }

    pub(super) fn judge(&self, tag: &Tag) -> TagVerdict {
        let Some(version) = version_of(tag) else {
            return TagVerdict::Ignored(
                "it is not a semantic version such as 1.4.2 or v1.4.2".into(),
            );
        };
        if self.range.matches(&version) {
            return TagVerdict::Taken(format!("version {version} is in `{self}`"));
        }
        let mut release = version.clone();
        release.pre = semver::Prerelease::EMPTY;
        TagVerdict::Ignored(if !version.pre.is_empty() && self.range.matches(&release) {
            format!(
                "{version} is a pre-release, and the range `{self}` names none of {release}: write `>={release}-0` to take them"
            )
        } else {
            format!("version {version} is not in `{self}`")
        })
    }
}

/// The version that a tag names; a leading `v` is not part of it.
pub(super) fn version_of(tag: &Tag) -> Option<Version> {
    let text = tag.as_str();
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

impl TryFrom<String> for VersionRange {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        InvalidPattern::check_length(&text)?;
        match VersionReq::parse(&text) {
            Ok(range) => Ok(Self { text, range }),
            Err(error) => Err(InvalidPattern::Range {
                range: repeated(&text),
                reason: visible(&error.to_string()),
            }),
        }
    }
}

impl PartialEq for VersionRange {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VersionRange {}

impl From<VersionRange> for String {
    fn from(range: VersionRange) -> Self {
        range.text
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
