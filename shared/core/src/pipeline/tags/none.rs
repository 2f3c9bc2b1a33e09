//! Whether a rule takes any tag at all.
//!
//! A tag has 1 to 128 letters, digits, `_`, `.` and `-`, the first of which is no `.` and no `-`, and
//! it is not `latest`. It is decided exactly for each rule; an expression whose automaton would be too
//! large is trusted.

use std::collections::BTreeSet;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use semver::{BuildMetadata, Comparator, Prerelease, Version, VersionReq};

use super::{TagPolicy, TagRegex, TagVerdict};

/// Longest tag in characters.
const LONGEST: usize = 128;

/// Largest automaton that is built, in bytes.
const LARGEST_AUTOMATON: usize = 1 << 20;

const LATEST: &[u8] = b"latest";

impl TagPolicy {
    /// Whether there is a tag that it takes.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        match self {
            Self::Commit | Self::Numeric => true,
            Self::Glob(glob) => glob_takes_any(glob.as_str()),
            Self::Regex(regex) => regex_takes_any(regex).unwrap_or(true),
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
    shortest <= LONGEST && (is_open || !glob.eq_ignore_ascii_case("latest"))
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

/// Whether an expression takes a tag; nothing where that takes too much to tell.
fn regex_takes_any(regex: &TagRegex) -> Option<bool> {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(LARGEST_AUTOMATON))
        .determinize_size_limit(Some(LARGEST_AUTOMATON));
    let automaton = dense::Builder::new()
        .configure(config)
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build(&format!("^(?:{})$", regex.as_str()))
        .ok()?;
    let start = Input::new(b"").anchored(Anchored::Yes);
    let start = automaton.start_state_forward(&start).ok()?;
    let mut seen = BTreeSet::new();
    let mut reached = vec![(start, Some(0))];
    for length in 0..LONGEST {
        let mut next = Vec::new();
        for (state, latest) in reached {
            for byte in (0..=u8::MAX).filter(|byte| may_stand(*byte, length)) {
                let state = automaton.next_state(state, byte);
                let latest = of_latest(latest, byte);
                // Of a state that was reached by a shorter tag, all is known.
                if !automaton.is_dead_state(state) && seen.insert((state, latest)) {
                    let is_latest = latest == Some(LATEST.len());
                    let end: StateID = automaton.next_eoi_state(state);
                    if automaton.is_match_state(end) && !is_latest {
                        return Some(true);
                    }
                    next.push((state, latest));
                }
            }
        }
        if next.is_empty() {
            break;
        }
        reached = next;
    }
    Some(false)
}

fn may_stand(byte: u8, at: usize) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || (at > 0 && matches!(byte, b'.' | b'-'))
}

/// How much of `latest` a tag is, in any case; nothing where it is another one.
fn of_latest(so_far: Option<usize>, byte: u8) -> Option<usize> {
    let at = so_far?;
    let expected = LATEST.get(at)?;
    expected.eq_ignore_ascii_case(&byte).then_some(at + 1)
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
