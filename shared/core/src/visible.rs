//! Text from anywhere as it is shown to people.

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

#[cfg(test)]
mod tests {
    use super::*;

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
