//! Fixed-key AES in the Matyas-Meyer-Oseas mode, and AES in counter mode as a generator.
//!
//! π_K(x) + x is one-way and correlation-robust in the ideal-cipher model as long as K belongs to one session and one
//! purpose (Guo, Katz, Wang, Yu: 2019/074, section 4). A key here is always derived under a domain, never a global one.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use core::fmt;

use crate::Block;

/// x to π_K(x) + x for one key K.
pub struct Mmo(Aes128);

impl Mmo {
    /// Under this key.
    pub fn new(key: [u8; 16]) -> Self {
        Self(Aes128::new(&key.into()))
    }

    /// Every block to its hash.
    pub fn hash_in_place(&self, blocks: &mut [Block]) {
        for block in blocks {
            *block += self.permute(*block);
        }
    }

    fn permute(&self, block: Block) -> Block {
        let mut bytes = block.to_bytes().into();
        self.0.encrypt_block(&mut bytes);
        Block::from_bytes(bytes.into())
    }
}

impl fmt::Debug for Mmo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mmo(..)")
    }
}

/// For each pair of a key and an input, π_key(input) + input: Davies-Meyer, one-way in the ideal-cipher model with the
/// key as a second input.
///
/// # Panics
/// If the three slices differ in length.
pub fn davies_meyer(keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    assert!(keys.len() == inputs.len() && keys.len() == outputs.len(), "one key and one input an output");
    for ((key, input), output) in keys.iter().zip(inputs).zip(outputs) {
        *output = Mmo::new(key.to_bytes()).permute(*input) + *input;
    }
}

/// AES-128 in counter mode: block i of the stream is π_seed(i).
pub struct Prg {
    mmo: Mmo,
    counter: u128,
}

impl Prg {
    /// The stream of a seed, from its first block.
    pub fn new(seed: Block) -> Self {
        Self { mmo: Mmo::new(seed.to_bytes()), counter: 0 }
    }

    /// The next blocks of the stream.
    pub fn fill(&mut self, blocks: &mut [Block]) {
        for block in blocks {
            *block = self.mmo.permute(Block::new(self.counter));
            self.counter += 1;
        }
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
