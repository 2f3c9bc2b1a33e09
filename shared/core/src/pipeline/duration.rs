//! Lengths of time as people write them: `90s`, `30m`, `24h`, `2d`.

use std::fmt;
use std::str::FromStr;
use towpath_taskdef::repeated;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, at most 30 days, written as `90s`, `30m`, `24h` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    seconds: u32,
}

/// A text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: write 90s, 30m, 24h or 2d, from 1s to 30d")]
pub struct InvalidSpan(String);

impl InvalidSpan {
    /// What is wrong, without the way out.
    #[must_use]
    pub fn problem(&self) -> String {
        format!("`{}` is not a length of time", self.0)
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        "write 90s, 30m, 24h or 2d, from 1s to 30d".to_owned()
    }
}

const MAX_SECONDS: u32 = 30 * 86_400;

impl Span {
    /// A span of that many seconds, brought to the 1 second to 30 days that a span may have.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self {
            seconds: match seconds {
                0 => 1,
                1..=MAX_SECONDS => seconds,
                _ => MAX_SECONDS,
            },
        }
    }

    /// The length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }
}

impl From<Span> for jiff::SignedDuration {
    fn from(span: Span) -> Self {
        Self::from_secs(i64::from(span.seconds))
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let invalid = || InvalidSpan(repeated(text));
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some(_) | None => return Err(invalid()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let seconds = digits
            .parse::<u32>()
            .ok()
            .and_then(|count| count.checked_mul(unit))
            .filter(|seconds| (1..=MAX_SECONDS).contains(seconds))
            .ok_or_else(invalid)?;
        Ok(Self { seconds })
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, InvalidSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.seconds {
            s if s % 86_400 == 0 => (s / 86_400, 'd'),
            s if s % 3_600 == 0 => (s / 3_600, 'h'),
            s if s % 60 == 0 => (s / 60, 'm'),
            s => (s, 's'),
        };
        write!(f, "{count}{unit}")
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]+[smhd]$",
            "description": "a length of time: 90s, 30m, 24h or 2d, from 1s to 30d"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown_in_their_largest_unit() {
        for (text, seconds, shown) in [
            ("90s", 90, "90s"),
            ("30m", 1_800, "30m"),
            ("48h", 172_800, "2d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.seconds(), seconds);
            assert_eq!(span.to_string(), shown);
        }
    }

    #[test]
    fn every_span_reads_back_as_it_is_shown() {
        for seconds in [0, 1, 59, 60, 3_600, 86_399, 2_592_000, u32::MAX] {
            let span = Span::from_seconds(seconds);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "s",
            "10",
            "-5m",
            "1.5h",
            "31d",
            "0s",
            "99999999999d",
            "5µ",
            "五m",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
