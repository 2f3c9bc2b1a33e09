//! What each rule takes, ignores and refuses.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

fn policy(json: &str) -> TagPolicy {
    serde_json::from_str(json).unwrap()
}

fn refusal(json: &str) -> String {
    serde_json::from_str::<TagPolicy>(json)
        .unwrap_err()
        .to_string()
}

fn takes(policy: &TagPolicy, text: &str) -> bool {
    matches!(policy.judge(&tag(text)), TagVerdict::Taken(_))
}

#[test]
fn latest_is_refused_by_every_rule_in_any_case() {
    for json in [
        r#""commit""#,
        r#""numeric""#,
        r#"{"regex": ".*"}"#,
        r#"{"glob": "*"}"#,
        r#"{"semver": "*"}"#,
    ] {
        for text in ["latest", "LATEST", "Latest"] {
            let verdict = policy(json).judge(&tag(text));
            assert!(matches!(verdict, TagVerdict::Refused(_)), "{json} {text}");
        }
    }
}

#[test]
fn commit_hashes_are_short_full_or_sha256_and_lower_case() {
    let commit = TagPolicy::Commit;
    let sha1 = "0123456789abcdef0123456789abcdef01234567";
    let sha256 = "0123456789abcdef".repeat(4);
    for taken in ["3f2c1ab", "0000000", sha1, sha256.as_str()] {
        assert!(takes(&commit, taken), "{taken}");
    }
    let too_long = format!("{sha1}8");
    for ignored in [
        "3f2c1a", "3F2C1AB", "3f2c1ag", "v3f2c1ab", "main", &too_long,
    ] {
        assert!(!takes(&commit, ignored), "{ignored}");
    }
}

#[test]
fn numbers_are_digits_only() {
    assert!(takes(&TagPolicy::Numeric, "1042"));
    assert!(takes(&TagPolicy::Numeric, &"9".repeat(128)));
    for ignored in ["1.2", "v1", "10a", "_1"] {
        assert!(!takes(&TagPolicy::Numeric, ignored), "{ignored}");
    }
}

