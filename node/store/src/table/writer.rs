//! Adding rows in any order, in bounded memory: outputs are uniform, so their first byte deals them evenly into the shards of a
//! spill, and each shard is sorted on its own.

use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::{OwnOutput, Period};
use zeroize::Zeroizing;

use super::file::{FileWriter, TAG_BYTES};
use super::{FILES_MAX, ROW_LEN, Tables};
use crate::spill::{SHARDS_MAX, Spill, SpillWriter};
use crate::{StoreError, field};

/// A file of a table under way. Dropped before [`TableWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub struct TableWriter {
    tables: Tables,
    period: Period,
    number: u32,
    spill: SpillWriter,
}

impl TableWriter {
    pub(super) fn new(tables: Tables, period: Period) -> Result<Self, StoreError> {
        let numbers = tables.numbers(period)?;
        if numbers.len() >= FILES_MAX {
            return Err(StoreError::TableFull { max: FILES_MAX });
        }
        Self::numbered(tables, period, numbers.last().map_or(0, |last| last + 1))
    }

    pub(super) fn numbered(tables: Tables, period: Period, number: u32) -> Result<Self, StoreError> {
        let spill = SpillWriter::new(tables.dir().path(), SHARDS_MAX, ROW_LEN)?;
        Ok(Self { tables, period, number, spill })
    }

    /// Adds an item's output. Rows may come in any order, an item more than once.
    ///
    /// # Errors
    /// If the disk refuses. The file is to be dropped then.
    pub fn push(&mut self, output: &OwnOutput, item: &Item) -> Result<(), StoreError> {
        let mut row = Zeroizing::new([0; ROW_LEN]);
        row[..OwnOutput::LEN].copy_from_slice(&output.expose());
        row[OwnOutput::LEN..].copy_from_slice(&item.0);
        self.spill.push(usize::from(row[0]), &*row)
    }

    /// Sorts, seals and makes durable. Returns how many rows the file has, each item once; one without rows is not written.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left of the file then.
    pub fn finish(self) -> Result<u64, StoreError> {
        let Self { tables, period, number, spill } = self;
        let spill = spill.finish()?;
        let draft = tables.draft(period, number);
        tables.dir().discard(&draft);
        let written = write(&tables, period, &draft, &spill);
        match written {
            Ok(0) => Ok(0),
            Ok(rows) => tables.dir().publish(&draft, &tables.path(period, number)).map(|()| rows),
            Err(error) => {
                tables.dir().discard(&draft);
                Err(error)
            }
        }
    }
}

fn write(tables: &Tables, period: Period, draft: &std::path::Path, spill: &Spill) -> Result<u64, StoreError> {
    // Two passes over the spill: the head, which everything is bound to, names the number of rows.
    let mut rows = 0;
    for shard in 0..spill.shards() {
        rows += sorted(spill, shard)?.1.len() as u64;
    }
    if rows == 0 {
        return Ok(0);
    }
    let mut file = FileWriter::create(tables.dir().disk(), draft.to_owned(), &tables.0.key, period, rows)?;
    for shard in 0..spill.shards() {
        let (bytes, order) = sorted(spill, shard)?;
        order.iter().try_for_each(|row| file.push(&bytes[*row as usize * ROW_LEN..][..ROW_LEN]))?;
    }
    file.finish()?;
    Ok(rows)
}

/// A shard's rows and the order of their tags, each tag once.
fn sorted(spill: &Spill, shard: usize) -> Result<(Zeroizing<Vec<u8>>, Vec<u32>), StoreError> {
    let bytes = Zeroizing::new(spill.read(shard)?);
    let tag = |row: &u32| -> [u8; TAG_BYTES] { field(&bytes, *row as usize * ROW_LEN) };
    let mut order: Vec<u32> = (0..(bytes.len() / ROW_LEN) as u32).collect();
    order.sort_unstable_by_key(tag);
    order.dedup_by_key(|row| tag(row));
    Ok((bytes, order))
}
