//! A regular expression over whole tags.

use std::fmt;
use towpath_taskdef::{repeated, visible};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::InvalidPattern;

/// Largest compiled program in bytes. Matching is linear in the tag's length times this.
const MAX_PROGRAM: usize = 1 << 20;

/// Tags are ASCII, and so are the classes of the expression: `\d` is `0-9`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "regex", "minLength" = 1, "maxLength" = 256))]
pub struct TagRegex {
    pattern: String,
    whole_tag: regex::bytes::Regex,
}

impl TagRegex {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole tag matches.
    #[must_use]
    pub fn matches(&self, tag: &Tag) -> bool {
        self.whole_tag.is_match(tag.as_str().as_bytes())
    }
}

impl TryFrom<String> for TagRegex {
    type Error = InvalidPattern;

    fn try_from(pattern: String) -> Result<Self, InvalidPattern> {
        InvalidPattern::check_length(&pattern)?;
        let refused = |error: regex::Error| InvalidPattern::Regex {
            pattern: repeated(&pattern),
            reason: last_line(&error),
        };
        // By itself first: `a)|(?:b` is balanced only inside the group that anchors it, and would
        // leave that group open to any text on either side.
        compile(&pattern).map_err(refused)?;
        let whole_tag = compile(&format!("^(?:{pattern})$")).map_err(refused)?;
        Ok(Self { pattern, whole_tag })
    }
}

fn compile(pattern: &str) -> Result<regex::bytes::Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(MAX_PROGRAM)
        .build()
}

/// The compiler draws the pattern with a caret below it; what is wrong stands in its last line.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default().trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    visible(line)
}

impl PartialEq for TagRegex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for TagRegex {}

impl From<TagRegex> for String {
    fn from(regex: TagRegex) -> Self {
        regex.pattern
    }
}

impl fmt::Display for TagRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}
