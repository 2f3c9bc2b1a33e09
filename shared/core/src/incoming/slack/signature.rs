//! Whether Slack sent a request:
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// How far in seconds the time of a request may be from now, so that it cannot be replayed later.
const WINDOW: u64 = 300;

/// Why a request is not taken for Slack's. Nothing of the request is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signing secret is configured, so that nothing can be verified.
    #[error("no signing secret is configured")]
    NoSecret,
    /// A header is missing.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// The time is not seconds in digits, once.
    #[error("x-slack-request-timestamp is not one number of seconds")]
    Timestamp,
    /// The time is too far from now.
    #[error("the request was signed {0} s from now, and at most 300 s are taken")]
    Stale(u64),
    /// The signature is not `v0=` and 64 hexadecimal digits in lower case, once.
    #[error("x-slack-signature is not one signature of version 0")]
    Signature,
    /// The signature is not that of this body at this time with this secret.
    #[error("the signature does not fit the request")]
    Mismatch,
}

/// A signature as a request carries it: well-formed and of now, and not verified.
///
/// Whatever can be refused without the secret is refused here, so that most of what strangers send
/// never asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlackSignature<'a> {
    timestamp: &'a str,
    expected: [u8; 32],
}

impl<'a> SlackSignature<'a> {
    /// Reads the values of `x-slack-request-timestamp` and `x-slack-signature`, which has to be made
    /// within 300 seconds of `now`.
    ///
    /// # Errors
    /// Why they are no such signature. The answer to each is 401.
    pub fn read(
        timestamp: Option<&'a str>,
        signature: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, SignatureError> {
        let timestamp = timestamp.ok_or(SignatureError::Missing("x-slack-request-timestamp"))?;
        let signature = signature.ok_or(SignatureError::Missing("x-slack-signature"))?;
        // Digits alone: a sign, a space or a second value joined by a comma would be signed as text
        // and read as a number, and those two must not differ.
        if timestamp.is_empty()
            || timestamp.len() > 12
            || !timestamp.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(SignatureError::Timestamp);
        }
        let signed_at: i64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
        let away = now.as_second().abs_diff(signed_at);
        if away > WINDOW {
            return Err(SignatureError::Stale(away));
        }
        let digits = signature
            .strip_prefix("v0=")
            .ok_or(SignatureError::Signature)?;
        // One spelling of each signature: Slack writes lower case.
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(SignatureError::Signature);
        }
        let mut expected = [0_u8; 32];
        hex::decode_to_slice(digits, &mut expected).map_err(|_| SignatureError::Signature)?;
        Ok(Self {
            timestamp,
            expected,
        })
    }

    /// Verifies that this was made with `secret` of `body`: as it was sent, before anything is
    /// decoded from it.
    ///
    /// # Errors
    /// When it was not. The answer is 401.
    pub fn verify(&self, secret: &[u8], body: &[u8]) -> Result<(), SignatureError> {
        if secret.is_empty() {
            return Err(SignatureError::NoSecret);
        }
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).map_err(|_| SignatureError::NoSecret)?;
        mac.update(b"v0:");
        mac.update(self.timestamp.as_bytes());
        mac.update(b":");
        mac.update(body);
        // In constant time.
        mac.verify_slice(&self.expected)
            .map_err(|_| SignatureError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incoming::fixtures::fixture;

    struct Signed {
        secret: String,
        timestamp: String,
        signature: String,
        body: String,
    }

    /// The example of Slack's documentation.
    fn published() -> Signed {
        let vector = fixture("slack-signature-vector");
        let text = |key: &str| vector[key].as_str().unwrap().to_owned();
        Signed {
            secret: text("signing_secret"),
            timestamp: text("timestamp"),
            signature: text("signature"),
            body: text("body"),
        }
    }

    fn verify(signed: &Signed, now: i64) -> Result<(), SignatureError> {
        let now = Timestamp::from_second(now).unwrap();
        SlackSignature::read(Some(&signed.timestamp), Some(&signed.signature), now)?
            .verify(signed.secret.as_bytes(), signed.body.as_bytes())
    }

    const SIGNED_AT: i64 = 1_531_420_618;

    #[test]
    fn the_published_example_is_slacks() {
        assert_eq!(verify(&published(), SIGNED_AT), Ok(()));
    }

    #[test]
    fn five_minutes_either_way_are_taken_and_no_more() {
        for (now, expected) in [
            (SIGNED_AT + 300, Ok(())),
            (SIGNED_AT - 300, Ok(())),
            (SIGNED_AT + 301, Err(SignatureError::Stale(301))),
            (SIGNED_AT - 301, Err(SignatureError::Stale(301))),
        ] {
            assert_eq!(verify(&published(), now), expected);
        }
    }

    #[test]
    fn anything_changed_does_not_fit() {
        for change in [
            (|signed| signed.body.push(' ')) as fn(&mut Signed),
            |signed| signed.secret.push('x'),
            |signed| signed.timestamp = (SIGNED_AT + 1).to_string(),
            |signed| {
                let last = if signed.signature.ends_with('0') {
                    "1"
                } else {
                    "0"
                };
                signed.signature.replace_range(66.., last);
            },
        ] {
            let mut signed = published();
            change(&mut signed);
            assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn a_header_that_came_twice_is_refused() {
        let mut signed = published();
        signed.signature = format!("{0},{0}", signed.signature);
        assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::Signature));
        let mut signed = published();
        signed.timestamp = format!("{0},{0}", signed.timestamp);
        assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::Timestamp));
    }

    #[test]
    fn a_time_is_ascii_digits_alone() {
        for timestamp in [
            "",
            "+1531420618",
            " 1531420618",
            "1531420618.0",
            "0x5b479f4a",
            "١٥٣١٤٢٠٦١٨",
            "9223372036854775808",
        ] {
            let signed = Signed {
                timestamp: timestamp.to_owned(),
                ..published()
            };
            assert_eq!(
                verify(&signed, SIGNED_AT),
                Err(SignatureError::Timestamp),
                "{timestamp}"
            );
        }
    }

    #[test]
    fn a_signature_is_of_version_0_and_whole() {
        for signature in ["", "v0=", "v1=00", "v0=zz", "v0=a2114d57"] {
            let signed = Signed {
                signature: signature.to_owned(),
                ..published()
            };
            assert_eq!(
                verify(&signed, SIGNED_AT),
                Err(SignatureError::Signature),
                "{signature}"
            );
        }
    }

    #[test]
    fn without_a_secret_or_a_header_nothing_is_slacks() {
        let mut signed = published();
        signed.secret.clear();
        assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::NoSecret));
        let now = Timestamp::from_second(SIGNED_AT).unwrap();
        assert_eq!(
            SlackSignature::read(None, Some("v0=00"), now),
            Err(SignatureError::Missing("x-slack-request-timestamp"))
        );
        assert_eq!(
            SlackSignature::read(Some("1531420618"), None, now),
            Err(SignatureError::Missing("x-slack-signature"))
        );
    }

    #[test]
    fn a_signature_is_written_in_lower_case() {
        let mut signed = published();
        signed.signature = format!("v0={}", signed.signature[3..].to_ascii_uppercase());
        assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::Signature));
        let mut signed = published();
        let letter = signed.signature.rfind(|c: char| c.is_ascii_lowercase());
        let at = letter.unwrap();
        signed.signature[at..=at].make_ascii_uppercase();
        assert_eq!(verify(&signed, SIGNED_AT), Err(SignatureError::Signature));
    }
}
