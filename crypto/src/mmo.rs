//! Fixed-key AES in the Matyas-Meyer-Oseas mode, and AES in counter mode as a generator.
//!
//! π_K(x) + x is one-way and correlation-robust in the ideal-cipher model as long as K belongs to one session and one
//! purpose (Guo, Katz, Wang, Yu: 2019/074, section 4). A key here is always derived under a domain, never a global one.

use core::fmt;

use crate::Block;
use crate::simd::{self, Cipher, Path};

/// x to π_K(x) + x for one key K.
pub struct Mmo(Cipher);

impl Mmo {
    /// Under this key.
    pub fn new(key: [u8; 16]) -> Self {
        Self(Cipher::new(Path::best(), Block::from_bytes(key)))
    }

    /// Every block to its hash.
    pub fn hash_in_place(&self, blocks: &mut [Block]) {
        self.0.hash_in_place(blocks);
    }

    /// The hash of every input.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn hash(&self, inputs: &[Block], outputs: &mut [Block]) {
        assert_eq!(inputs.len(), outputs.len(), "one output an input");
        self.0.hash(inputs, outputs);
    }
}

impl fmt::Debug for Mmo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mmo(..)")
    }
}

/// One level of a GGM tree, or of several side by side: parent i to children 2i, its hash under `left`, and 2i+1, its hash
/// under `right`.
///
/// # Panics
/// If there are not two children a parent.
pub fn expand_pairs(left: &Mmo, right: &Mmo, parents: &[Block], children: &mut [Block]) {
    assert_eq!(children.len(), 2 * parents.len(), "two children a parent");
    simd::expand_pairs(&left.0, &right.0, parents, children);
}

/// For each pair of a key and an input, π_key(input) + input: Davies-Meyer, one-way in the ideal-cipher model with the
/// key as a second input.
///
/// # Panics
/// If the three slices differ in length.
pub fn davies_meyer(keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    assert!(keys.len() == inputs.len() && keys.len() == outputs.len(), "one key and one input an output");
    simd::davies_meyer(Path::best(), keys, inputs, outputs);
}

/// AES-128 in counter mode: block i of the stream is π_seed(i).
pub struct Prg {
    cipher: Cipher,
    /// Blocks given out. No stream comes near 2^64 of them.
    counter: u64,
}

impl Prg {
    /// The stream of a seed, from its first block.
    pub fn new(seed: Block) -> Self {
        Self { cipher: Cipher::new(Path::best(), seed), counter: 0 }
    }

    /// The next blocks of the stream.
    pub fn fill(&mut self, blocks: &mut [Block]) {
        self.cipher.count(self.counter, blocks);
        self.counter += blocks.len() as u64;
    }
}

impl fmt::Debug for Prg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prg(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(hex: &str) -> Block {
        Block::from_bytes(hex::decode(hex).unwrap().try_into().unwrap())
    }

    #[test]
    fn a_key_and_an_input_hash_as_in_fips_197() {
        // FIPS 197, appendix C.1.
        let (key, input) = (block("000102030405060708090a0b0c0d0e0f"), block("00112233445566778899aabbccddeeff"));
        let expected = block("69c4e0d86a7b0430d8cdb78070b4c55a") + input;
        let mut hashed = [input];
        Mmo::new(key.to_bytes()).hash_in_place(&mut hashed);
        assert_eq!(hashed, [expected]);
        davies_meyer(&[key], &[input], &mut hashed);
        assert_eq!(hashed, [expected]);
    }

    #[test]
    fn a_stream_is_the_same_in_one_piece_or_several() {
        let seed = Block::new(7);
        let (mut whole, mut pieces) = ([Block::ZERO; 9], [Block::ZERO; 9]);
        Prg::new(seed).fill(&mut whole);
        let mut prg = Prg::new(seed);
        pieces.chunks_mut(4).for_each(|piece| prg.fill(piece));
        assert_eq!(whole, pieces);
    }
}
