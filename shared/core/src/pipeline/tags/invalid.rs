//! Why a pattern cannot select tags.

use std::fmt;

/// A pattern that cannot select tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidPattern {
    /// The pattern is empty, so that it would take nothing.
    Empty,
    /// The pattern is longer than any that people can read.
    TooLong {
        /// The pattern's length in characters.
        length: usize,
    },
    /// The regular expression does not compile.
    Regex {
        /// The pattern, as [`repeated`](towpath_taskdef::repeated()) shows it.
        pattern: String,
        /// What the compiler says.
        reason: String,
    },
    /// The version range does not parse.
    Range {
        /// The range, as [`repeated`](towpath_taskdef::repeated()) shows it.
        range: String,
        /// What the parser says.
        reason: String,
    },
    /// The glob contains something that no tag can contain.
    Glob {
        /// The glob, as [`repeated`](towpath_taskdef::repeated()) shows it.
        glob: String,
        /// The character, escaped.
        culprit: String,
    },
}

/// Longest pattern in characters: twice the longest tag.
const MAX_PATTERN_LEN: usize = 256;

impl InvalidPattern {
    pub(super) fn check_length(pattern: &str) -> Result<(), Self> {
        let length = pattern.chars().count();
        if pattern.is_empty() {
            Err(Self::Empty)
        } else if length > MAX_PATTERN_LEN {
            Err(Self::TooLong { length })
        } else {
            Ok(())
        }
    }

    /// What is wrong, without the way out.
    #[must_use]
    pub fn problem(&self) -> String {
        match self {
            Self::Empty => "the pattern is empty".to_owned(),
            Self::TooLong { length } => format!("the pattern has {length} characters"),
            Self::Regex { pattern, reason } => {
                format!("`{pattern}` is not a regular expression ({reason})")
            }
            Self::Range { range, reason } => {
                format!("`{range}` is not a range of versions ({reason})")
            }
            Self::Glob { glob, culprit } => {
                format!("`{glob}` contains `{culprit}`, which no tag can")
            }
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Empty => "write one, or leave `tags` out to take commit hashes".to_owned(),
            Self::TooLong { .. } => format!("use at most {MAX_PATTERN_LEN}"),
            Self::Regex { reason, .. } if reason.contains("look-around") => {
                "leave the look-around out: the expression must match the whole tag".to_owned()
            }
            Self::Regex { .. } => {
                "write it as in https://docs.rs/regex/latest/regex/#syntax".to_owned()
            }
            Self::Range { .. } => "write it like `>=1.4, <3`".to_owned(),
            Self::Glob { .. } => {
                "use letters, digits, `_`, `.`, `-`, `*` and `?`, or a `regex`".to_owned()
            }
        }
    }
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem(), self.help())
    }
}

impl std::error::Error for InvalidPattern {}
