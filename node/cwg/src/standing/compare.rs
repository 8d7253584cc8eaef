//! The table of a period against the chain of its editions, and the rows of what matched from the file: all of it here.

use std::collections::BTreeMap;
use std::path::Path;

use cwg_app::indicators::{RowSink, SinkProblem};
use cwg_app::standing::CompareWork;
use cwg_app::{Exit, Problem, View};
use cwg_engine::command::{Command, Comparison, Reply};
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::Match;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::Answers;
use cwg_store::{Editions, StoreError, Tables, fold_rows};

use super::evaluate::Parts;
use super::{Desk, unmatched};
use crate::node::{Answer, Node};
use crate::problems;

/// Compares, off the loop.
pub(crate) fn compare(node: &Node, work: CompareWork, answer: Answer) {
    let (desk, tables, editions) = (Desk::of(node), node.store.tables(), node.store.editions());
    let dir = node.store.sets().temporary_dir();
    std::thread::spawn(move || answer(run(&desk, &tables, &editions, &dir, work)));
}

fn run(desk: &Desk, tables: &Tables, editions: &Editions, dir: &Path, work: CompareWork) -> Result<View, Problem> {
    // Whom nobody had evaluated would be missing from the matches, and nobody would see it.
    let Parts { items, fresh, .. } = Parts::of(tables, dir, &work.book, work.period)?;
    if fresh > 0 {
        let hint = "have the file evaluated with cwg lighthouse evaluate, then compare it";
        let problem = format!("{fresh} of {items} items of the file were never evaluated in period {}", work.period.0);
        return Err(Problem::new(Exit::Refused, "not-evaluated", problem, hint));
    }
    let said = answers(tables, editions, &work).map_err(|error| problems::store(&error))?;
    let mut found = Found { rows: said.iter().map(|(item, _)| (*item, None)).collect() };
    let report = work.book.read(&mut found)?;
    let labels = said.iter().map(|(_, label)| label);
    // What is in the table and not in this file, or not in this charter, has no row here.
    let rows = found.rows.into_values().zip(labels).filter_map(|(row, label)| Some((row?, label)));
    let comparison = Comparison {
        pilot: work.pilot,
        period: work.period,
        release: work.release,
        book: work.book.book.clone(),
        selection: work.book.selection.clone(),
        report: Box::new(report),
        matches: rows.map(|(row, label)| Match { row, label: label.to_vec() }).collect(),
    };
    let Reply::Compared(run) = desk.ask(Command::StoreComparison(Box::new(comparison))).answer()? else {
        return Err(problems::no_answer());
    };
    desk.look(move |node| work.done(node.engine.state(), run))?
}

/// What the chain says of the items of the table, the later edition before the earlier.
fn answers(tables: &Tables, editions: &Editions, work: &CompareWork) -> Result<Answers, StoreError> {
    let table = tables.table(work.period)?;
    let mut answers = Answers::new();
    for edition in &work.editions {
        let content = editions.content(edition)?;
        let matches = table.matches(&content, |chunk| editions.chunk(edition, chunk));
        let matches = matches.map_err(|error| unmatched(editions, edition, error))?;
        matches.into_iter().for_each(|(item, said)| answers.take(item, said));
    }
    Ok(answers)
}

/// The rows of what matched, each item's folded into one.
struct Found {
    rows: BTreeMap<Item, Option<IndicatorRow>>,
}

impl RowSink for Found {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        match self.rows.get_mut(&row.item) {
            Some(Some(folded)) => fold_rows(folded, row.clone()),
            Some(none) => *none = Some(row.clone()),
            None => {}
        }
        Ok(())
    }
}
