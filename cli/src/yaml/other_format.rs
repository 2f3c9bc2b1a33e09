//! What a file is that neither YAML nor JSON can be read from, where that shows.

use towpath_taskdef::repeated;

use super::document::{Position, Unreadable};

/// A file with nothing in it.
pub(crate) fn empty(at: Position) -> Unreadable {
    Unreadable::new(
        at,
        "the file is empty",
        "describe a pipeline: `towpath schema --markdown` shows every key",
    )
}

/// What is told in place of what the parser says: what the file is, if that shows at its start or in
/// the line that cannot be read. A line that begins with one of `marks` is meant as a comment.
pub(crate) fn instead_of(text: &str, error: Unreadable, marks: &[&str]) -> Unreadable {
    let line = text.lines().nth(error.at.line.saturating_sub(1));
    let line = line.unwrap_or_default().trim();
    if let Some(placeholder) = placeholder(line) {
        return Unreadable::new(
            error.at,
            format!("`{placeholder}` is a template's, and nothing fills it in here"),
            "fill the template in first, and give what comes out of it; a text with braces stands in quotes",
        );
    }
    if is_jsonnet(text) {
        return Unreadable::new(
            error.at,
            "the file is Jsonnet",
            "give what it makes: `jsonnet FILE | towpath lint -`",
        );
    }
    let is_there = |mark: &&&str| line.starts_with(**mark) || line.contains(&format!(" {mark}"));
    if let Some(mark) = marks.iter().find(is_there) {
        return Unreadable::new(
            error.at,
            format!("`{mark}` begins no comment here"),
            "remove it; YAML has comments that begin with `#`, in a file that is named .yaml",
        );
    }
    error
}

/// A placeholder of Helm, Jinja, ERB or GitHub Actions that stands outside of quotes, as it is repeated:
/// the marks alone where there is more in it than names, which may be a value.
fn placeholder(line: &str) -> Option<String> {
    let (start, end) = [("${{", "}}"), ("{{", "}}"), ("{%", "%}"), ("<%", "%>")]
        .into_iter()
        .find(|(start, _)| line.contains(start))?;
    let at = line.find(start)?;
    let is_quoted = line[..at].ends_with(['"', '\'']);
    let from = (!is_quoted).then(|| &line[at + start.len()..])?;
    let is_in_names = |c: char| c.is_ascii_alphanumeric() || " _-.$|=".contains(c);
    let inner = from.find(end).map(|at| &from[..at]);
    Some(match inner.filter(|inner| inner.chars().all(is_in_names)) {
        Some(inner) if repeated(inner) == inner => format!("{start}{inner}{end}"),
        Some(_) | None => format!("{start} … {end}"),
    })
}

fn is_jsonnet(text: &str) -> bool {
    let begins = |start: &str| text.trim_start().starts_with(start);
    ["local ", "function(", "import ", "std."]
        .iter()
        .any(|start| begins(start))
        || text
            .lines()
            .any(|line| line.trim_start().starts_with("local ") && line.contains('='))
}
