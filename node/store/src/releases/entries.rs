//! The entries of a content: items, strictly ascending, each with its label, in chunks of whole rows. A row is found by its number.

use cwg_protocol::Item;
use cwg_protocol::lighthouse::LabelClass;
use cwg_protocol::lighthouse::standing::Entries;

use super::Draft;
use super::file::{CHUNK_ROWS, ITEM_LEN, Part, SealedFile, row_len};
use crate::{StoreError, field};

/// Entries being written. Dropped before [`EntriesWriter::finish`], they leave nothing.
#[derive(Debug)]
pub struct EntriesWriter {
    draft: Draft,
    class: LabelClass,
    last: Option<Item>,
    rows: u64,
}

/// The entries of a content, to be read.
#[derive(Debug)]
pub struct EntriesReader {
    file: SealedFile,
    class: LabelClass,
    rows: u64,
}

impl EntriesWriter {
    pub(super) const fn new(draft: Draft, class: LabelClass) -> Self {
        Self { draft, class, last: None, rows: 0 }
    }

    /// Adds entries, all after those that are there.
    ///
    /// # Errors
    /// If they are not, or have labels of another class: nothing of them is added then. If the disk refuses.
    pub fn push(&mut self, entries: &Entries) -> Result<(), StoreError> {
        if entries.class() != self.class {
            return Err(StoreError::BadEntries);
        }
        for (items, labels) in entries.batches(CHUNK_ROWS) {
            if items.first().is_some_and(|first| self.last.is_some_and(|last| last >= *first)) {
                return Err(StoreError::BadEntries);
            }
            for (item, label) in items.iter().zip(labels.chunks_exact(self.class.len())) {
                self.draft.write(&item.0)?;
                self.draft.write(label)?;
            }
            self.last = items.last().copied();
            self.rows += items.len() as u64;
        }
        Ok(())
    }

    /// Makes the entries durable. Returns how many there are.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left of them then.
    pub fn finish(self) -> Result<u64, StoreError> {
        self.draft.finish()?;
        Ok(self.rows)
    }
}

impl EntriesReader {
    pub(super) fn new(file: SealedFile) -> Result<Self, StoreError> {
        let Part::Entries(class) = file.part() else {
            return Err(file.damage(0, "the file holds no entries"));
        };
        let row_len = row_len(class) as u64;
        if !file.len().is_multiple_of(row_len) {
            return Err(file.damage(file.chunks() - 1, "the chunk ends inside a row"));
        }
        let rows = file.len() / row_len;
        Ok(Self { file, class, rows })
    }

    /// The size of each label.
    pub const fn class(&self) -> LabelClass {
        self.class
    }

    /// How many entries there are.
    pub const fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Gives every item with its label to `each`, in order, one chunk in memory at a time.
    ///
    /// # Errors
    /// If the file is damaged, the disk refuses, or what `each` says.
    pub fn visit(&self, mut each: impl FnMut(Item, &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for number in 0..self.file.chunks() {
            for row in self.file.chunk(number)?.chunks_exact(row_len(self.class)) {
                let (item, label) = row.split_at(ITEM_LEN);
                each(Item(field(item, 0)), label)?;
            }
        }
        Ok(())
    }

    /// Gives the label of each of these rows to `each`, in their order. Rows are counted from 0 and ascend: each chunk is opened
    /// once then. One that is beyond the entries is left out.
    ///
    /// # Errors
    /// If the file is damaged, the disk refuses, or what `each` says.
    pub fn labels_at(
        &self,
        rows: impl IntoIterator<Item = u64>,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut open = None;
        for row in rows {
            if row >= self.rows {
                continue;
            }
            let number = row / CHUNK_ROWS as u64;
            if open.as_ref().is_none_or(|(at, _)| *at != number) {
                open = Some((number, self.file.chunk(number)?));
            }
            let (_, chunk) = open.as_ref().expect("it was opened if it was not");
            let start = (row % CHUNK_ROWS as u64) as usize * row_len(self.class);
            each(row, &chunk[start + ITEM_LEN..][..self.class.len()])?;
        }
        Ok(())
    }
}
