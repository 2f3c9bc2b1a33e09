//! Text from anywhere as it is shown to people.

use crate::secrets::is_secret_value;

/// Longest text that is repeated, in characters: an image with its digest is not longer.
const MAX_REPEATED_LEN: usize = 160;

/// What stands for a text that is not repeated.
const LEFT_OUT: &str = "… (not shown: it may be a secret)";

/// The text with nothing in it that a terminal would obey: control characters and those that cannot be
/// seen are written out. Quotes and backslashes stay, since whoever reads it is to find it again in
/// what they wrote.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => visible.push(c),
            other => visible.extend(other.escape_debug()),
        }
    }
    visible
}

/// What somebody wrote, as an error repeats it: short, with nothing a terminal would obey, and left out
/// where it may be a secret that was pasted into the wrong place. Errors end in the logs of builds, in
/// channels and in the ledger; whoever wrote the text finds it by its place.
#[must_use]
pub fn repeated(text: &str) -> String {
    if is_secret_value(text) || is_hexadecimal_secret(text) {
        return LEFT_OUT.to_owned();
    }
    match text.char_indices().nth(MAX_REPEATED_LEN) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(text),
    }
}

/// A key that somebody wrote, as an error repeats it. What follows a `=` in it was meant as its value.
#[must_use]
pub fn repeated_key(key: &str) -> String {
    match key.split_once('=') {
        Some((name, _)) => format!("{}=…", repeated(name)),
        None => repeated(key),
    }
}

/// A path of keys that somebody wrote, such as `stages.0.tags.commit`, as an error repeats it: to the
/// first key in which a secret may be.
#[must_use]
pub fn repeated_path(path: &str) -> String {
    let holds_secret = is_secret_value(path);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut shown = Vec::new();
    for key in path.split('.') {
        let may_be_secret = is_secret_value(key)
            || is_hexadecimal_secret(key)
            || (holds_secret && !key.chars().all(is_plain));
        if may_be_secret {
            shown.push("…".to_owned());
            break;
        }
        match key.split_once('=') {
            Some((name, _)) => {
                shown.push(format!("{}=…", visible(name)));
                break;
            }
            None => shown.push(visible(key)),
        }
    }
    shown.join(".")
}

/// Slack's signing secret and its like: hexadecimal digits, but of neither a commit's nor a digest's
/// length.
fn is_hexadecimal_secret(text: &str) -> bool {
    text.len() >= 32
        && ![40, 64].contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_not_repeated() {
        for secret in [
            "xoxb-1234-5678-AbCd",
            "https://hooks.slack.com/services/T0/B0/x",
            "https://shop:hunter2@registry.example/shop",
            "https://shop.example/health?token=hunter2",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(repeated(secret), LEFT_OUT, "{secret}");
        }
        assert_eq!(repeated_key("DATABASE=hunter2"), "DATABASE=…");
        for (path, shown) in [
            ("stages.0.tags.xoxb-1.2", "stages.0.tags.…"),
            (
                "stages.0.tags.eyJhbGciOiJIUzI1NiJ9.e30.x",
                "stages.0.tags.…",
            ),
            ("a.https://hooks.slack.com/services/T0/B0/x.b", "a.…"),
            ("a.https://shop:hunter2@shop.example/", "a.…"),
            (
                "environment.app.DATABASE=hunter2.x",
                "environment.app.DATABASE=…",
            ),
            (
                "stages.0.docker_labels.app.com.example",
                "stages.0.docker_labels.app.com.example",
            ),
            (
                "stages.0.environment.app.DB_PASSWORD",
                "stages.0.environment.app.DB_PASSWORD",
            ),
        ] {
            assert_eq!(repeated_path(path), shown, "{path}");
        }
    }

    #[test]
    fn what_is_no_secret_is_repeated_and_shortened() {
        for text in [
            "#deploys",
            "arn:aws:ecs:eu-west-1:111111111111:service/test/shop",
            "3f2c1ab4d5e6f708192a3b4c5d6e7f8091a2b3c4",
            "${{ env.ECR_REPOSITORY }}",
        ] {
            assert_eq!(
                (repeated(text), repeated_key(text)),
                (text.to_owned(), text.to_owned())
            );
        }
        let long = "é ".repeat(100);
        assert_eq!(repeated(&long), format!("{}…", "é ".repeat(80)));
    }

    proptest! {
        #[test]
        fn any_text_is_repeated_within_bounds(text in any::<String>()) {
            // A character is written out in ten at most: `\u{10ffff}`.
            prop_assert!(repeated(&text).chars().count() <= MAX_REPEATED_LEN * 10 + 1);
        }
    }

    #[test]
    fn what_people_wrote_is_shown_as_they_wrote_it() {
        for text in [
            "did not find expected '-' indicator",
            r#"^v\d+"$"#,
            "grüße 🚢",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn a_terminal_has_nothing_to_obey() {
        assert_eq!(
            visible("a\u{1b}[31m\n\u{202e}b\0"),
            r"a\u{1b}[31m\n\u{202e}b\0"
        );
    }
}
