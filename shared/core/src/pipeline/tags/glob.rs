//! A glob over whole tags.

use std::fmt;
use towpath_taskdef::{repeated, visible};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::InvalidPattern;

/// A glob over whole tags: `*` may stand for no text at all, and every other character (letters,
/// digits, `_`, `.` and `-`) stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9_.*?-]{1,256}$"))]
pub struct TagGlob(String);

impl TagGlob {
    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole tag matches. Takes at most the product of both lengths in steps.
    #[must_use]
    pub fn matches(&self, tag: &Tag) -> bool {
        let (glob, text) = (self.0.as_bytes(), tag.as_str().as_bytes());
        let (mut g, mut t) = (0, 0);
        // Where to go on when what follows the last star does not fit: the star takes one more
        // character. An earlier star need not be tried again, since the last one reaches as far.
        let mut last_star = None;
        while t < text.len() {
            match glob.get(g) {
                Some(b'*') => {
                    last_star = Some((g, t));
                    g += 1;
                }
                Some(&c) if c == b'?' || c == text[t] => {
                    g += 1;
                    t += 1;
                }
                Some(_) | None => {
                    let Some((star, start)) = last_star else {
                        return false;
                    };
                    last_star = Some((star, start + 1));
                    g = star + 1;
                    t = start + 1;
                }
            }
        }
        glob[g..].iter().all(|&c| c == b'*')
    }
}

impl TryFrom<String> for TagGlob {
    type Error = InvalidPattern;

    fn try_from(glob: String) -> Result<Self, InvalidPattern> {
        InvalidPattern::check_length(&glob)?;
        let foreign = |c: &char| !(c.is_ascii_alphanumeric() || "_.-*?".contains(*c));
        match glob.chars().find(foreign) {
            None => Ok(Self(glob)),
            Some(culprit) => Err(InvalidPattern::Glob {
                glob: repeated(&glob),
                culprit: visible(&culprit.to_string()),
            }),
        }
    }
}

impl From<TagGlob> for String {
    fn from(glob: TagGlob) -> Self {
        glob.0
    }
}

impl fmt::Display for TagGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
