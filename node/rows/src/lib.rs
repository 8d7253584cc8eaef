//! Rows of named text cells from CSV (RFC 4180), JSON lines (RFC 8259) and Parquet, one at a time in bounded memory.
//!
//! A row that is not as it should be is handed out with its fault and the next one is read; only a file that cannot be
//! read on ends with an error. Nothing here knows what a cell means, and no error repeats one.
//!
//! Deliberately left out: nested columns, compressed text files, and anything that is reached over a network.

#![forbid(unsafe_code)]

mod cells;
mod csv;
mod error;
mod hybrid;
mod json_lines;
mod lines;
mod pages;
mod parquet;
mod row;

use std::fs::File;
use std::io::Read;

pub use csv::{CsvRecord, CsvRecords};
pub use error::{RowFault, RowsError};
pub use lines::{Line, Lines};
pub use row::{Cell, Row};

/// Bytes of one row at most; a longer one is refused and skipped.
pub const ROW_LEN_MAX: usize = 64 * 1024;

/// Columns of a file at most.
pub const COLUMNS_MAX: usize = 256;

/// Bytes of the footer of a Parquet file at most.
pub const FOOTER_LEN_MAX: u32 = 16 * 1024 * 1024;

/// Bytes of one page of a Parquet file at most, as it is written and as it is read. Writers make pages of one MiB.
pub const PAGE_LEN_MAX: u32 = 16 * 1024 * 1024;

/// Bytes of the header of one page at most.
pub const PAGE_HEADER_LEN_MAX: usize = 16 * 1024;

/// Rows of one Parquet file at most: a page of a few bytes can claim billions.
pub const ROWS_MAX: u64 = 1 << 28;

/// A file as rows.
pub struct Rows(Format);

enum Format {
    Csv(Box<csv::CsvRows<Box<dyn Read>>>),
    JsonLines(json_lines::JsonLines<Box<dyn Read>>),
    Parquet(Box<parquet::ParquetRows>),
}

impl Rows {
    /// The rows of a CSV file whose first line names its columns.
    ///
    /// # Errors
    /// If it has no header, or a name stands in it twice.
    pub fn csv(input: impl Read + 'static, delimiter: u8) -> Result<Self, RowsError> {
        csv::CsvRows::open(Box::new(input) as Box<dyn Read>, delimiter).map(Box::new).map(Format::Csv).map(Self)
    }

    /// The rows of a file with one JSON object a line. Its columns are known as they come.
    pub fn json_lines(input: impl Read + 'static) -> Self {
        Self(Format::JsonLines(json_lines::JsonLines::new(Box::new(input))))
    }

    /// The rows of a Parquet file.
    ///
    /// # Errors
    /// If its footer is not one, or beyond a limit.
    pub fn parquet(file: File) -> Result<Self, RowsError> {
        parquet::ParquetRows::open(file).map(Box::new).map(Format::Parquet).map(Self)
    }

    /// The columns known so far; a later row may add to those of JSON lines, never change them.
    pub fn columns(&self) -> &[String] {
        match &self.0 {
            Format::Csv(rows) => rows.columns(),
            Format::JsonLines(rows) => rows.columns(),
            Format::Parquet(rows) => rows.columns(),
        }
    }

    /// Whether all columns are known before the first row.
    pub fn columns_are_known(&self) -> bool {
        !matches!(self.0, Format::JsonLines(_))
    }

    /// How many rows there are, where the file says so before the first.
    pub fn count(&self) -> Option<u64> {
        match &self.0 {
            Format::Parquet(rows) => Some(rows.total()),
            Format::Csv(_) | Format::JsonLines(_) => None,
        }
    }

    /// Before the first row: leaves all other columns unread where the format allows it. Their cells are then absent.
    ///
    /// # Errors
    /// If one of these cannot be read: it is nested, or has pages beyond a limit.
    pub fn read_only(&mut self, columns: &[usize]) -> Result<(), RowsError> {
        match &mut self.0 {
            Format::Parquet(rows) => rows.read_only(columns),
            Format::Csv(_) | Format::JsonLines(_) => Ok(()),
        }
    }

    /// Reads the next row into `row`; false at the end.
    ///
    /// # Errors
    /// If the file cannot be read on.
    pub fn next_row(&mut self, row: &mut Row) -> Result<bool, RowsError> {
        match &mut self.0 {
            Format::Csv(rows) => rows.next_row(row),
            Format::JsonLines(rows) => rows.next_row(row),
            Format::Parquet(rows) => rows.next_row(row),
        }
    }
}
