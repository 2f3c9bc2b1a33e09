//! Identifiers in the forms AWS uses, drawn from a seeded generator so that a run can be repeated.

/// SplitMix64: tiny, well distributed, and the same on every machine for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    state: u64,
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn chars(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| {
                let at = self.next() % alphabet.len() as u64;
                char::from(
                    usize::try_from(at)
                        .ok()
                        .and_then(|at| alphabet.get(at))
                        .copied()
                        .unwrap_or(b'0'),
                )
            })
            .collect()
    }

    /// A 19-digit number, as in `ecs-svc/9223370493425779968`.
    pub(crate) fn digits(&mut self) -> String {
        (1_000_000_000_000_000_000 + self.next() % 8_000_000_000_000_000_000).to_string()
    }

    /// Lower-case hexadecimal digits, as in a task id.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.chars(LOWER_HEX, count)
    }

    /// Upper-case letters and digits, as in `d-RPCR1U3TW`.
    pub(crate) fn upper(&mut self, count: usize) -> String {
        self.chars(UPPER, count)
    }

    /// Letters and digits, as in the id of a service deployment.
    pub(crate) fn mixed(&mut self, count: usize) -> String {
        self.chars(MIXED, count)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }
}
