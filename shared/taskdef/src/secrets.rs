//! Which values are not to be shown: those of task definitions in a diff, and what people wrote in an
//! error.
//!
//! ECS marks all environment variables as sensitive, but a diff that hides `LOG_LEVEL` helps nobody.
//! A value is hidden if its name or its own form says that it is a secret. When in doubt it is
//! hidden: a value too many is a nuisance, one too few a leak.

use crate::image::ImageRef;

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
const BEGINNINGS: [&str; 18] = [
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
    "xapp-",
    "xox",
];

/// Where posting to a URL needs nothing but the URL:
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/>.
const WEBHOOKS: [&str; 6] = [
    "hooks.slack.com/",
    "hooks.slack-gov.com/",
    "/api/webhooks/",
    ".webhook.office.com/",
    "hooks.zapier.com/",
    "chat.googleapis.com/",
];

/// Longest user's name in a URL that is taken for one: what is longer is a token.
const MAX_USER_LEN: usize = 15;

/// Fewest characters of what somebody's random generator made.
const MIN_RANDOM_LEN: usize = 24;

/// Whether the value of this name is to be hidden.
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PARTS.iter().any(|part| lower.contains(part))
        || words(name).any(|word| WORDS.contains(&&*word.to_ascii_lowercase()))
}

/// Whether a value looks like a secret, whatever its name: by how a word of it begins, as a URL with a
/// password in it or that of a webhook, as text that assigns a secret (`--password=…`, `token: …`),
/// or as random characters.
pub fn is_secret_value(value: &str) -> bool {
    // An ARN is where something is; `arn:…:secret:name` assigns nothing.
    if value.starts_with("arn:") && !value.contains(char::is_whitespace) {
        return false;
    }
    // The name of an image in ECR is none either, also not `…/auth:v1`.
    if value
        .parse::<ImageRef>()
        .is_ok_and(|image| image.registry().as_ecr().is_some())
    {
        return false;
    }
    let is_end = |c: char| c.is_whitespace() || "=:,;&?\"'`(){}[]".contains(c);
    let begins_as_one = |word: &str| BEGINNINGS.iter().any(|start| word.starts_with(start));
    value.split(is_end).any(begins_as_one)
        || value.contains("-----BEGIN ")
        || WEBHOOKS.iter().any(|host| value.contains(host))
        || value.split_whitespace().any(has_url_password)
        || has_random(value)
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
    user.is_some_and(|user| user.contains(':') || user.len() > MAX_USER_LEN)
        || rest.split(['?', '&', ';']).skip(1).any(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            is_secret_name(name)
        })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Capital,
    Digit,
}

/// Characters that no person wrote: capitals, small letters and digits without order, as in the
/// secret of an access key.
fn has_random(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-');
    value.split(|c| !is_part(c)).any(|run| {
        let kind = |byte: u8| match byte {
            b'a'..=b'z' => Some(Kind::Small),
            b'A'..=b'Z' => Some(Kind::Capital),
            b'0'..=b'9' => Some(Kind::Digit),
            _ => None,
        };
        let kinds: Vec<_> = run.bytes().filter_map(kind).collect();
        // A small letter after a capital is how a word begins.
        let is_break =
            |pair: &&[Kind]| pair[0] != pair[1] && **pair != [Kind::Capital, Kind::Small];
        let breaks = kinds.windows(2).filter(is_break).count();
        run.len() >= MIN_RANDOM_LEN
            && [Kind::Small, Kind::Capital, Kind::Digit]
                .iter()
                .all(|kind| kinds.contains(kind))
            && breaks * 5 >= run.len()
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
            "xapp-1-A0-1-x",
            "DATABASE=xoxb-1-2",
            "DATABASE=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "${xoxb-1-2}",
            "https://hooks.slack.com/services/T0/B0/x",
            "https://discord.com/api/webhooks/1/x",
            "https://0123456789abcdef0123@sentry.example/1",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "T3BlbiBzZXNhbWUgd2l0aCBhIGtleQ==",
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
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/auth:3f2c1ab",
            "ssh://deploy@git.example/shop",
            "https://shop.slack.com/archives/C0123456789",
            "0f9e8d7c-6b5a-4c3d-2e1f-0a9b8c7d6e5f",
            "targetgroup/shop-api-green/0123456789abcdef",
            "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
            "MyApplicationProductionService2",
            "com.example.ShopApi/ReleaseNotesOfVersion12",
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
