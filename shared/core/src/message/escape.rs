//! Hostile text made harmless: tags, repository names and reasons come from outside.

/// The text on one line, without control characters and without the characters that turn the
/// direction of writing around, at most `longest` characters.
#[must_use]
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text
        .chars()
        .filter(|c| !is_unseen(*c))
        .map(|c| if ends_line(c) { ' ' } else { c })
        .take(longest + 1)
        .collect();
    if line.chars().count() > longest {
        line = line.chars().take(longest.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

/// The text for a place where Slack reads mrkdwn: `&`, `<` and `>` are control characters there
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>), so that no text can
/// become a mention or a link.
#[must_use]
pub fn slack_text(text: &str) -> String {
    one_line(text, 600)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Escaped text of at most `longest` characters, cut where no escape sequence is cut in two.
pub(super) fn cut(escaped: &str, longest: usize) -> String {
    let Some((end, _)) = escaped.char_indices().nth(longest) else {
        return escaped.to_owned();
    };
    let whole = &escaped[..end];
    match whole.rfind('&') {
        Some(begun) if !whole[begun..].contains(';') => whole[..begun].to_owned(),
        Some(_) | None => whole.to_owned(),
    }
}

/// Control characters, and Unicode's own separators of lines and paragraphs.
fn ends_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Characters that are not seen: the explicit directional formatting characters of Unicode's
/// bidirectional algorithm (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>),
/// the invisible operators and marks, and the tags.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{61c}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_mention_or_a_link() {
        assert_eq!(
            slack_text("<!channel> & <http://x|y>"),
            "&lt;!channel&gt; &amp; &lt;http://x|y&gt;"
        );
    }

    #[test]
    fn a_line_stays_a_line_and_reads_left_to_right() {
        assert_eq!(one_line("a\nb\u{202e}c\u{1b}[0m", 80), "a bc [0m");
    }

    #[test]
    fn a_long_line_is_cut_with_a_mark() {
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abcd", 4), "abcd");
    }
}
