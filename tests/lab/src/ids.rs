//! Identifiers that look like AWS's and are the same on every run with the same seed.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A source of identifiers. Not a source of secrets: whoever knows the seed knows them all.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    next: AtomicU64,
}

impl Ids {
    /// A source whose identifiers depend on `seed` and on how many were drawn before.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            next: AtomicU64::new(0),
        }
    }

    fn bytes(&self) -> [u8; 32] {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(n.to_be_bytes());
        hash.finalize().into()
    }

    /// A version 4 UUID, as AWS uses for request and event ids.
    pub(crate) fn uuid(&self) -> String {
        let bytes = self.bytes();
        let hex = hex::encode(&bytes[..16]);
        let variant = ['8', '9', 'a', 'b'][usize::from(bytes[16] % 4)];
        format!(
            "{}-{}-4{}-{}{}-{}",
            &hex[0..8],
            &hex[8..12],
            &hex[13..16],
            variant,
            &hex[17..20],
            &hex[20..32]
        )
    }

    /// `length` (up to 32) upper-case letters and digits, as in access key ids and Slack ids.
    pub(crate) fn code(&self, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        self.bytes()
            .iter()
            .take(length)
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect()
    }

    /// 64 hexadecimal digits, used where AWS hands out opaque tokens.
    pub(crate) fn token(&self) -> String {
        hex::encode(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_form_of_aws_and_depend_on_the_seed_only() {
        let ids = Ids::new(7);
        let first = ids.uuid();

        assert_eq!(first.len(), 36);
        assert_eq!(first.as_bytes()[14], b'4');
        assert_ne!(first, ids.uuid());
        assert_eq!(first, Ids::new(7).uuid());
        assert_ne!(first, Ids::new(8).uuid());
        assert_eq!(ids.code(16).len(), 16);
    }
}
