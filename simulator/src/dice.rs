//! Chance, all of it from the seed.

use cwg_crypto::Seed;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;

/// A generator for one concern, so that a change in one leaves the others as they were.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    pub(crate) fn new(seed: &Seed, purpose: &str, number: u64) -> Self {
        Self(seed.fork(purpose, number).rng())
    }

    /// A number below `bound`, or 0 where there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The bias of a remainder does not matter to a simulation.
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < u64::from(permille)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a length")
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.index(last + 1);
            values.swap(last, other);
        }
    }
}
