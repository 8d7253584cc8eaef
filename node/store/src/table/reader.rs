//! Reading a table: its tags in order for a merge, the rows at places that matched, all rows, one file of all.

use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::{Candidate, Content, MatchError, OwnOutput, Period, Said, candidates, open};

use super::Tables;
use super::file::{CHUNK_ROWS, REST_BYTES, TAG_BYTES, TableFile};
use super::writer::TableWriter;
use crate::{StoreError, field};

/// The table of a period.
#[derive(Debug)]
pub struct Table {
    tables: Tables,
    period: Period,
    files: Vec<TableFile>,
}

/// A row of a table.
#[derive(Debug)]
pub struct TableRow {
    /// The item's output.
    pub output: OwnOutput,
    /// The item.
    pub item: Item,
}

impl Table {
    pub(super) fn open(tables: Tables, period: Period) -> Result<Self, StoreError> {
        let open = |number| TableFile::open(tables.dir().disk(), tables.path(period, number), &tables.0.key, period);
        let files = tables.numbers(period)?.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { tables, period, files })
    }

    /// Rows of all files. An item that was added twice counts twice until [`Self::compact`].
    pub fn rows(&self) -> u64 {
        self.files.iter().map(TableFile::rows).sum()
    }

    /// What an edition says of the items of the table. `load` brings a chunk of the edition, for each file of the table anew.
    ///
    /// # Errors
    /// If the table is damaged, a source fails, or a chunk is not the one that was checked.
    pub fn matches(
        &self,
        content: &Content,
        mut load: impl FnMut(u32) -> Result<Vec<u8>, StoreError>,
    ) -> Result<Vec<(Item, Said)>, MatchError<StoreError>> {
        let mut said = Vec::new();
        for file in &self.files {
            let tags = (0..file.chunks()).map(|chunk| file.tags(chunk).map(|tags| tags.as_chunks().0.to_vec()));
            let found = candidates(content, tags, &mut load)?;
            let rows = rows_at(file, &found).map_err(MatchError::Source)?;
            let (outputs, items): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (row.output, row.item)).unzip();
            said.extend(items.into_iter().zip(open(content, &outputs, &found)));
        }
        Ok(said)
    }

    /// How many files there are, of [`super::FILES_MAX`].
    pub const fn files(&self) -> usize {
        self.files.len()
    }

    /// Gives every row to `each`, in the order of tags within each file.
    ///
    /// # Errors
    /// If the table is damaged, or what `each` says.
    pub fn visit(&self, mut each: impl FnMut(TableRow) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for file in &self.files {
            for chunk in 0..file.chunks() {
                let (tags, rests) = (file.tags(chunk)?, file.rests(chunk)?);
                let rows = tags.chunks_exact(TAG_BYTES).zip(rests.chunks_exact(REST_BYTES));
                rows.map(|(tag, rest)| row(tag, rest)).try_for_each(&mut each)?;
            }
        }
        Ok(())
    }

    /// Makes one file of all, each item once, and destroys the others. A crash in between leaves rows twice, and none missing.
    ///
    /// # Errors
    /// If the table is damaged or the disk refuses.
    pub fn compact(self) -> Result<Self, StoreError> {
        let Some(last) = self.tables.numbers(self.period)?.pop() else { return Ok(self) };
        let mut writer = TableWriter::numbered(self.tables.clone(), self.period, last + 1)?;
        self.visit(|row| writer.push(&row.output, &row.item))?;
        writer.finish()?;
        for file in &self.files {
            self.tables.destroy_file(file.path())?;
        }
        Self::open(self.tables, self.period)
    }
}

/// The rows at the places that matched, which ascend.
fn rows_at(file: &TableFile, found: &[Candidate]) -> Result<Vec<TableRow>, StoreError> {
    let mut rows = Vec::with_capacity(found.len());
    for same in found.chunk_by(|a, b| a.own / CHUNK_ROWS as u64 == b.own / CHUNK_ROWS as u64) {
        let chunk = same[0].own / CHUNK_ROWS as u64;
        let (tags, rests) = (file.tags(chunk)?, file.rests(chunk)?);
        rows.extend(same.iter().map(|candidate| {
            let at = (candidate.own % CHUNK_ROWS as u64) as usize;
            row(&tags[at * TAG_BYTES..][..TAG_BYTES], &rests[at * REST_BYTES..][..REST_BYTES])
        }));
    }
    Ok(rows)
}

fn row(tag: &[u8], rest: &[u8]) -> TableRow {
    let mut output = zeroize::Zeroizing::new([0; OwnOutput::LEN]);
    output[..TAG_BYTES].copy_from_slice(tag);
    output[TAG_BYTES..].copy_from_slice(&rest[..OwnOutput::LEN - TAG_BYTES]);
    TableRow { output: OwnOutput::from_bytes(&output), item: Item(field(rest, OwnOutput::LEN - TAG_BYTES)) }
}
