//! What decides about everything that is left to chance: a tape, so that a story can be told again
//! and made shorter.

/// A tape of decisions. When it has run out, everything goes well: faults have stopped.
#[derive(Debug, Clone)]
pub struct Dice {
    tape: Vec<u8>,
    at: usize,
    /// Up to where the tape is read for now.
    until: usize,
}

impl Dice {
    /// Decisions as they stand on the tape.
    #[must_use]
    pub fn new(tape: Vec<u8>) -> Self {
        let until = tape.len();
        Self { tape, at: 0, until }
    }

    /// A tape of `length` decisions that only depends on the seed.
    #[must_use]
    pub fn seeded(seed: u64, length: usize) -> Self {
        // SplitMix64: <https://doi.org/10.1145/2714064.2660195>.
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).to_le_bytes()[0]
        };
        Self::new((0..length).map(|_| draw()).collect())
    }

    /// A number below `sides`. Smaller is kinder, and 0 is what comes when the tape has run out.
    pub fn roll(&mut self, sides: usize) -> usize {
        if sides < 2 {
            return 0;
        }
        if self.is_calm() {
            return 0;
        }
        let Some(byte) = self.tape.get(self.at) else {
            return 0;
        };
        self.at += 1;
        usize::from(*byte) % sides
    }

    /// Whether faults have stopped.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.at >= self.until
    }

    /// Faults stop when that part of the tape was read; in eighths.
    pub fn stop_after(&mut self, eighths: usize) {
        self.until = self.tape.len() * eighths.min(8) / 8;
    }

    /// Whether there is nothing on the tape.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tape.is_empty()
    }

    /// Stops all faults.
    pub fn calm(&mut self) {
        self.at = self.at.max(self.until);
    }
}
