//! Contradictions within an HTTP check.

use towpath_taskdef::repeated_key;

use super::pointer;
use crate::pipeline::HttpCheck;
use crate::pipeline::finding::Found;
use crate::target::{AddressPolicy, CheckUrl, Denied, Host};

/// Longest time in seconds that one answer may take.
const MAX_ANSWER_SECONDS: u32 = 20;

/// Headers that the connection itself sets.
const OWN_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn find(http: &HttpCheck, path: &str, found: &mut Found) {
    url(&http.url, &format!("{path}.url"), found);
    if !(100..=599).contains(&http.status) {
        found.add(
            format!("{path}.status"),
            format!("{} is not an HTTP status", http.status),
            "use one from 100 to 599",
        );
    }
    headers(http, path, found);
    if http.body_contains.as_deref() == Some("") {
        found.add(
            format!("{path}.body_contains"),
            "every body contains an empty text",
            "write the text, or leave the key out",
        );
    }
    for text in http.json.keys() {
        if let Some(fault) = pointer::fault(text) {
            found.add(format!("{path}.json.{text}"), fault.problem, fault.help);
        }
    }
    timing(http, path, found);
}

/// The URL is read by what reads it when the check runs. Of addresses only those are found that no
/// check ever goes to: which others are allowed is the deployer's setting.
fn url(text: &str, path: &str, found: &mut Found) {
    match text.parse::<CheckUrl>() {
        Err(error) => found.add(path, error.to_string(), error.help()),
        Ok(url) => {
            let Host::Address(address) = url.host() else {
                return;
            };
            if let Err(denied @ Denied::Never { .. }) = AddressPolicy::default().admit(*address) {
                found.add(
                    path,
                    denied.to_string(),
                    "name the load balancer's listener that tests green",
                );
            }
        }
    }
}

fn headers(http: &HttpCheck, path: &str, found: &mut Found) {
    for (name, value) in &http.headers {
        let path = format!("{path}.headers.{name}");
        let shown = repeated_key(name);
        // <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            found.add(
                &path,
                format!("`{shown}` is not the name of a header"),
                "use letters, digits and -",
            );
        } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            found.add(
                &path,
                format!("`{shown}` is set by the connection itself"),
                "leave it out",
            );
        }
        if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            found.add(
                &path,
                format!("the value of `{shown}` has characters that a header cannot carry"),
                "use printable ASCII",
            );
        }
    }
}

fn timing(http: &HttpCheck, path: &str, found: &mut Found) {
    if http.attempts == 0 || http.attempts > 100 {
        found.add(
            format!("{path}.attempts"),
            format!("{} requests make no check", http.attempts),
            "make 1 to 100",
        );
        return;
    }
    if http.successes == 0 || http.successes > http.attempts {
        found.add(
            format!("{path}.successes"),
            format!(
                "{} successes cannot be told from {} attempts",
                http.successes, http.attempts
            ),
            format!("ask for 1 to {}", http.attempts),
        );
    }
    if http.timeout.seconds() > MAX_ANSWER_SECONDS {
        found.add(
            format!("{path}.timeout"),
            format!("{} is too long to wait for one answer", http.timeout),
            format!("wait at most {MAX_ANSWER_SECONDS}s, and make more attempts"),
        );
    }
}
