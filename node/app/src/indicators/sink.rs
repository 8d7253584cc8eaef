//! Where rows go: the store's set writer behind a trait, or a counter.

use std::collections::HashSet;

use cwg_crypto::Digest;
use cwg_engine::io::IndicatorRow;
use cwg_protocol::indicator::{IndicatorKind, Roles};

use super::COUNTED_ITEMS_MAX;
use crate::problem::{Exit, Problem};

/// Takes rows, in the order of the file, an item more than once.
pub trait RowSink {
    /// Takes what came of one value of the file's row of that number, counted from 1, header aside.
    ///
    /// # Errors
    /// If it cannot; the reading then ends.
    fn push(&mut self, number: u64, row: &IndicatorRow) -> Result<(), SinkProblem>;
}

/// A set under way, as the store writes it.
pub trait SetSink: RowSink {
    /// Ends the set.
    ///
    /// # Errors
    /// If it cannot be written; nothing is left of it.
    fn finish(self) -> Result<SinkSummary, SinkProblem>;
}

/// What a finished set came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSummary {
    /// Digest of the set.
    pub digest: Digest,
    /// Different items.
    pub items: u64,
    /// Items by kind and roles.
    pub kinds: Vec<(IndicatorKind, Roles, u64)>,
}

/// Why rows cannot be kept, in the words of the store. Never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SinkProblem {
    /// One sentence.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl From<SinkProblem> for Problem {
    fn from(error: SinkProblem) -> Self {
        Self::new(Exit::Io, "set-not-written", error.problem, error.hint)
    }
}

/// Counts different items as long as they are not too many.
#[derive(Debug, Default)]
pub struct Counting {
    /// The first eight bytes of each item: two of 2^22 items agree with a probability below 2^-20.
    seen: HashSet<u64>,
    overflown: bool,
}

impl Counting {
    /// How many, or `None` if they were too many.
    pub fn items(&self) -> Option<u64> {
        (!self.overflown).then_some(self.seen.len() as u64)
    }
}

impl RowSink for Counting {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        if self.overflown {
            return Ok(());
        }
        let (first, _) = row.item.0.split_first_chunk::<8>().expect("an item has 32 bytes");
        self.seen.insert(u64::from_le_bytes(*first));
        if self.seen.len() > COUNTED_ITEMS_MAX {
            self.overflown = true;
            self.seen = HashSet::new();
        }
        Ok(())
    }
}
