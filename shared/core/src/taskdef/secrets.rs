//! Which values of a task definition are not to be shown.
//!
//! ECS marks all environment variables as sensitive, but a diff that hides `LOG_LEVEL` helps nobody.
//! A value is hidden if its name or its own form says that it is a secret. When in doubt it is
//! hidden: a value too many is a nuisance, one too few a leak.

/// Whatever contains one of these, in any case, is the name of a secret.
const PARTS: [&str; 18] = [
    "secret",
    "token",
    "passw",
    "passwd",
    "passphrase",
    "pwd",
    "key",
    "credential",
    "private",
    "signature",
    "signing",
    "webhook",
    "bearer",
    "cookie",
    "authoriz",
    "salt",
    "hmac",
    "dsn",
];

/// So is whatever has one of these as a word of its own.
const WORDS: [&str; 12] = [
    "auth", "cred", "creds", "jwt", "pass", "pat", "pin", "psk", "pw", "sas", "session", "sig",
];

/// How secrets of well-known kinds begin.
const BEGINNINGS: [&str; 17] = [
    "-----BEGIN ",
    "AKIA",
    "ASIA",
    "AIza",
    "SG.",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "npm_",
    "pypi-",
    "sk-",
    "sk_live_",
    "xox",
];

/// Whether the value of this name is to be hidden.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PARTS.iter().any(|part| lower.contains(part))
        || words(name).any(|word| WORDS.contains(&&*word.to_ascii_lowercase()))
}

/// Whether a value looks like a secret, whatever its name: by how it begins, as a URL with a
/// password in it, or as text that assigns a secret (`--password=…`, `token: …`).
pub(crate) fn is_secret_value(value: &str) -> bool {
    // An ARN is where something is; `arn:…:secret:name` assigns nothing.
    if value.starts_with("arn:") && !value.contains(char::is_whitespace) {
        return false;
    }
    BEGINNINGS
        .iter()
        .any(|beginning| value.starts_with(beginning))
        || value.contains("-----BEGIN ")
        || value.split_whitespace().any(has_url_password)
        || gives_user_and_password(value)
        || assigns_secret(value)
}

/// `curl -u admin:hunter2`, and `--user`.
fn gives_user_and_password(value: &str) -> bool {
    let mut words = value.split_whitespace();
    while let Some(word) = words.next() {
        if ["-u", "--user"].contains(&word) && words.next().is_some_and(|next| next.contains(':')) {
            return true;
        }
    }
    false
}

/// The words of `DB_PASS`, `db-pass`, `dbPass`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|part| {
            let bytes = part.as_bytes();
            let mut starts = vec![0];
            starts.extend((1..bytes.len()).filter(|&at| {
                bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase()
            }));
            starts.push(bytes.len());
            let pairs: Vec<_> = starts.windows(2).map(|pair| (pair[0], pair[1])).collect();
            pairs
                .into_iter()
                .filter_map(move |(from, to)| part.get(from..to))
        })
}

/// `scheme://user:password@host`, and the parameters of signed URLs.
fn has_url_password(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':'))
        || rest.split(['?', '&', ';']).skip(1).any(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            is_secret_name(name)
        })
}

/// A name of a secret, then `=` or `:`, then something; or an option such as `--password x`.
fn assigns_secret(value: &str) -> bool {
    let assigned = value.char_indices().any(|(at, c)| {
        if c != '=' && c != ':' {
            return false;
        }
        let after = &value[at + 1..];
        // A scheme's colon, as in `token://`, and a path's, as in `a::b`, assign nothing.
        if after.is_empty() || (c == ':' && after.starts_with(['/', ':'])) {
            return false;
        }
        let name = value[..at]
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .next()
            .unwrap_or_default();
        is_secret_name(name)
    });
    assigned
        || value
            .split_whitespace()
            .any(|word| word.starts_with('-') && is_secret_name(word.trim_start_matches('-')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_secrets_are_known() {
        for name in [
            "SECRET",
            "DB_PASSWORD",
            "db-password",
            "dbPass",
            "API_KEY",
            "APIKEY",
            "SSHKEY",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "JWT",
            "SENTRY_DSN",
            "BASIC_AUTH",
            "SLACK_WEBHOOK_URL",
            "splunk-token",
            "PGPASSWORD",
            "encryptionKey",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "LOG_LEVEL",
            "PORT",
            "TOWPATH_RELEASE",
            "COMMIT",
            "AUTHOR",
            "PATH",
            "COMPASS",
            "AWS_REGION",
            "SPINNER",
            "PASSENGERS",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_form() {
        for value in [
            "postgres://shop:hunter2@db.internal:5432/shop",
            "curl -f -u admin:hunter2 http://localhost/health || exit 1",
            "see https://user:pw@host/x",
            "https://b.s3.amazonaws.com/x?X-Amz-Signature=0123",
            "AKIAIOSFODNN7EXAMPLE",
            "-----BEGIN RSA PRIVATE KEY-----\nx",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "ghp_0123456789",
            "--password=hunter2",
            "--db-password hunter2",
            "addr=10.0.0.1,username=u,password=p",
            "Authorization: Basic dTpw",
        ] {
            assert!(is_secret_value(value), "{value}");
        }
        for value in [
            "https://shop.example/path?page=2",
            "postgres://db.internal/shop",
            "shop@sha256:0123",
            "Host(`a.example`) && Path=/x=y",
            "info",
            "",
            "-",
            "=",
            ":",
            "a=b",
            "--verbose",
            "arn:aws:iam::111122223333:role/shop-task",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
            "CMD-SHELL",
        ] {
            assert!(!is_secret_value(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in any::<String>()) {
            is_secret_name(&text);
            is_secret_value(&text);
            let assignment = format!("password={text}x");
            prop_assert!(is_secret_value(&assignment));
        }
    }
}
