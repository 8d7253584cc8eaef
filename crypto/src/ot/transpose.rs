//! Transposition of a matrix of bits from 128 columns to rows of 128 bits.

use zeroize::{Zeroize as _, Zeroizing};

use crate::Block;

/// The first `count` rows of 128 columns of `blocks` blocks each, stored one column after the other.
///
/// Bit i of block b of column j is bit j of row 128·b + i.
pub(super) fn rows(columns: &[Block], blocks: usize, count: usize) -> Zeroizing<Vec<Block>> {
    let mut rows = Zeroizing::new(Vec::with_capacity(count.next_multiple_of(SIDE)));
    let mut square = [0; SIDE];
    for block in 0..count.div_ceil(SIDE) {
        for (row, column) in square.iter_mut().zip(columns.chunks_exact(blocks)) {
            *row = column[block].number();
        }
        transpose(&mut square);
        rows.extend(square.iter().copied().map(Block::new));
    }
    square.zeroize();
    rows.truncate(count);
    rows
}

/// Swaps the off-diagonal quarters of squares of side 128, then of their quarters, down to single bits.
fn transpose(square: &mut [u128; SIDE]) {
    for (side, mask) in LEVELS {
        for pair in square.chunks_exact_mut(2 * side) {
            let (upper, lower) = pair.split_at_mut(side);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let difference = ((*upper >> side) ^ *lower) & mask;
                *lower ^= difference;
                *upper ^= difference << side;
            }
        }
    }
}

const SIDE: usize = 128;

/// Sides of the quarters, each with the bits of their lower columns.
const LEVELS: [(usize, u128); 7] = [
    (64, u128::MAX / ((1 << 64) + 1)),
    (32, u128::MAX / ((1 << 32) + 1)),
    (16, u128::MAX / ((1 << 16) + 1)),
    (8, u128::MAX / ((1 << 8) + 1)),
    (4, u128::MAX / ((1 << 4) + 1)),
    (2, u128::MAX / ((1 << 2) + 1)),
    (1, u128::MAX / ((1 << 1) + 1)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prg;

    #[test]
    fn each_bit_of_a_column_becomes_a_bit_of_a_row() {
        for (blocks, count) in [(1, 1), (1, 128), (2, 129), (3, 300)] {
            let mut columns = vec![Block::ZERO; SIDE * blocks];
            Prg::new(Block::new(9)).fill(&mut columns);
            let rows = rows(&columns, blocks, count);
            assert_eq!(rows.len(), count);
            for (i, row) in rows.iter().enumerate() {
                for (j, column) in columns.chunks_exact(blocks).enumerate() {
                    let bit = column[i / SIDE].number() >> (i % SIDE) & 1;
                    assert_eq!(row.number() >> j & 1, bit, "row {i}, column {j}");
                }
            }
        }
    }
}
