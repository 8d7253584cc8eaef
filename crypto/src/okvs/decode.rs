//! Reading: three loads and a polynomial a key.

use super::OkvsParams;
use super::rows::{BATCH, RowKeys};
use crate::{Block, add_polynomial};

/// The values of a bin's keys, where `bin` are the bin's blocks.
pub(super) fn decode(params: &OkvsParams, row_keys: &RowKeys, keys: &[Block], bin: &[Block], out: &mut [Block]) {
    let (sparse, dense) = bin.split_at(params.columns());
    row_keys.each_columns(sparse.len(), keys, |place, columns| {
        let [a, b, c] = columns.map(|column| sparse[usize::from(column)]);
        out[place] = a + b + c;
    });
    let mut points = [Block::ZERO; BATCH];
    for (keys, out) in keys.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        let points = &mut points[..keys.len()];
        row_keys.points(keys, points);
        add_polynomial(out, points, dense);
    }
}
