//! Counting what became of rows and values.

use std::collections::BTreeMap;

use cwg_protocol::indicator::{Canonical, ColumnKind, IndicatorKind, RepairCode};

use super::REFUSED_LISTED_MAX;
use super::block::RowAt;
use super::columns::Columns;
use super::map::ValuePlace;
use crate::view::{KeyCount, LoadReportView, RefusalCount, RefusedRow, RepairCount, ValueCount};

/// Counts of some rows; those of two stretches of a file add up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    accepted: u64,
    repaired: u64,
    refused: u64,
    partly: u64,
    values: BTreeMap<ColumnKind, Counts>,
    keys: BTreeMap<IndicatorKind, u64>,
    /// By code: problem, hint, count.
    refusals: BTreeMap<&'static str, (&'static str, &'static str, u64)>,
    repairs: BTreeMap<RepairCode, u64>,
    listed: Vec<Listed>,
    refusals_total: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    accepted: u64,
    repaired: u64,
    refused: u64,
    empty: u64,
}

#[derive(Clone, Copy, Debug)]
struct Listed {
    row: u64,
    line: u64,
    slot: Option<usize>,
    code: &'static str,
}

impl Tally {
    /// Types that the map names are reported even where no row has them.
    pub(super) fn new(columns: &Columns) -> Self {
        let kinds = columns.values.iter().filter_map(|value| match value.place {
            ValuePlace::One { kind, .. } | ValuePlace::Parts { kind, .. } => Some(kind),
            ValuePlace::Typed { .. } => None,
        });
        Self { values: kinds.map(|kind| (kind, Counts::default())).collect(), ..Self::default() }
    }

    pub(super) fn rows(&self) -> u64 {
        self.accepted + self.repaired + self.refused
    }

    pub(super) fn empty(&mut self, kind: ColumnKind) {
        self.values.entry(kind).or_default().empty += 1;
    }

    pub(super) fn taken(&mut self, kind: ColumnKind, canonical: &Canonical) {
        let counts = self.values.entry(kind).or_default();
        if canonical.repairs.is_empty() {
            counts.accepted += 1;
        } else {
            counts.repaired += 1;
        }
        for code in canonical.repairs.iter() {
            *self.repairs.entry(code).or_default() += 1;
        }
        for key in &canonical.keys {
            *self.keys.entry(key.kind).or_default() += 1;
        }
    }

    pub(super) fn value_refused(&mut self, kind: ColumnKind) {
        self.values.entry(kind).or_default().refused += 1;
    }

    pub(super) fn row_taken(&mut self, repaired: bool, refused_too: bool) {
        if repaired {
            self.repaired += 1;
        } else {
            self.accepted += 1;
        }
        self.partly += u64::from(refused_too);
    }

    pub(super) fn row_refused(&mut self) {
        self.refused += 1;
    }

    /// Counts a refusal and, among the first, lists it.
    pub(super) fn refuse(
        &mut self,
        row: RowAt,
        slot: Option<usize>,
        (code, problem, hint): (&'static str, &'static str, &'static str),
    ) {
        self.refusals_total += 1;
        self.refusals.entry(code).or_insert((problem, hint, 0)).2 += 1;
        if self.listed.len() < REFUSED_LISTED_MAX {
            self.listed.push(Listed { row: row.row, line: row.line, slot, code });
        }
    }

    /// Adds the counts of the rows that follow.
    pub(super) fn add(&mut self, next: Self) {
        self.accepted += next.accepted;
        self.repaired += next.repaired;
        self.refused += next.refused;
        self.partly += next.partly;
        self.refusals_total += next.refusals_total;
        for (kind, counts) in next.values {
            let sum = self.values.entry(kind).or_default();
            sum.accepted += counts.accepted;
            sum.repaired += counts.repaired;
            sum.refused += counts.refused;
            sum.empty += counts.empty;
        }
        for (kind, keys) in next.keys {
            *self.keys.entry(kind).or_default() += keys;
        }
        for (code, (problem, hint, count)) in next.refusals {
            self.refusals.entry(code).or_insert((problem, hint, 0)).2 += count;
        }
        for (code, count) in next.repairs {
            *self.repairs.entry(code).or_default() += count;
        }
        let room = REFUSED_LISTED_MAX - self.listed.len();
        self.listed.extend(next.listed.into_iter().take(room));
    }

    /// The report, as far as reading knows it.
    pub(super) fn report(self, columns: &Columns, file: &str, bytes: u64, notes: Vec<String>) -> LoadReportView {
        let column = |slot: usize| columns.names[slot].clone();
        LoadReportView {
            load: None,
            file: file.to_owned(),
            bytes,
            rows: self.rows(),
            rows_accepted: self.accepted,
            rows_repaired: self.repaired,
            rows_refused: self.refused,
            rows_partly: self.partly,
            items: None,
            duplicates: None,
            values: self
                .values
                .into_iter()
                .map(|(kind, counts)| ValueCount {
                    kind: kind.name().to_owned(),
                    accepted: counts.accepted,
                    repaired: counts.repaired,
                    refused: counts.refused,
                    empty: counts.empty,
                })
                .collect(),
            keys: self.keys.into_iter().map(|(kind, keys)| KeyCount { kind: kind.name().to_owned(), keys }).collect(),
            refusals: self
                .refusals
                .into_iter()
                .map(|(code, (problem, hint, count))| RefusalCount {
                    code: code.to_owned(),
                    problem: problem.to_owned(),
                    hint: hint.to_owned(),
                    count,
                })
                .collect(),
            repairs: self
                .repairs
                .into_iter()
                .map(|(code, count)| RepairCount { code: code.code().to_owned(), count })
                .collect(),
            refused_not_listed: self.refusals_total - self.listed.len() as u64,
            refused: self
                .listed
                .into_iter()
                .map(|listed| RefusedRow {
                    row: listed.row,
                    line: listed.line,
                    column: listed.slot.map(column),
                    code: listed.code.to_owned(),
                })
                .collect(),
            notes,
        }
    }
}
