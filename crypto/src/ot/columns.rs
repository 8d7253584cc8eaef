//! The small-field correlation of 2022/192, figure 7, and the universal hash of its section 4, over columns of bits.
//!
//! A column is one bit of every entry, packed in blocks: bit i of block b is that of entry 128·b + i.

use core::iter::zip;
use core::slice;

use zeroize::Zeroizing;

use super::tree::{DEPTH, LEAVES};
use crate::{Block, Prg};

/// The streams of one tree, each continued from call to call.
///
/// A seed starts AES in counter mode. The first block of the stream is the seed of the next call, the rest is r_x: what was
/// drawn before is out of reach of whoever reads the seeds later.
pub(super) struct Streams<'a> {
    seeds: &'a mut [Block],
    scratch: Zeroizing<Vec<Block>>,
}

impl<'a> Streams<'a> {
    /// The streams of these 16 seeds, by leaf or by position, for columns of `blocks` blocks.
    pub(super) fn new(seeds: &'a mut [Block], blocks: usize) -> Self {
        debug_assert_eq!(seeds.len(), LEAVES);
        Self { seeds, scratch: Zeroizing::new(vec![Block::ZERO; blocks]) }
    }

    /// Adds to column i, of the four, every r_x with bit i of x set: v of the owner, w = v + u·Δ_g of the other side.
    ///
    /// The stream at 0 belongs to no column.
    pub(super) fn add_to_columns(&mut self, columns: &mut [Block]) {
        for position in 1..LEAVES {
            self.draw(position);
            self.scatter(position, columns);
        }
    }

    /// [`Self::add_to_columns`], and adds every r_x, that of leaf 0 too, to u.
    pub(super) fn add_to_columns_and_sum(&mut self, columns: &mut [Block], u: &mut [Block]) {
        for leaf in 0..LEAVES {
            self.draw(leaf);
            add(u, &self.scratch);
            self.scatter(leaf, columns);
        }
    }

    fn draw(&mut self, position: usize) {
        let seed = &mut self.seeds[position];
        let mut prg = Prg::new(*seed);
        prg.fill(slice::from_mut(seed));
        prg.fill(&mut self.scratch);
    }

    fn scatter(&self, position: usize, columns: &mut [Block]) {
        debug_assert_eq!(columns.len(), DEPTH * self.scratch.len());
        for (bit, column) in columns.chunks_exact_mut(self.scratch.len()).enumerate() {
            if position >> bit & 1 == 1 {
                add(column, &self.scratch);
            }
        }
    }
}

/// The hash of columns to one block: h(z) = z_n + sum over i < n of χ^(i+1)·z_i, for a column of n blocks and the mask z_n.
///
/// Linear over GF(2), and two columns that differ collide for at most n of the 2^128 values of χ: their difference is a
/// nonzero polynomial in χ of degree at most n.
pub(super) struct UniversalHash {
    powers: Vec<Block>,
}

impl UniversalHash {
    /// The hash at χ of columns of n blocks and a mask.
    pub(super) fn new(challenge: Block, n: usize) -> Self {
        let powers = core::iter::successors(Some(challenge), |power| Some(*power * challenge)).take(n).collect();
        Self { powers }
    }

    /// The hash of a column, its mask last.
    pub(super) fn of(&self, column: &[Block]) -> Block {
        debug_assert_eq!(column.len(), self.powers.len() + 1);
        let (mask, blocks) = column.split_last().expect("a column has a mask");
        zip(&self.powers, blocks).fold(*mask, |sum, (power, block)| sum + *power * *block)
    }
}

/// Adds block by block.
fn add(sum: &mut [Block], blocks: &[Block]) {
    zip(sum, blocks).for_each(|(sum, block)| *sum += *block);
}
