//! The token that a request to decide carries when it goes out by e-mail: whoever sends it back may
//! decide that request, in that way, and nothing else.
//!
//! It is `<release>.<approval>.<HMAC>`. The decision is not in it but in its HMAC, so that the
//! token that approves does not reject. That it counts once is the ledger's affair.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::decision::Decision;
use crate::names::{ApprovalId, ReleaseId};

/// Shortest key in bytes: as long as the HMAC.
pub const MIN_KEY_LEN: usize = 32;

/// Longest token in bytes that is looked at: the names have at most 57 and 32, the HMAC has 64.
const MAX_TOKEN_LEN: usize = 160;

/// What the HMAC is made for, so that none that the key was ever used for elsewhere fits.
const DOMAIN: &[u8] = b"towpath approval token 1";

/// Why a token is not made, or not taken. Nothing of the token is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum TokenError {
    /// The key is missing or too short to protect anything.
    #[error("the token key has {0} bytes: generate one of at least 32 random bytes")]
    ShortKey(usize),
    /// The text is not a token at all.
    #[error("this is not a token: copy it whole, as the request shows it")]
    Shape,
    /// The token is not for this decision, or not ours.
    #[error("the token does not allow this decision")]
    Mismatch,
}

/// The token that allows `decision` about `approval` of `release`.
///
/// # Errors
/// [`TokenError::ShortKey`], rather than a token that nobody could use.
pub fn mint(
    key: &[u8],
    release: &ReleaseId,
    approval: &ApprovalId,
    decision: Decision,
) -> Result<String, TokenError> {
    let mac = mac(key, release, approval, decision)?.finalize();
    let digits = hex::encode(mac.into_bytes());
    Ok(format!("{release}.{approval}.{digits}"))
}

/// What `token` names, whether or not it allows anything: only good for telling people that it does
/// not.
#[must_use]
pub fn claimed(token: &str) -> Option<(ReleaseId, ApprovalId)> {
    let (release, approval, _) = parts(token).ok()?;
    Some((release, approval))
}

/// What `token` allows to decide, if it allows `decision`.
///
/// # Errors
/// Why it does not. The comparison takes the same time wherever the two differ.
pub fn verify(
    key: &[u8],
    token: &str,
    decision: Decision,
) -> Result<(ReleaseId, ApprovalId), TokenError> {
    let (release, approval, digits) = parts(token)?;
    let mut claimed = [0_u8; 32];
    // One spelling for each token: `hex` would read upper-case digits, too.
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(TokenError::Shape);
    }
    hex::decode_to_slice(digits, &mut claimed).map_err(|_| TokenError::Shape)?;
    mac(key, &release, &approval, decision)?
        .verify_slice(&claimed)
        .map_err(|_| TokenError::Mismatch)?;
    Ok((release, approval))
}

/// The release, the request and the digits of the HMAC that a token consists of.
fn parts(token: &str) -> Result<(ReleaseId, ApprovalId, &str), TokenError> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(TokenError::Shape);
    }
    let mut parts = token.split('.');
    let (Some(release), Some(approval), Some(digits), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Shape);
    };
    let release: ReleaseId = release.parse().map_err(|_| TokenError::Shape)?;
    let approval: ApprovalId = approval.parse().map_err(|_| TokenError::Shape)?;
    Ok((release, approval, digits))
}

fn mac(
    key: &[u8],
    release: &ReleaseId,
    approval: &ApprovalId,
    decision: Decision,
) -> Result<Hmac<Sha256>, TokenError> {
    if key.len() < MIN_KEY_LEN {
        return Err(TokenError::ShortKey(key.len()));
    }
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).map_err(|_| TokenError::ShortKey(key.len()))?;
    let decision: &[u8] = match decision {
        Decision::Approve => b"approve",
        Decision::Reject => b"reject",
    };
    for part in [
        DOMAIN,
        release.as_str().as_bytes(),
        approval.as_str().as_bytes(),
        decision,
    ] {
        // Each part behind its length, so that no two lists of parts make the same bytes.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn release() -> ReleaseId {
        "shop-api-0123456789abcdef".parse().unwrap()
    }

    fn approval() -> ApprovalId {
        "production-1".parse().unwrap()
    }

    fn approving() -> String {
        mint(KEY, &release(), &approval(), Decision::Approve).unwrap()
    }

    #[test]
    fn a_token_allows_what_it_was_made_for() {
        assert_eq!(
            verify(KEY, &approving(), Decision::Approve),
            Ok((release(), approval()))
        );
    }

    #[test]
    fn a_token_stays_the_same_across_versions() {
        // Made apart from this code, in Python:
        // parts = [b"towpath approval token 1", b"shop-api-0123456789abcdef", b"production-1", b"approve"]
        // hmac.new(key, b"".join(len(p).to_bytes(8, "big") + p for p in parts), "sha256").hexdigest()
        assert_eq!(
            approving(),
            "shop-api-0123456789abcdef.production-1.849671b674e67bc5b169e1b75f938363a8bb341e4720c55a8505a608c9ffb1bf"
        );
    }

    #[test]
    fn a_token_allows_nothing_else() {
        assert_eq!(
            verify(KEY, &approving(), Decision::Reject),
            Err(TokenError::Mismatch)
        );
        let other_key = [b'k'; 32];
        assert_eq!(
            verify(&other_key, &approving(), Decision::Approve),
            Err(TokenError::Mismatch)
        );
        for (this, that) in [
            ("production-1", "production-2"),
            ("shop-api", "shop-web"),
            ("0123456789abcdef", "0123456789abcdee"),
        ] {
            let forged = approving().replacen(this, that, 1);
            assert_eq!(
                verify(KEY, &forged, Decision::Approve),
                Err(TokenError::Mismatch)
            );
        }
    }

    #[test]
    fn what_a_token_names_is_read_whether_or_not_it_allows_anything() {
        let named = Some((release(), approval()));
        assert_eq!(claimed(&approving()), named);
        assert_eq!(claimed("shop-api-0123456789abcdef.production-1.x"), named);
        assert_eq!(claimed("shop-api-0123456789abcdef.production-1"), None);
        assert_eq!(claimed(&"a".repeat(10_000)), None);
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let token = approving();
        for text in [
            "",
            "..",
            "shop-api-0123456789abcdef.production-1",
            &token[..token.len() - 1],
            &format!("{token}0"),
            &format!("{token}.x"),
            &format!(" {token}"),
            &token.to_uppercase(),
            &token.replace("production-1.", "production-1.00"),
            &"a".repeat(10_000),
        ] {
            assert_eq!(
                verify(KEY, text, Decision::Approve),
                Err(TokenError::Shape),
                "{text}"
            );
        }
    }

    #[test]
    fn a_short_key_protects_nothing() {
        for length in [0, 31] {
            let key = vec![b'k'; length];
            assert_eq!(
                mint(&key, &release(), &approval(), Decision::Approve),
                Err(TokenError::ShortKey(length))
            );
            assert_eq!(
                verify(&key, &approving(), Decision::Approve),
                Err(TokenError::ShortKey(length))
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_no_token(text in r"\PC{0,200}|[a-z]{1,9}-[0-9a-f]{16}\.[a-z0-9-]{1,9}\.[0-9a-f]{64}") {
            prop_assert!(verify(KEY, &text, Decision::Approve).is_err());
        }

        #[test]
        fn each_changed_character_breaks_a_token(at in 0_usize..200, to in "[0-9a-z.-]") {
            let token = approving();
            let at = at % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            prop_assert!(verify(KEY, &changed, Decision::Approve).is_err());
        }
    }
}
