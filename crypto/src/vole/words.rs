//! The public 32-bit words that choose a code.

use crate::{Block, Prg};

/// The stream of a key, as 32-bit words: word i is the i-th of the little-endian words of AES in counter mode.
pub(super) struct Words(Prg);

impl Words {
    /// The stream of a key, from its first word.
    pub(super) fn new(key: Block) -> Self {
        Self(Prg::new(key))
    }

    /// The next words. Every call but the last takes a multiple of four.
    pub(super) fn fill(&mut self, words: &mut [u32]) {
        let mut blocks = [Block::ZERO; BLOCKS];
        for piece in words.chunks_mut(4 * BLOCKS) {
            let blocks = &mut blocks[..piece.len().div_ceil(4)];
            self.0.fill(blocks);
            let (fours, rest) = piece.as_chunks_mut();
            fours.iter_mut().zip(&*blocks).for_each(|(four, block)| *four = words_of(*block));
            let last = blocks.last().copied().map_or([0; 4], words_of);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

/// The words of a block, low to high.
fn words_of(block: Block) -> [u32; 4] {
    let bytes = block.to_bytes();
    let (words, _) = bytes.as_chunks();
    core::array::from_fn(|place| u32::from_le_bytes(words[place]))
}

/// Blocks made at once: as many as the parallel kernels of AES like.
const BLOCKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_in_one_piece_or_several() {
        let (mut whole, mut pieces) = ([0; 1023], [0; 1023]);
        Words::new(Block::ONE).fill(&mut whole);
        let mut words = Words::new(Block::ONE);
        pieces.chunks_mut(100).for_each(|piece| words.fill(piece));
        assert_eq!(whole, pieces);
    }

    #[test]
    fn a_block_gives_its_low_word_first() {
        let (mut words, mut blocks) = ([0; 4], [Block::ZERO]);
        Words::new(Block::ONE).fill(&mut words);
        Prg::new(Block::ONE).fill(&mut blocks);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(bytes, blocks[0].to_bytes());
    }
}
