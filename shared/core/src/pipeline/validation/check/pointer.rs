//! JSON pointers: <https://www.rfc-editor.org/rfc/rfc6901>.

use towpath_taskdef::{repeated_key, visible};

/// What is wrong with a pointer, and the way out.
pub(super) struct Fault {
    pub(super) problem: String,
    pub(super) help: String,
}

pub(super) fn fault(text: &str) -> Option<Fault> {
    let shown = repeated_key(text);
    // What is not repeated is not repeated in a way out either.
    let is_shown = shown == visible(text);
    let written = |pointer: &str| format!("write `{}`", visible(pointer));
    if text.is_empty() || text.starts_with('/') {
        let escaped = escape_tildes(text);
        return (escaped != text).then(|| Fault {
            problem: format!("`{shown}` has a `~` that escapes nothing"),
            help: match is_shown {
                true => format!(
                    "{}: `~0` stands for `~`, and `~1` for `/`",
                    written(&escaped)
                ),
                false => "write `~0` for `~`, and `~1` for `/`".to_owned(),
            },
        });
    }
    let whole = format!("/{}", escape_tildes(text));
    let parts = format!("/{}", parts(text).join("/"));
    let is_clear = whole == parts || text.starts_with(['$', '#', '.', '[']);
    Some(Fault {
        problem: format!("`{shown}` is not a JSON pointer"),
        help: match (is_shown, is_clear) {
            (false, _) => "begin it with `/`".to_owned(),
            (true, true) => written(&parts),
            (true, false) => format!(
                "{}, or `{}` if that is the name of one key",
                written(&parts),
                visible(&whole)
            ),
        },
    })
}

/// Each `~` that is neither `~0` nor `~1` as `~0`.
fn escape_tildes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        escaped.push(c);
        if c == '~' && !matches!(chars.peek(), Some('0' | '1')) {
            escaped.push('0');
        }
    }
    escaped
}

/// The keys of what people write in other languages: `$.items[0].id`, `.status`, `#/status`.
fn parts(text: &str) -> Vec<String> {
    let quotes: &[char] = &['\'', '"'];
    text.split(['.', '[', ']', '/'])
        .map(|part| part.trim_matches(quotes))
        .filter(|part| !part.is_empty() && !matches!(*part, "$" | "#"))
        .map(escape_tildes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_languages_write_becomes_a_pointer_that_is_taken() {
        for (text, pointer) in [
            ("status", "/status"),
            ("$.status", "/status"),
            (".status", "/status"),
            ("#/status", "/status"),
            ("checks/db", "/checks/db"),
            ("checks.db", "/checks/db"),
            ("$.items[0]['a']", "/items/0/a"),
            ("[0].a", "/0/a"),
            ("a~b", "/a~0b"),
            ("/a~b", "/a~0b"),
            ("/a~", "/a~0"),
            ("/~2", "/~02"),
            ("/~0~1~", "/~0~1~0"),
        ] {
            let fault = fault(text).expect(text);
            assert!(fault.problem.contains(text), "{}", fault.problem);
            let help = format!("write `{pointer}`");
            assert!(fault.help.starts_with(&help), "{}", fault.help);
            assert!(super::fault(pointer).is_none(), "{pointer}");
        }
        let dotted = fault("a.b").expect("no pointer");
        assert_eq!(
            dotted.help,
            "write `/a/b`, or `/a.b` if that is the name of one key"
        );
    }

    #[test]
    fn what_is_a_pointer_is_taken() {
        for text in ["", "/", "/a.b", "/a~0b/~1", "/$", "/0", "/-", "//", "/a b"] {
            assert!(fault(text).is_none(), "{text}");
        }
    }
}
