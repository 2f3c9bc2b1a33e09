//! Whether a rule takes any tag at all.
//!
//! A tag has 1 to 128 letters, digits, `_`, `.` and `-`, the first of which is no `.` and no `-`, and
//! it is not `latest`. It is decided exactly for each rule.

mod regex;

use semver::{BuildMetadata, Comparator, Prerelease, Version, VersionReq};

use super::{TagPolicy, TagVerdict};

/// Longest tag in characters.
const MAX_LEN: usize = 128;

impl TagPolicy {
    /// Whether there is a tag that it takes.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        match self {
            Self::Commit | Self::Numeric => true,
            Self::Glob(glob) => glob_takes_any(glob.as_str()),
            Self::Regex(regex) => regex::takes_any(regex),
            Self::Semver(range) => {
                let judged = |version: &Version| {
                    let tag = version.to_string().parse();
                    tag.is_ok_and(|tag| matches!(range.judge(&tag), TagVerdict::Taken(_)))
                };
                candidates(range.range()).iter().any(judged)
            }
        }
    }
}

fn glob_takes_any(glob: &str) -> bool {
    let fixed = glob.chars().filter(|c| *c != '*').count();
    let after_stars = glob.trim_start_matches('*');
    let begins_badly = after_stars.starts_with(['.', '-']);
    if begins_badly && after_stars.len() == glob.len() {
        return false;
    }
    // A star that comes first stands for one character at least, where what follows may not begin a
    // tag.
    let shortest = fixed + usize::from(begins_badly);
    let is_open = glob.contains(['*', '?']);
    shortest <= MAX_LEN && (is_open || !glob.eq_ignore_ascii_case("latest"))
}

/// The tags that are tried for a range: all at which an interval of versions can begin.
fn candidates(range: &VersionReq) -> Vec<Version> {
    let mut found = vec![Version::new(0, 0, 0)];
    for Comparator {
        major,
        minor,
        patch,
        pre,
        ..
    } in &range.comparators
    {
        let (minor, patch) = (minor.unwrap_or(0), patch.unwrap_or(0));
        let with = |pre: Prerelease| Version {
            major: *major,
            minor,
            patch,
            pre,
            build: BuildMetadata::EMPTY,
        };
        found.push(with(Prerelease::EMPTY));
        found.push(Version::new(*major, minor, patch.saturating_add(1)));
        found.push(Version::new(*major, minor.saturating_add(1), 0));
        found.push(Version::new(major.saturating_add(1), 0, 0));
        if !pre.is_empty() {
            found.push(with(pre.clone()));
            // The very next one.
            found.extend(Prerelease::new(&format!("{pre}.0")).map(with));
            found.extend(Prerelease::new("0").map(with));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(json: &serde_json::Value) -> TagPolicy {
        serde_json::from_value(json.clone()).unwrap()
    }

    #[test]
    fn rules_that_take_no_tag_are_known() {
        let long = "a".repeat(129);
        for (kind, texts) in [
            ("glob", vec!["latest", "LATEST", "-*", ".v*", &long, "-"]),
            (
                "regex",
                vec![
                    "latest",
                    "(?i)latest",
                    "-.*",
                    "v1/.*",
                    "a b",
                    "a{129}",
                    "main\\n",
                    "[^A-Za-z0-9_.-]+",
                    "$a",
                    "()",
                    "\\.|-",
                    "latest|LATEST",
                    "/v\\d+/",
                    "a\\bb",
                    "a\\B",
                    "\\.\\b",
                    "(?m)a$^b",
                    // Their automata without choice would have more states than anyone waits for.
                    "(a|b)*a(a|b){60}/",
                    "([a-z]|[0-9]){100}[a-z]{29}",
                ],
            ),
            (
                "semver",
                vec![
                    ">2, <1",
                    "<0.0.0",
                    ">=1.4, <1.4",
                    "=1.2.3, =1.2.4",
                    ">1.2.3, <1.2.4",
                    "^1, ^2",
                    ">1, <2",
                    "=1.2.3-a, >=1.2.3",
                ],
            ),
        ] {
            for text in texts {
                let rule = policy(&serde_json::json!({ kind: text }));
                assert!(!rule.takes_any(), "{kind} {text}");
            }
        }
    }

    #[test]
    fn rules_that_take_a_tag_are_not_refused() {
        for (kind, texts) in [
            (
                "glob",
                vec!["*", "?", "*-x", "latest*", "latest?", "**", "main", "a?b*"],
            ),
            (
                "regex",
                vec![
                    ".*",
                    "latest.+",
                    "^v\\d+$",
                    "(?i)LATEST|main",
                    "[a-f0-9]{40}",
                    "a{128}",
                    "\\bv1\\b",
                    "(a|b)*a(a|b){60}",
                    "([a-z]|[0-9]){100}[a-z]{28}",
                    "a\\B.\\b.",
                    "(?i)lates",
                    "(?i)latest?",
                    "(?m)^a$",
                    "[a-f0-9]{7,40}|[a-f0-9]{64}",
                    ".?latest",
                    "[^-.].*",
                ],
            ),
            (
                "semver",
                vec![
                    "*",
                    ">=1.4, <3",
                    "=1.2.3",
                    "<0.0.1",
                    ">=2.0.0-0, <2.0.0",
                    ">1.2.3-a, <1.2.3-b",
                    "~1.2",
                    ">1, <=2",
                    "^0.0.3",
                    ">1.2.3, <1.2.5",
                ],
            ),
        ] {
            for text in texts {
                let rule = policy(&serde_json::json!({ kind: text }));
                assert!(rule.takes_any(), "{kind} {text}");
            }
        }
        assert!(TagPolicy::Commit.takes_any() && TagPolicy::Numeric.takes_any());
    }

    proptest! {
        #[test]
        fn a_rule_that_takes_a_tag_takes_any(
            tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}",
            glob in "[a-c.*?-]{1,6}",
            regex in "[ab.*?+|()\\[\\]-]{1,8}",
        ) {
            let tag = tag.parse().unwrap();
            for rule in [("glob", glob), ("regex", regex)] {
                let json = serde_json::json!({ rule.0: rule.1 });
                if let Ok(rule) = serde_json::from_value::<TagPolicy>(json) {
                    let taken = matches!(rule.judge(&tag), TagVerdict::Taken(_));
                    prop_assert!(!taken || rule.takes_any());
                }
            }
        }
    }
}
