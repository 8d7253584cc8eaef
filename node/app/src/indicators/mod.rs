//! Reading a member's file of identifiers: rows in bounded memory, values to canonical forms on every core, and a report
//! that names lines, columns and codes, never a value.
//!
//! Deliberately left out: compressed files, spreadsheets, and anything that is reached over a network.

mod block;
mod canonical;
mod columnar;
mod columns;
mod csv;
mod jsonl;
mod map;
mod report;
mod run;
mod sink;

pub use map::{AccountColumns, ColumnMap, ColumnName, Format, TypedColumns, ValueColumn};
pub(crate) use run::STOPPED;
pub use run::{NoProgress, Picked, Progress, RowFile, read, read_file};
pub use sink::{Counting, RowSink, SetSink, SinkProblem, SinkSummary};

pub use cwg_rows::{COLUMNS_MAX, ROW_LEN_MAX};

use cwg_protocol::indicator::Forbidden;

/// What is noted of a column that looks like something that must not be there.
fn passed_over(title: &str, file: &str, sort: Forbidden) -> String {
    let what = sort.looks_like();
    format!("Column {title} of {file} was not read: it looks like {what}, which an export should leave out")
}

/// Columns that a map may name.
pub const MAPPED_MAX: usize = 64;

/// Rows that are read before they are worked on together.
pub const BLOCK_ROWS: usize = 4096;

/// Bytes of those rows at most, one row aside.
pub const BLOCK_LEN: usize = 4 * 1024 * 1024;

/// Refusals listed by row in a report; all are counted.
pub const REFUSED_LISTED_MAX: usize = 1000;

/// Bytes of one of the bank's own references.
pub const REFERENCE_LEN_MAX: usize = 128;

/// Items that a check counts in memory, 8 bytes each, to tell duplicates.
pub const COUNTED_ITEMS_MAX: usize = 1 << 22;
