//! Texts that are no JSON, told by how they begin and by where reading them failed.

use super::keys::Top;
use super::line::has_line;
use super::{Kind, OtherFormat};
use crate::json::JsonError;

/// Bytes that are no text in UTF-8.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<OtherFormat> {
    let kind = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..] => Kind::Utf16,
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..] => Kind::Compressed,
        _ => {
            let error = std::str::from_utf8(bytes).err()?;
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
            return Some(OtherFormat::at(
                Kind::NotUtf8,
                format!("from line {line} on"),
            ));
        }
    };
    Some(OtherFormat::new(kind))
}

/// What a text is that JSON's reader refused, if it can be told.
pub(crate) fn of_text(text: &str, error: &JsonError) -> Option<OtherFormat> {
    let JsonError::Syntax {
        reason,
        line,
        column,
    } = error
    else {
        return None;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if start.is_empty() {
        return Some(OtherFormat::new(Kind::Empty));
    }
    let without_comments = after_comments(start);
    if is_toml(without_comments) && !is_terraform(text) {
        return Some(OtherFormat::new(Kind::Toml));
    }
    if !without_comments.starts_with(['{', '[']) {
        return by_its_beginning(start).map(OtherFormat::new);
    }
    if let Some(key) = reason.strip_suffix(" is there twice") {
        return Some(OtherFormat::at(
            Kind::KeyTwice,
            format!("{key}, line {line}"),
        ));
    }
    let failure = Failure {
        text,
        reason,
        line: *line,
        column: *column,
    };
    let kind = failure.kind().or_else(|| {
        let has_comment = without_comments.len() != start.len();
        has_comment.then_some(Kind::Comment)
    })?;
    Some(OtherFormat::at(kind, format!("line {line}")))
}

/// The text without the comments that it begins with.
pub(super) fn after_comments(text: &str) -> &str {
    let mut rest = text;
    loop {
        let after = if rest.starts_with("//") || rest.starts_with('#') {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

/// Where and why reading a text failed that looks like JSON at first.
struct Failure<'a> {
    text: &'a str,
    reason: &'a str,
    line: usize,
    column: usize,
}

impl Failure<'_> {
    fn kind(&self) -> Option<Kind> {
        let (before, rest) = self.split();
        let rest = rest.trim_start();
        if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') {
            return Some(Kind::Comment);
        }
        let by_reason = [
            ("trailing comma", Kind::TrailingComma),
            ("EOF", Kind::CutOff),
            ("control character", Kind::LineInText),
            ("lone leading surrogate", Kind::HalfCharacter),
            ("unexpected end of hex escape", Kind::HalfCharacter),
        ];
        for (reason, kind) in by_reason {
            if self.reason.starts_with(reason) {
                return Some(kind);
            }
        }
        let opens_twice = before.ends_with('{') && rest.starts_with(['{', '%']);
        if opens_twice || is_placeholder(rest) {
            return Some(Kind::Placeholder);
        }
        if rest.starts_with(['“', '”', '„', '‘', '’', '«', '»']) {
            return Some(Kind::TypographicQuotes);
        }
        if self.reason.starts_with("trailing characters") {
            return rest.starts_with(['{', '[']).then_some(Kind::SecondValue);
        }
        if self.reason.starts_with("expected `,` or") && rest.starts_with(['"', '{', '[']) {
            return Some(Kind::MissingComma);
        }
        self.of_another_language(rest)
    }

    /// Keys without quotes, texts in single quotes, and words that JSON has not.
    fn of_another_language(&self, rest: &str) -> Option<Kind> {
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let after = rest[word.len()..].trim_start();
        let of_terraform = ["var", "local", "data", "module", "jsonencode"];
        if of_terraform.contains(&word) || (!word.is_empty() && after.starts_with("= ")) {
            return Some(Kind::Terraform);
        }
        let is_key = self.reason.starts_with("key must be a string");
        if ["True", "False", "None", "datetime"].contains(&word)
            || (is_key && rest.starts_with('\''))
        {
            return Some(Kind::Python);
        }
        // A number that is written wrongly is JSON's own matter.
        let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_name || rest.starts_with(['\'', '`', '$', '(', '|'])).then_some(Kind::Jsonnet)
    }

    /// The text before the character that could not be taken, and from there.
    fn split(&self) -> (&str, &str) {
        let lines = self.text.split_inclusive('\n').map(str::len);
        let start: usize = lines.take(self.line.saturating_sub(1)).sum();
        let mut at = (start + self.column.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        self.text.split_at(at)
    }
}

/// `${NAME}`, `$(NAME)`, `$NAME`, `<NAME>`, `%NAME%`, `@NAME@`, `__NAME__`: what tools replace.
fn is_placeholder(rest: &str) -> bool {
    let starts = ["${", "$(", "<", "%", "@", "__"];
    let is_variable = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
    starts.iter().any(|start| rest.starts_with(start))
        || rest.strip_prefix('$').is_some_and(is_variable)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A text that does not even begin like JSON.
fn by_its_beginning(text: &str) -> Option<Kind> {
    let line = text.lines().next().unwrap_or_default().trim();
    let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    let is_alone = text.lines().count() == 1 && !line.contains(char::is_whitespace);
    if is_alone && (line.contains(":task-definition/") || is_revision(line)) {
        return Some(Kind::ArnAlone);
    }
    if begins(&[
        "An error occurred",
        "Unable to locate",
        "usage: aws",
        "aws: error",
    ]) || line.contains("Exception")
    {
        return Some(Kind::CliError);
    }
    if begins(&["--------", "|", "TASKDEFINITION", "CONTAINERDEFINITIONS"]) {
        return Some(Kind::CliTable);
    }
    if is_terraform(text) {
        return Some(Kind::Terraform);
    }
    if begins(&["<"]) {
        return Some(Kind::Markup);
    }
    if begins(&[
        "local ",
        "import ",
        "export ",
        "const ",
        "module.exports",
        "function",
        "(",
    ]) {
        return Some(Kind::Jsonnet);
    }
    if text.lines().any(is_yaml) {
        return Some(of_yaml(text));
    }
    None
}

/// `web:7`
fn is_revision(line: &str) -> bool {
    line.split_once(':').is_some_and(|(family, revision)| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        !family.is_empty() && family.chars().all(|c| is_word(c) || c == '-') && is_number(revision)
    })
}

pub(super) fn is_terraform(text: &str) -> bool {
    let starts = [
        "resource \"",
        "data \"",
        "module \"",
        "output \"",
        "provider \"",
        "variable \"",
        "locals {",
        "terraform {",
        "container_definitions ",
        "container_definitions=",
    ];
    starts.iter().any(|start| has_line(text, start))
}

/// Begins with `[table]`, or with `key = value`.
pub(super) fn is_toml(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |c: char| is_word(c) || matches!(c, '-' | '.' | '"' | '\'');
        !name.is_empty() && name.chars().all(is_part)
    };
    let is_pair = |line: &str| {
        let pair = line.split_once('=');
        pair.is_some_and(|(key, value)| {
            is_name(key.trim())
                && key.ends_with(' ')
                && value.starts_with(' ')
                && !value.starts_with(" {")
        })
    };
    let first = text.lines().next().unwrap_or_default().trim();
    let table = first
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let table = table.map(|name| {
        let inner = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        inner.unwrap_or(name)
    });
    let begins_table = table.is_some_and(is_name) && text.lines().any(|line| is_pair(line.trim()));
    begins_table || (is_pair(first) && !first.ends_with('{'))
}

/// `key: value`, `- item`, `---`
fn is_yaml(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let is_key = line.split_once(':').is_some_and(|(key, value)| {
        let key = key.trim_matches(['"', '\'']);
        let is_name = |c: char| is_word(c) || c == '-' || c == '.';
        !key.is_empty() && key.chars().all(is_name) && (value.is_empty() || value.starts_with(' '))
    });
    is_key || line == "---" || line.starts_with("%YAML")
}

fn of_yaml(text: &str) -> Kind {
    match Top::of_yaml(text).kind() {
        Some(Kind::Capitals) => Kind::CloudFormation,
        // What could be read as YAML, once it is asked for.
        Some(
            Kind::Container
            | Kind::Definitions
            | Kind::ErrorAnswer
            | Kind::Listing
            | Kind::NoFamily
            | Kind::Service
            | Kind::TaskDefinition,
        )
        | None => Kind::Yaml,
        Some(kind) => kind,
    }
}
