//! Merging sorted rows of several files into one sorted stream with one row an item.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cwg_engine::io::IndicatorRow;
use cwg_protocol::Item;

use super::row::fold_rows;
use crate::StoreError;

/// Rows of all sources in order of their items, folded.
#[derive(Debug)]
pub(super) struct Merge<I> {
    sources: Vec<I>,
    /// The next row of each source that has one.
    heads: Vec<Option<IndicatorRow>>,
    order: BinaryHeap<Reverse<(Item, usize)>>,
}

impl<I: Iterator<Item = Result<IndicatorRow, StoreError>>> Merge<I> {
    pub(super) fn new(sources: Vec<I>) -> Result<Self, StoreError> {
        let heads = sources.iter().map(|_| None).collect();
        let mut merge = Self { order: BinaryHeap::with_capacity(sources.len()), sources, heads };
        for source in 0..merge.sources.len() {
            merge.refill(source)?;
        }
        Ok(merge)
    }

    /// Loads the next row of a source and returns the one before it.
    fn refill(&mut self, source: usize) -> Result<Option<IndicatorRow>, StoreError> {
        let next = self.sources[source].next().transpose()?;
        if let Some(row) = &next {
            self.order.push(Reverse((row.item, source)));
        }
        Ok(std::mem::replace(&mut self.heads[source], next))
    }

    fn advance(&mut self) -> Result<Option<IndicatorRow>, StoreError> {
        let mut folded: Option<IndicatorRow> = None;
        while let Some(Reverse((item, source))) = self.order.peek().copied() {
            if folded.as_ref().is_some_and(|row| row.item != item) {
                break;
            }
            self.order.pop();
            let row = self.refill(source)?.expect("a source in the order has a row");
            match &mut folded {
                None => folded = Some(row),
                Some(folded) => fold_rows(folded, row),
            }
        }
        Ok(folded)
    }
}

impl<I: Iterator<Item = Result<IndicatorRow, StoreError>>> Iterator for Merge<I> {
    type Item = Result<IndicatorRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.advance().transpose();
        if matches!(row, Some(Err(_))) {
            self.order.clear();
        }
        row
    }
}
