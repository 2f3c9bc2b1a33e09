//! Lines of a text.

/// Whether a line begins so, wherever it is indented to.
pub(super) fn has_line(text: &str, start: &str) -> bool {
    let mut lines = text.lines();
    lines.any(|line| line.trim_start().starts_with(start))
}
