//! How texts, times and numbers are written in a terminal.

use jiff::Timestamp;
use towpath_core::message::one_line;

/// Longest reason that is shown, in characters.
const MAX_LEN: usize = 400;

/// An instant as people read it, in UTC and to the second.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// How long ago an instant is, in its largest unit.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A number of things: `1 order`, `2 orders`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// Text from outside on one line, with nothing a terminal would obey.
pub(crate) fn safe(text: &str) -> String {
    one_line(text, MAX_LEN)
}
