//! Rows of a CSV file with the columns of a map.

use std::io::Read;

use cwg_protocol::indicator::Forbidden;
use cwg_rows::{CsvRecord, CsvRecords};

use super::block::{Block, RowAt, RowFault, Source};
use super::columns::Columns;
use super::map::{ColumnMap, refused};
use crate::files::io_problem;
use crate::problem::Problem;

/// The rows of a CSV file.
pub(super) struct CsvRows<R> {
    records: CsvRecords<R>,
    file: String,
    /// For each slot the index of its column.
    indices: Vec<usize>,
    width: usize,
    rows: u64,
    /// The first row of a file without header: it was read to learn its width.
    first: Option<CsvRecord>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header, finds the columns of the map in it, and says what else is to be noted.
    pub(super) fn open(input: R, map: &ColumnMap, file: &str) -> Result<(Self, Columns, Vec<String>), Problem> {
        let mut records = CsvRecords::new(input, map.delimiter());
        let first = records.next_record().map_err(|error| io_problem(file, &error))?;
        let Some(shape) = first else {
            return Err(refused(format!("{file} is empty"), "check that the export has ended"));
        };
        if let Some(fault) = shape.fault.map(RowFault::from) {
            return Err(refused(format!("{file}, line {}: {}", shape.line, fault.text().1), fault.text().2));
        }
        let mut notes = Vec::new();
        let header = map.has_header().then(|| {
            let title = |index| String::from_utf8_lossy(records.field(index)).into_owned();
            (0..shape.fields).map(title).collect::<Vec<_>>()
        });
        for title in header.iter().flatten() {
            if let Some(sort) = Forbidden::of_header(title) {
                notes.push(super::passed_over(title, file, sort));
            }
        }
        let columns = Columns::of_header(map, header.as_deref(), shape.fields, file)?;
        let rows = Self {
            records,
            file: file.to_owned(),
            indices: columns.indices.clone(),
            width: shape.fields,
            rows: 0,
            first: header.is_none().then_some(shape),
        };
        Ok((rows, columns, notes))
    }
}

impl<R: Read> Source for CsvRows<R> {
    fn fill(&mut self, block: &mut Block) -> Result<(), Problem> {
        block.clear(self.indices.len());
        while !block.is_full() {
            let next = match self.first.take() {
                Some(first) => Some(first),
                None => self.records.next_record().map_err(|error| io_problem(&self.file, &error))?,
            };
            let Some(shape) = next else { break };
            self.rows += 1;
            let fault = shape
                .fault
                .map(RowFault::from)
                .or((shape.fields != self.width).then_some(cwg_rows::RowFault::ColumnCount.into()));
            block.push(RowAt { row: self.rows, line: shape.line, fault });
            if fault.is_none() {
                for (slot, index) in self.indices.iter().enumerate() {
                    block.set_cell(slot, self.records.field(*index));
                }
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.records.bytes()
    }
}
