//! The loop: fill a block, work on it with every core, hand its rows over in order.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::thread;

use cwg_protocol::NetworkId;

use super::block::{Block, Source};
use super::canonical::{Worked, work_on};
use super::columns::Columns;
use super::map::{ColumnMap, Format};
use super::report::Tally;
use super::{RowSink, columnar::ParquetRows, csv::CsvRows, jsonl::JsonRows};
use crate::problem::{Exit, Problem};
use crate::view::LoadReportView;

/// Hears of progress, and may stop.
pub trait Progress {
    /// So many rows and bytes were read, of so many bytes in all. Called once a block.
    fn advanced(&mut self, rows: u64, bytes: u64, of_bytes: u64) -> ControlFlow<()>;
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn advanced(&mut self, _: u64, _: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(u64, u64, u64) -> ControlFlow<()>> Progress for F {
    fn advanced(&mut self, rows: u64, bytes: u64, of_bytes: u64) -> ControlFlow<()> {
        self(rows, bytes, of_bytes)
    }
}

/// The code of a reading that its progress stopped.
pub(crate) const STOPPED: &str = "stopped";

/// Which rows of a file are worked on.
#[derive(Clone, Copy, Debug)]
pub enum Picked<'a> {
    /// All.
    All,
    /// Those of these numbers, counted from 1, strictly ascending. The others are read and passed over.
    Rows(&'a [u32]),
}

impl Picked<'_> {
    pub(super) fn has(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Rows(numbers) => u32::try_from(number).is_ok_and(|number| numbers.binary_search(&number).is_ok()),
        }
    }
}

/// An open file with its name for messages.
#[derive(Debug)]
pub struct RowFile<'a> {
    /// The file, at its beginning.
    pub file: File,
    /// Its bytes.
    pub len: u64,
    /// Its name.
    pub name: &'a str,
}

/// Reads rows of text, `len` bytes in all, into a sink. `file` is the source's name for messages.
///
/// # Errors
/// If the map does not fit the header, the input cannot be read, the sink fails, or `progress` stops it. Rows that are
/// not as they should be are refused in the report instead.
pub fn read(
    map: &ColumnMap,
    input: impl Read,
    len: u64,
    file: &str,
    network: NetworkId,
    sink: &mut dyn RowSink,
    progress: &mut dyn Progress,
) -> Result<LoadReportView, Problem> {
    Pass { map, len, file, network, picked: Picked::All }.over_text(input, sink, progress)
}

/// Reads the picked rows of a file of any format into a sink.
///
/// # Errors
/// As [`read`].
pub fn read_file(
    map: &ColumnMap,
    file: RowFile<'_>,
    network: NetworkId,
    picked: Picked<'_>,
    sink: &mut dyn RowSink,
    progress: &mut dyn Progress,
) -> Result<LoadReportView, Problem> {
    let RowFile { file, len, name } = file;
    let pass = Pass { map, len, file: name, network, picked };
    match map.format() {
        Format::Parquet => {
            let (rows, columns, notes) = ParquetRows::open(file, len, map, name)?;
            pass.over(rows, &columns, notes, sink, progress)
        }
        Format::Csv | Format::Jsonl => pass.over_text(file, sink, progress),
    }
}

/// One reading of a source.
struct Pass<'a> {
    map: &'a ColumnMap,
    len: u64,
    file: &'a str,
    network: NetworkId,
    picked: Picked<'a>,
}

impl Pass<'_> {
    fn over_text(
        &self,
        input: impl Read,
        sink: &mut dyn RowSink,
        progress: &mut dyn Progress,
    ) -> Result<LoadReportView, Problem> {
        match self.map.format() {
            Format::Csv => {
                let (rows, columns, notes) = CsvRows::open(input, self.map, self.file)?;
                self.over(rows, &columns, notes, sink, progress)
            }
            Format::Jsonl => {
                let columns = Columns::of_fields(self.map);
                let rows = JsonRows::open(input, &columns, self.file);
                self.over(rows, &columns, Vec::new(), sink, progress)
            }
            Format::Parquet => Err(Problem::defect("a Parquet file is not read from its beginning to its end")),
        }
    }

    fn over(
        &self,
        mut rows: impl Source,
        columns: &Columns,
        notes: Vec<String>,
        sink: &mut dyn RowSink,
        progress: &mut dyn Progress,
    ) -> Result<LoadReportView, Problem> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut tally = Tally::new(columns);
        let mut block = Block::default();
        let mut read = 0;
        loop {
            rows.fill(&mut block)?;
            if block.is_empty() {
                break;
            }
            read += block.len() as u64;
            for mut worked in self.work_in_parallel(&block, columns, threads) {
                for (number, row) in &worked.rows {
                    sink.push(*number, row)?;
                }
                tally.add(core::mem::take(&mut worked.tally));
            }
            if progress.advanced(read, rows.bytes(), self.len).is_break() {
                return Err(Problem::new(
                    Exit::TryAgain,
                    STOPPED,
                    format!("reading {} was stopped; nothing was kept", self.file),
                    "start it again when there is time",
                ));
            }
        }
        Ok(tally.report(columns, self.file, rows.bytes(), notes))
    }

    /// Each thread works on a piece of the block; the pieces come back in order.
    fn work_in_parallel(&self, block: &Block, columns: &Columns, threads: usize) -> Vec<Worked> {
        let piece = block.len().div_ceil(threads).max(PIECE_MIN);
        let work = |rows| work_on(block, rows, columns, self.network, self.picked);
        if piece >= block.len() {
            return vec![work(0..block.len())];
        }
        thread::scope(|scope| {
            let starts = (0..block.len()).step_by(piece);
            let started: Vec<_> = starts
                .map(|start| {
                    let rows = start..block.len().min(start + piece);
                    scope.spawn(move || work(rows))
                })
                .collect();
            started.into_iter().map(|thread| thread.join().expect("canonical forms never panic")).collect()
        })
    }
}

/// Rows for which a thread is worth starting.
const PIECE_MIN: usize = 256;
