//! Rows of a Parquet file with the columns of a map.

use std::fs::File;

use cwg_protocol::indicator::Forbidden;
use cwg_rows::{Cell, Row, Rows};

use super::block::{Block, RowAt, RowFault, Source};
use super::columns::Columns;
use super::map::ColumnMap;
use crate::files;
use crate::problem::Problem;

/// The rows of a Parquet file. Columns that the map does not name are not read.
pub(super) struct ParquetRows {
    rows: Rows,
    row: Row,
    file: String,
    /// For each slot the index of its column.
    indices: Vec<usize>,
    len: u64,
    total: u64,
}

impl ParquetRows {
    /// Finds the columns of the map, and says what else is to be noted.
    pub(super) fn open(
        input: File,
        len: u64,
        map: &ColumnMap,
        file: &str,
    ) -> Result<(Self, Columns, Vec<String>), Problem> {
        let mut rows = Rows::parquet(input).map_err(|error| files::rows_problem(file, &error))?;
        let titles = rows.columns();
        let columns = Columns::of_header(map, Some(titles), titles.len(), file)?;
        let notes = titles.iter().filter_map(|title| Some((title, Forbidden::of_header(title)?)));
        let notes = notes.map(|(title, sort)| super::passed_over(title, file, sort)).collect();
        let mut read = columns.indices.clone();
        read.sort_unstable();
        read.dedup();
        rows.read_only(&read).map_err(|error| files::rows_problem(file, &error))?;
        let total = rows.count().unwrap_or_default();
        let indices = columns.indices.clone();
        Ok((Self { rows, row: Row::default(), file: file.to_owned(), indices, len, total }, columns, notes))
    }
}

impl Source for ParquetRows {
    fn fill(&mut self, block: &mut Block) -> Result<(), Problem> {
        block.clear(self.indices.len());
        while !block.is_full() {
            if !self.rows.next_row(&mut self.row).map_err(|error| files::rows_problem(&self.file, &error))? {
                break;
            }
            let row = &self.row;
            // There are no lines to name: the number of the row stands for that of a line.
            block.push(RowAt { row: row.number, line: row.number, fault: row.fault.map(RowFault::from) });
            for (slot, index) in self.indices.iter().enumerate() {
                match row.cell(*index) {
                    Cell::Text(text) => block.set_cell(slot, text.as_bytes()),
                    Cell::Absent => {}
                    Cell::NotText => block.refuse(RowFault::NoText),
                }
            }
        }
        Ok(())
    }

    /// As much of the file as of its rows.
    fn bytes(&self) -> u64 {
        let bytes = u128::from(self.len) * u128::from(self.row.number) / u128::from(self.total.max(1));
        u64::try_from(bytes).unwrap_or(self.len)
    }
}
