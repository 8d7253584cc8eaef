//! A member's file is evaluated: what the table does not have is asked for, batch by batch, and added to it.
//!
//! Memory holds a 256th of the items: both the file's and the table's are dealt by their first byte into temporary files, and each
//! part is compared on its own. Outputs are made durable every [`FILE_ROWS`]: a crash costs at most so many evaluations.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cwg_app::indicators::{RowSink, SinkProblem};
use cwg_app::standing::{EvaluateWork, StandingBook};
use cwg_app::{Exit, Problem, View};
use cwg_engine::command::{Command, EvaluationBatch, Reply};
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::BookReport;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::Period;
use cwg_protocol::wire::limits::EVALUATION_BATCH_MAX;
use cwg_store::{FILES_MAX, SHARDS_MAX, Spill, SpillWriter, StoreError, TableWriter, Tables};

use super::{Awaited, Desk};
use crate::node::{Answer, Far, Hearer, Node};
use crate::problems;

/// Has a file evaluated, off the loop; one at a time.
pub(crate) fn evaluate(node: &Node, work: EvaluateWork, answer: Answer, hearer: Hearer) {
    let (desk, tables) = (Desk::of(node), node.store.tables());
    let dir = node.store.sets().temporary_dir();
    let Some(turn) = Turn::take(&node.evaluating) else { return answer(Err(under_way())) };
    std::thread::spawn(move || {
        let view = run(&desk, &tables, &dir, &work, hearer);
        drop(turn);
        answer(view);
    });
}

/// The right to be the only evaluation: two would have the same items evaluated twice.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(taken: &Arc<AtomicBool>) -> Option<Self> {
        (!taken.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(taken)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn run(desk: &Desk, tables: &Tables, dir: &Path, work: &EvaluateWork, mut hearer: Hearer) -> Result<View, Problem> {
    let parts = Parts::of(tables, dir, &work.book, work.period)?;
    let mut under_way = UnderWay { desk, tables, work, asked: VecDeque::new(), file: None, done: 0 };
    if let Err(problem) = under_way.evaluate_all(&parts, &mut hearer) {
        under_way.rescue();
        return Err(problem);
    }
    let destroyed = close_earlier(desk, &work.earlier);
    Ok(work.done(&parts.read, parts.items, parts.fresh, &destroyed))
}

/// The items of a file and of the table, in parts that are compared one by one.
pub(super) struct Parts {
    wanted: Spill,
    known: Spill,
    read: BookReport,
    /// Different items of the file.
    pub(super) items: u64,
    /// Those that the table does not have.
    pub(super) fresh: u64,
}

impl Parts {
    /// Reads both.
    pub(super) fn of(tables: &Tables, dir: &Path, book: &StandingBook, period: Period) -> Result<Self, Problem> {
        let store = |error: StoreError| problems::store(&error);
        let mut wanted = Dealt(SpillWriter::new(dir, SHARDS_MAX, ITEM_LEN).map_err(store)?);
        let read = book.read(&mut wanted)?;
        let wanted = wanted.0.finish().map_err(store)?;
        let known = known(tables, dir, period).map_err(store)?;
        let mut parts = Self { wanted, known, read, items: 0, fresh: 0 };
        for part in 0..SHARDS_MAX {
            parts.items += sorted(&parts.wanted, part).map_err(store)?.len() as u64;
            parts.fresh += parts.fresh_of(part).map_err(store)?.len() as u64;
        }
        Ok(parts)
    }

    fn fresh_of(&self, part: usize) -> Result<Vec<Item>, StoreError> {
        let (mut wanted, known) = (sorted(&self.wanted, part)?, sorted(&self.known, part)?);
        wanted.retain(|item| known.binary_search(item).is_err());
        Ok(wanted)
    }
}

/// The items of the file.
struct Dealt(SpillWriter);

impl RowSink for Dealt {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        self.0.push(row.item.0[0].into(), &row.item.0).map_err(|error| crate::work::sink_problem(&error))
    }
}

/// The items of the table, which is made one file where it has many.
fn known(tables: &Tables, dir: &Path, period: Period) -> Result<Spill, StoreError> {
    let mut table = tables.table(period)?;
    if table.files() > FILES_MAX / 2 {
        table = table.compact()?;
    }
    let mut known = SpillWriter::new(dir, SHARDS_MAX, ITEM_LEN)?;
    table.visit(|row| known.push(row.item.0[0].into(), &row.item.0))?;
    known.finish()
}

