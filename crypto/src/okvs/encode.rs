//! Encoding of one bin after another.

use super::peel::Peeler;
use super::rows::RowKeys;
use super::{OkvsError, OkvsParams, gap};
use crate::{Block, Prg, add_polynomial};

/// Encodes bins, keeping its memory from one to the next: about 54 bytes a key of a bin.
pub(super) struct Encoder<'a> {
    params: &'a OkvsParams,
    row_keys: &'a RowKeys,
    rows: Vec<[u16; 3]>,
    points: Vec<Block>,
    sums: Vec<Block>,
    peeler: Peeler,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(params: &'a OkvsParams, row_keys: &'a RowKeys) -> Self {
        let (rows, points, sums) = (Vec::new(), Vec::new(), Vec::new());
        Self { params, row_keys, rows, points, sums, peeler: Peeler::default() }
    }

    /// Encodes the keys of one bin with their values into its slice of the vector.
    pub(super) fn encode(
        &mut self,
        keys: &[Block],
        values: &[Block],
        fill: &mut Prg,
        out: &mut [Block],
    ) -> Result<(), OkvsError> {
        assert!(keys.len() <= self.params.capacity(), "a bin over its capacity was sorted for decoding");
        let (sparse, dense) = out.split_at_mut(self.params.columns());
        self.rows.clear();
        self.row_keys.each_columns(sparse.len(), keys, |_, columns| self.rows.push(columns));
        self.points.resize(keys.len(), Block::ZERO);
        self.row_keys.points(keys, &mut self.points);
        fill.fill(sparse);
        fill.fill(dense);
        let solved = self.peeler.peel(&self.rows, sparse.len(), dense.len()).and_then(|()| match self.peeler.gap() {
            [] => Ok(()),
            _ => gap::solve(&self.peeler, &self.rows, &self.points, values, sparse, dense),
        });
        // Equal keys have equal rows, and those are dependent: they always end here.
        solved.map_err(|error| if repeats(keys) { OkvsError::DuplicateKey } else { error })?;
        self.substitute(values, sparse, dense);
        Ok(())
    }

    /// Sets the columns of the order from the last to the first, now that the dense columns and the free ones stand.
    fn substitute(&mut self, values: &[Block], sparse: &mut [Block], dense: &[Block]) {
        self.sums.clear();
        self.sums.extend_from_slice(values);
        add_polynomial(&mut self.sums, &self.points, dense);
        for (row, column) in self.peeler.order().iter().rev() {
            let row = usize::from(*row);
            let [a, b, c] = self.rows[row].map(|column| sparse[usize::from(column)]);
            // What the row lacks; its own column is among the three.
            sparse[usize::from(*column)] += self.sums[row] + a + b + c;
        }
    }
}

fn repeats(keys: &[Block]) -> bool {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}