#[test]
fn a_regex_is_matched_against_the_whole_tag() {
    let rule = policy(r#"{"regex": "release-\\d+|rc"}"#);
    for taken in ["release-12", "rc"] {
        assert!(takes(&rule, taken), "{taken}");
    }
    for ignored in [
        "release-12-debug",
        "my-release-12",
        "rc1",
        "src",
        "release-",
    ] {
        assert!(!takes(&rule, ignored), "{ignored}");
    }
}

#[test]
fn a_regex_cannot_step_out_of_its_anchors() {
    for pattern in ["a)|(?:b", "a)|(b", "(?x)a # ", "(?x: a # )"] {
        let json = serde_json::json!({ "regex": pattern }).to_string();
        assert!(
            refusal(&json).contains("is not a regular expression"),
            "{pattern}"
        );
    }
    assert!(!takes(&policy(r#"{"regex": "(?m)^a$|b"}"#), "xb"));
}

#[test]
fn a_regex_that_cannot_be_linear_or_small_is_refused() {
    let error = refusal(r#"{"regex": "(a)\\1"}"#);
    assert!(
        error.contains("backreferences are not supported"),
        "{error}"
    );
    let error = refusal(r#"{"regex": "((a{200}){200}){200}"}"#);
    assert!(error.contains("size limit"), "{error}");
    let error = refusal(r#"{"regex": "release-(\\d+"}"#);
    assert!(error.contains("unclosed group"), "{error}");
}

#[test]
fn versions_are_taken_by_range_with_or_without_a_v() {
    let rule = policy(r#"{"semver": ">=1.4, <3"}"#);
    for taken in ["1.4.0", "v2.9.9"] {
        assert!(takes(&rule, taken), "{taken}");
    }
    for ignored in ["1.3.9", "3.0.0", "1.4", "vv1.4.0", "V1.4.0", "3f2c1ab"] {
        assert!(!takes(&rule, ignored), "{ignored}");
    }
}

#[test]
fn a_pre_release_is_taken_only_where_the_range_names_one() {
    assert_eq!(
        policy(r#"{"semver": ">=1.4, <3"}"#).judge(&tag("v2.0.0-rc.1")),
        TagVerdict::Ignored(
            "2.0.0-rc.1 is a pre-release, and the range `>=1.4, <3` names none of 2.0.0: write `>=2.0.0-0` to take them".into()
        )
    );
    let named = policy(r#"{"semver": ">=2.0.0-0, <3"}"#);
    assert!(takes(&named, "2.0.0-rc.1") && takes(&named, "2.1.0"));
    assert!(!takes(&named, "2.1.0-rc.1"));
}

#[test]
fn globs_know_stars_and_question_marks() {
    for (glob, taken, ignored) in [
        ("release-*", "release-", "prelease-1"),
        ("*", "anything", "latest"),
        ("v?.?", "v1.2", "v1.22"),
        ("a*b*c", "axxbyybzc", "axxbyyb"),
        ("*-prod", "a-prod-prod", "a-prod1"),
    ] {
        let rule = policy(&serde_json::json!({ "glob": glob }).to_string());
        assert!(takes(&rule, taken), "{glob} {taken}");
        assert!(!takes(&rule, ignored), "{glob} {ignored}");
    }
    assert!(refusal(r#"{"glob": "v[12]"}"#).contains("contains `[`"));
}

#[test]
fn empty_and_endless_patterns_are_refused() {
    for kind in ["regex", "glob", "semver"] {
        let long = "1".repeat(257);
        assert!(refusal(&format!(r#"{{"{kind}": ""}}"#)).contains("is empty"));
        assert!(refusal(&format!(r#"{{"{kind}": "{long}"}}"#)).contains("257 characters"));
    }
    assert!(refusal(r#"{"semver": "about one"}"#).contains("is not a range of versions"));
}

#[test]
fn only_numbers_and_versions_have_an_order() {
    let order = |json: &str, left: &str, right: &str| policy(json).compare(&tag(left), &tag(right));
    assert_eq!(order(r#""numeric""#, "9", "10"), Some(Ordering::Less));
    assert_eq!(order(r#""numeric""#, "010", "10"), Some(Ordering::Equal));
    assert_eq!(order(r#""numeric""#, "9", "main"), None);
    let semver = r#"{"semver": "*"}"#;
    assert_eq!(order(semver, "v1.9.0", "1.10.0"), Some(Ordering::Less));
    assert_eq!(order(semver, "2.0.0-rc.1", "2.0.0"), Some(Ordering::Less));
    assert_eq!(order(r#""commit""#, "3f2c1ab", "3f2c1ac"), None);
}

/// What a glob means, said in the plainest way.
fn fits(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((b'*', rest)), None) => fits(rest, text),
        (Some((b'*', rest)), Some((_, tail))) => fits(rest, text) || fits(glob, tail),
        (Some(_), None) => false,
        (Some((c, rest)), Some((t, tail))) => (*c == b'?' || c == t) && fits(rest, tail),
    }
}

proptest! {
    #[test]
    fn globs_match_as_they_are_defined(glob in "[ab*?]{1,8}", text in "[ab]{1,8}") {
        let rule = TagGlob::try_from(glob.clone()).unwrap();
        prop_assert_eq!(rule.matches(&tag(&text)), fits(glob.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn a_pattern_is_taken_or_refused_but_never_panics(pattern in any::<String>(), text in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}") {
        if let Ok(regex) = TagRegex::try_from(pattern.clone()) {
            prop_assert_eq!(String::from(regex.clone()), pattern.clone());
            let _taken = regex.matches(&tag(&text));
        }
        if let Ok(range) = VersionRange::try_from(pattern.clone()) {
            prop_assert_eq!(String::from(range), pattern);
        }
    }
}

#[test]
fn another_abbreviation_of_a_commit_is_another_tag_that_is_taken() {
    let hash = "3f2c1ab9d0e4f5a6b7c8d9e0f1a2b3c4d5e6f708";
    for digits in 7..=40 {
        let tag: Tag = hash[..digits].parse().unwrap();
        let verdict = TagPolicy::Commit.judge(&tag);
        assert!(
            matches!(verdict, TagVerdict::Taken(_)),
            "{tag}: {verdict:?}"
        );
    }
    assert!(TagPolicy::Commit.another().contains("of 7 to 40 digits"));
}