fn sorted(spill: &Spill, part: usize) -> Result<Vec<Item>, StoreError> {
    let bytes = spill.read(part)?;
    let mut items: Vec<Item> = bytes.as_chunks().0.iter().map(|item| Item(*item)).collect();
    items.sort_unstable();
    items.dedup();
    Ok(items)
}

/// Batches at the hub, and the file that their outputs go into.
struct UnderWay<'a> {
    desk: &'a Desk,
    tables: &'a Tables,
    work: &'a EvaluateWork,
    asked: VecDeque<(Vec<Item>, Awaited)>,
    file: Option<(TableWriter, u64)>,
    done: u64,
}

impl UnderWay<'_> {
    fn evaluate_all(&mut self, parts: &Parts, hearer: &mut Hearer) -> Result<(), Problem> {
        let (mut batch, mut told) = (Vec::new(), Instant::now());
        for part in 0..SHARDS_MAX {
            for item in parts.fresh_of(part).map_err(|error| problems::store(&error))? {
                batch.push(item);
                if batch.len() == EVALUATION_BATCH_MAX {
                    self.add(std::mem::take(&mut batch))?;
                }
            }
            if told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                hearer(Far { rows: self.done, percent: self.done * 100 / parts.fresh.max(1) });
            }
        }
        if !batch.is_empty() {
            self.add(batch)?;
        }
        while !self.asked.is_empty() {
            self.take()?;
        }
        self.keep()
    }

    /// Keeps what still comes of the batches behind one that failed: they are charged.
    fn rescue(&mut self) {
        while !self.asked.is_empty() {
            // The first problem is the one that is told.
            let _ = self.take();
        }
        if let Err(problem) = self.keep() {
            tracing::warn!(code = problem.code, problem = problem.problem, "outputs that had come are lost");
        }
    }

    fn add(&mut self, items: Vec<Item>) -> Result<(), Problem> {
        if self.asked.len() == BATCHES_MAX {
            self.take()?;
        }
        let batch = EvaluationBatch { pilot: self.work.pilot, period: self.work.period, items: items.clone() };
        self.asked.push_back((items, self.desk.ask(Command::Evaluate(batch))));
        Ok(())
    }

    /// Waits for the oldest batch and keeps its outputs. What was kept before a refusal stays.
    fn take(&mut self) -> Result<(), Problem> {
        let Some((items, awaited)) = self.asked.pop_front() else { return Ok(()) };
        let outputs = match awaited.answer() {
            Ok(Reply::Evaluated(outputs)) => outputs,
            Ok(_) => return Err(problems::no_answer()),
            Err(problem) => return Err(problem),
        };
        let store = |error: StoreError| problems::store(&error);
        let (mut writer, rows) = match self.file.take() {
            Some(file) => file,
            None => (self.writer().map_err(store)?, 0),
        };
        outputs.iter().zip(&items).try_for_each(|(output, item)| writer.push(output, item)).map_err(store)?;
        let more = items.len() as u64;
        self.done += more;
        self.file = Some((writer, rows + more));
        if rows + more >= FILE_ROWS { self.keep() } else { Ok(()) }
    }

    fn writer(&self) -> Result<TableWriter, StoreError> {
        let table = self.tables.table(self.work.period)?;
        if table.files() + 1 >= FILES_MAX {
            table.compact()?;
        }
        self.tables.writer(self.work.period)
    }

    /// Makes what has come so far part of the table.
    fn keep(&mut self) -> Result<(), Problem> {
        let Some((writer, _)) = self.file.take() else { return Ok(()) };
        let rows = writer.finish().map_err(|error| problems::store(&error))?;
        let period = self.work.period;
        let told = self.desk.ask(Command::TableGrown { period, rows }).answer();
        if told.is_err() {
            // The period has ended meanwhile, and its table was destroyed.
            self.tables.destroy(period).map_err(|error| problems::store(&error))?;
        }
        told.map(drop)
    }
}

/// Ends the periods that this one stands in for. One that is still needed goes on to its end.
fn close_earlier(desk: &Desk, earlier: &[Period]) -> Vec<Period> {
    let closed = |period: &&Period| desk.ask(Command::ClosePeriod { period: **period }).answer().is_ok();
    earlier.iter().filter(closed).copied().collect()
}

fn under_way() -> Problem {
    let hint = "wait for it to end; what it has evaluated is not asked for again";
    Problem::new(Exit::TryAgain, "under-way", "a file is being evaluated already", hint)
}

/// Batches asked for at once: enough for the hub never to wait, few enough that look-ups have their place.
const BATCHES_MAX: usize = 8;
/// Rows of a file of the table, about.
const FILE_ROWS: u64 = 1 << 20;
const ITEM_LEN: usize = 32;
