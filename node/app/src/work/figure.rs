//! A member's own figure for the group's mean: how many different values met a clue in a month.

use std::collections::BTreeSet;

use cwg_engine::command::Command;
use cwg_engine::state::State;
use cwg_protocol::lighthouse::{Day, Month};
use cwg_protocol::{Item, UnixTime};

use super::{Records, Submit};
use crate::action::Pending;
use crate::lighthouse::request::Awaited;
use crate::problem::Problem;

/// Counts the figure of a month and releases it to the hub.
#[derive(Debug)]
pub struct FigureWork {
    period: Month,
    asked: UnixTime,
}

impl FigureWork {
    pub(crate) const fn new(period: Month, asked: UnixTime) -> Self {
        Self { period, asked }
    }

    /// Reads the matches of the month's lighthouse runs. What several runs found counts once.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<Submit, Problem> {
        let of_month = state.runs().iter().filter(|(_, run)| {
            run.plan.lighthouse.is_some() && Day::of(run.changed).month() == self.period && run.has_result()
        });
        let mut items: BTreeSet<Item> = BTreeSet::new();
        for (run, _) in of_month {
            for rows in records.matches(*run) {
                items.extend(rows?.iter().map(|found| found.row.item));
            }
        }
        let matches = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let command = Command::ReleaseFigure { period: self.period, matches };
        Ok(Submit::Commands(vec![command], Pending::lighthouse(Awaited::Mean, self.asked)))
    }
}
