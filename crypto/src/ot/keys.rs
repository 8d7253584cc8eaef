//! What correlated entries are used for: keys of oblivious transfers, and entries over the whole field.

use core::fmt;
use core::iter::zip;

use zeroize::Zeroizing;

use super::{Delta, session_mmo};
use crate::{Block, Digest, Domain, Mmo};

/// Hash of correlated entries to keys: TMMO of 2019/074, section 7.4, under an AES key of the session.
///
/// ```text
/// H(i, x) = π(π(x) + i) + π(x)
/// ```
///
/// Tweakable and correlation-robust, also for a Δ that the other side chose, in the ideal-cipher model. The tweak i is the number
/// of an entry; no two entries under one session may have the same.
pub struct OtHash(Mmo);

impl OtHash {
    /// The hash of a session.
    pub fn new(session: &Digest) -> Self {
        Self(session_mmo(Domain::CotKey, session))
    }

    /// For each entry of the side with t, the key H(i, t), for i from `first` on: that of its bit u in the pair of the other side.
    pub fn chosen_keys(&self, first: u64, t: &[Block]) -> Zeroizing<Vec<Block>> {
        let mut keys = Zeroizing::new(t.to_vec());
        self.hash_in_place(first, &mut keys);
        keys
    }

    /// For each entry of the side with q, the keys for bit 0, H(i, q), and for bit 1, H(i, q + Δ), for i from `first` on.
    pub fn key_pairs(&self, first: u64, q: &[Block], delta: &Delta) -> Zeroizing<Vec<[Block; 2]>> {
        let keys_0 = self.chosen_keys(first, q);
        let mut keys_1 = Zeroizing::new(q.iter().map(|q| *q + delta.block()).collect::<Vec<_>>());
        self.hash_in_place(first, &mut keys_1);
        Zeroizing::new(zip(keys_0.iter(), keys_1.iter()).map(|(key_0, key_1)| [*key_0, *key_1]).collect())
    }

    /// With y = π(x), and an MMO that gives π(z) + z: H(i, x) = MMO(y + i) + i.
    fn hash_in_place(&self, first: u64, blocks: &mut [Block]) {
        let tweaks = || (0_u128..).map(|number| Block::new(u128::from(first) + number));
        let mut inner = Zeroizing::new(blocks.to_vec());
        self.0.hash_in_place(&mut inner);
        for ((block, inner), tweak) in blocks.iter_mut().zip(inner.iter()).zip(tweaks()) {
            *block += *inner + tweak;
        }
        self.0.hash_in_place(blocks);
        zip(blocks, tweaks()).for_each(|(block, tweak)| *block += tweak);
    }
}

impl fmt::Debug for OtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtHash(..)")
    }
}

/// One entry over GF(2^128) from each run of 128: the sum over i of x^i times entry i.
///
/// Of the t and q of a correlation this makes a and b with a = b + y·Δ, where y is the block of the 128 bits u: block k of
/// [`Correlation::bits`](super::Correlation::bits) for run k.
///
/// # Panics
/// If the number of entries is not a multiple of 128.
pub fn field_entries(entries: &[Block]) -> Zeroizing<Vec<Block>> {
    let (runs, rest) = entries.as_chunks::<128>();
    assert!(rest.is_empty(), "a run has 128 entries");
    let horner = |run: &[Block; 128]| run.iter().rev().fold(Block::ZERO, |sum, entry| sum.times_x() + *entry);
    Zeroizing::new(runs.iter().map(horner).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Domain, derive_public, digest};

    #[test]
    fn the_hash_is_tmmo_as_written() {
        use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
        let session = digest(Domain::Session, &[b"tmmo"]);
        let aes = aes::Aes128::new_from_slice(&derive_public(Domain::CotKey, &[session.as_bytes()]).as_bytes()[..16])
            .unwrap();
        let permuted = |block: Block| {
            let mut bytes = block.to_bytes().into();
            aes.encrypt_block(&mut bytes);
            Block::from_bytes(bytes.into())
        };
        let inputs = [Block::ZERO, Block::ONE, Block::new(7 << 100)];
        let keys = OtHash::new(&session).chosen_keys(u64::MAX, &inputs);
        for (number, (input, key)) in zip(inputs, keys.iter()).enumerate() {
            let tweak = Block::new(u128::from(u64::MAX) + number as u128);
            assert_eq!(*key, permuted(permuted(input) + tweak) + permuted(input));
        }
    }

    #[test]
    fn a_run_of_entries_is_combined_with_powers_of_x() {
        let entries: Vec<_> = (1..=256).map(|number| Block::new(number * 0x1234_5678_9abc_def1)).collect();
        let mut expected = [Block::ZERO; 2];
        for (i, entry) in entries.iter().enumerate() {
            expected[i / 128] += Block::new(1 << (i % 128)) * *entry;
        }
        assert_eq!(field_entries(&entries)[..], expected);
    }
}
