//! The loop: fill a block, work on it with every core, hand its rows over in order.

use std::io::Read;
use std::ops::ControlFlow;
use std::thread;

use cwg_protocol::NetworkId;

use super::block::{Block, Source};
use super::canonical::{Worked, work_on};
use super::columns::Columns;
use super::map::{ColumnMap, Format};
use super::report::Tally;
use super::{RowSink, csv::CsvRows, jsonl::JsonRows};
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

/// Reads rows, `len` bytes in all, into a sink. `file` is the source's name for messages.
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
    match map.format() {
        Format::Csv => {
            let (rows, columns, notes) = CsvRows::open(input, map, file)?;
            read_rows(rows, &columns, notes, len, file, network, sink, progress)
        }
        Format::Jsonl => {
            let columns = Columns::of_fields(map);
            let rows = JsonRows::open(input, &columns, file);
            read_rows(rows, &columns, Vec::new(), len, file, network, sink, progress)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the inside of `read`, whose arguments these are")]
fn read_rows(
    mut rows: impl Source,
    columns: &Columns,
    notes: Vec<String>,
    len: u64,
    file: &str,
    network: NetworkId,
    sink: &mut dyn RowSink,
    progress: &mut dyn Progress,
) -> Result<LoadReportView, Problem> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::new(columns);
    let mut block = Block::default();
    loop {
        rows.fill(&mut block)?;
        if block.is_empty() {
            break;
        }
        for mut worked in work_in_parallel(&block, columns, network, threads) {
            for row in &worked.rows {
                sink.push(row)?;
            }
            tally.add(core::mem::take(&mut worked.tally));
        }
        if progress.advanced(tally.rows(), rows.bytes(), len).is_break() {
            return Err(Problem::new(
                Exit::TryAgain,
                "stopped",
                format!("reading {file} was stopped; nothing was kept"),
                "start it again when there is time",
            ));
        }
    }
    Ok(tally.report(columns, file, rows.bytes(), notes))
}

/// Each thread works on a piece of the block; the pieces come back in order.
fn work_in_parallel(block: &Block, columns: &Columns, network: NetworkId, threads: usize) -> Vec<Worked> {
    let piece = block.len().div_ceil(threads).max(PIECE_MIN);
    if piece >= block.len() {
        return vec![work_on(block, 0..block.len(), columns, network)];
    }
    thread::scope(|scope| {
        let starts = (0..block.len()).step_by(piece);
        let started: Vec<_> = starts
            .map(|start| {
                let rows = start..block.len().min(start + piece);
                scope.spawn(move || work_on(block, rows, columns, network))
            })
            .collect();
        started.into_iter().map(|thread| thread.join().expect("canonical forms never panic")).collect()
    })
}

/// Rows for which a thread is worth starting.
const PIECE_MIN: usize = 256;
