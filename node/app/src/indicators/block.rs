//! Some rows as they were read: the cells that the map names, in one piece of memory that is used again.

use core::ops::Range;

use zeroize::Zeroize;

use super::{BLOCK_LEN, BLOCK_ROWS};
use crate::problem::Problem;

/// Reads rows into blocks.
pub(super) trait Source {
    /// Clears the block and fills it; it stays empty at the end of the input.
    fn fill(&mut self, block: &mut Block) -> Result<(), Problem>;

    /// Bytes read so far.
    fn bytes(&self) -> u64;
}

/// Why a whole row is refused before its values are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowFault {
    /// As in any file of rows.
    Row(cwg_rows::RowFault),
    JsonValue,
    NoText,
    NoValue,
    Reference,
    TypeUnknown,
    RoleUnknown,
}

impl RowFault {
    /// Those that files of other rows do not know.
    #[cfg(test)]
    pub(super) const OWN: [Self; 6] =
        [Self::JsonValue, Self::NoText, Self::NoValue, Self::Reference, Self::TypeUnknown, Self::RoleUnknown];

    /// Code, problem and hint.
    pub(super) fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Row(fault) => fault.text(),
            Self::JsonValue => {
                ("json-value", "a mapped field is neither text nor a whole number", "write values as text")
            }
            Self::NoText => (
                "cell-not-text",
                "a mapped cell is neither UTF-8 text, a whole number, a day nor a time",
                "write values as text",
            ),
            Self::NoValue => (
                "row-empty",
                "the row has no value in any mapped column",
                "leave rows without an identifier out of the file",
            ),
            Self::Reference => (
                "reference-shape",
                "the reference is longer than 128 bytes, not UTF-8, or holds a control character",
                "give the number of the customer or account alone",
            ),
            Self::TypeUnknown => (
                "type-unknown",
                "the row names no type of column",
                "write a type of docs/operations.md, for example phone or btc; a person needs columns of its own",
            ),
            Self::RoleUnknown => {
                ("role-unknown", "the row names no role and the map has no default", "write holder or counterparty")
            }
        }
    }
}

impl From<cwg_rows::RowFault> for RowFault {
    fn from(fault: cwg_rows::RowFault) -> Self {
        Self::Row(fault)
    }
}

/// One row of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowAt {
    /// Counted from 1, header aside.
    pub(super) row: u64,
    /// Counted from 1.
    pub(super) line: u64,
    pub(super) fault: Option<RowFault>,
}

/// Some rows.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    rows: Vec<RowAt>,
    /// For each row one range for each slot, empty where there is nothing.
    cells: Vec<(u32, u32)>,
    slots: usize,
}

impl Block {
    pub(super) fn clear(&mut self, slots: usize) {
        self.bytes.clear();
        self.rows.clear();
        self.cells.clear();
        self.slots = slots;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= BLOCK_ROWS || self.bytes.len() >= BLOCK_LEN
    }

    /// Adds a row; its cells follow by [`Block::set_cell`].
    pub(super) fn push(&mut self, row: RowAt) {
        self.rows.push(row);
        self.cells.resize(self.rows.len() * self.slots, (0, 0));
    }

    /// Sets a cell of the last row.
    pub(super) fn set_cell(&mut self, slot: usize, cell: &[u8]) {
        // Blocks are below 5 MiB, so an offset fits.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(cell);
        let at = self.cells.len() - self.slots + slot;
        self.cells[at] = (start, self.bytes.len() as u32);
    }

    /// Marks the last row as refused.
    pub(super) fn refuse(&mut self, fault: RowFault) {
        if let Some(row) = self.rows.last_mut() {
            row.fault = Some(fault);
        }
    }

    pub(super) fn rows(&self, range: Range<usize>) -> impl Iterator<Item = (RowAt, Cells<'_>)> {
        range.map(|at| {
            let cells = &self.cells[at * self.slots..(at + 1) * self.slots];
            (self.rows[at], Cells { bytes: &self.bytes, cells })
        })
    }
}

/// Cells may hold card numbers.
impl Drop for Block {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The cells of one row.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    cells: &'a [(u32, u32)],
}

impl<'a> Cells<'a> {
    pub(super) fn cell(self, slot: usize) -> &'a [u8] {
        let (start, end) = self.cells[slot];
        &self.bytes[start as usize..end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_row_has_a_code_a_problem_and_a_hint() {
        let all = || cwg_rows::RowFault::ALL.map(RowFault::Row).into_iter().chain(RowFault::OWN);
        let codes: std::collections::BTreeSet<_> = all().map(|fault| fault.text().0).collect();
        assert_eq!(codes.len(), all().count());
        for fault in all() {
            let (_, problem, hint) = fault.text();
            assert!(!problem.ends_with('.') && !hint.ends_with('.') && hint.len() > 10);
        }
    }
}
