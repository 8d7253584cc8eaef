//! Loads: from a file to a set, and the end of a load.

use std::path::PathBuf;

use cwg_engine::command::Command;
use cwg_engine::record::{Entry, LoadSummary, NodeKind};
use cwg_engine::state::State;
use cwg_protocol::indicator::Day;
use cwg_protocol::{LoadId, NetworkId, UnixTime};

use super::{Records, Submit};
use crate::action::Pending;
use crate::indicators::{self, Counting, Picked, Progress, RowFile, SetSink};
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::View;
use crate::{describe, files, named};

/// Reads a file of identifiers.
#[derive(Debug)]
pub struct LoadWork {
    path: PathBuf,
    map: PathBuf,
    network: NetworkId,
    today: Day,
}

/// Deletes the loads of before a day.
#[derive(Debug)]
pub struct PurgeOlderWork {
    before: UnixTime,
    now: UnixTime,
}

impl LoadWork {
    pub(crate) fn new(path: PathBuf, map: PathBuf, state: &State, now: UnixTime) -> Result<Self, Problem> {
        if state.own().is_some_and(|own| own.kind == NodeKind::Hub) {
            return Err(Problem::new(
                Exit::Refused,
                "not-member",
                "a hub holds no bank's identifiers",
                "run it in the directory of a member",
            ));
        }
        // Every item is bound to the network.
        let network = state.network().ok_or_else(named::not_joined)?.id;
        Ok(Self { path, map, network, today: today(now) })
    }

    pub(crate) fn checking(path: PathBuf, map: PathBuf, state: &State, now: UnixTime) -> Self {
        // Counts do not depend on the network.
        let network = state.network().map_or(NetworkId([0; 16]), |network| network.id);
        Self { path, map, network, today: today(now) }
    }

    /// Reads the file and keeps nothing. `progress` may stop it.
    ///
    /// # Errors
    /// If the file or the map cannot be read, or the map does not fit the file.
    pub fn check(&self, progress: &mut dyn Progress) -> Result<View, Problem> {
        let mut sink = Counting::default();
        let mut report = self.read(&mut sink, progress)?;
        let counted = sink.items();
        report.items = counted;
        report.duplicates = counted.map(|items| report.keys.iter().map(|line| line.keys).sum::<u64>() - items);
        if counted.is_none() {
            report
                .notes
                .push("The file has too many items to count duplicates in a check; a load counts them".to_owned());
        }
        Ok(View::LoadReport(Box::new(report)))
    }

    /// Reads the file into a fresh set. `load` is 8 random bytes; `progress` may stop it. A sink that was not finished
    /// leaves nothing.
    ///
    /// # Errors
    /// As [`LoadWork::check`], and if nothing of the file could be taken, or the sink fails.
    pub fn load<S: SetSink>(&self, load: [u8; 8], mut sink: S, progress: &mut dyn Progress) -> Result<Submit, Problem> {
        let load = LoadId(load);
        let mut report = self.read(&mut sink, progress)?;
        let keys: u64 = report.keys.iter().map(|line| line.keys).sum();
        if keys == 0 {
            return Err(Problem::new(
                Exit::BadInput,
                "nothing-taken",
                format!("{}: none of {} rows could be taken", report.file, report.rows),
                "cwg indicators check tells why, row by row; the map may name the wrong columns or types",
            ));
        }
        let set = sink.finish()?;
        report.load = Some(load.to_string());
        report.items = Some(set.items);
        report.duplicates = Some(keys.saturating_sub(set.items));
        let summary = LoadSummary {
            load,
            digest: set.digest,
            rows: report.rows,
            accepted: report.rows_accepted,
            repaired: report.rows_repaired,
            refused: report.rows_refused,
            items: set.items,
            kinds: set.kinds,
        };
        Ok(Submit::Commands(vec![Command::CommitLoad(summary)], Pending::loaded(report)))
    }

    fn read(
        &self,
        sink: &mut dyn indicators::RowSink,
        progress: &mut dyn Progress,
    ) -> Result<crate::view::LoadReportView, Problem> {
        let map = files::read_map(&self.map)?.on(self.today);
        let (file, len) = files::open_regular(&self.path)?;
        let name = files::shown(&self.path);
        let file = RowFile { file, len, name: &name };
        indicators::read_file(&map, file, self.network, Picked::All, sink, progress)
    }
}

/// The latest day that it is anywhere: east of Greenwich the day is older than in UTC.
pub(crate) fn today(now: UnixTime) -> Day {
    Day::of_unix_secs(now.0.saturating_add(14 * 3600))
}

impl PurgeOlderWork {
    pub(crate) fn new(days: u32, now: UnixTime) -> Self {
        Self { before: UnixTime(now.0.saturating_sub(u64::from(days) * 86_400)), now }
    }

    /// Finds them.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<Submit, Problem> {
        let mut old = Vec::new();
        for record in records.replay(1) {
            let (_, record) = record?;
            if let Entry::Loaded(load) = &record.entry
                && record.at < self.before
                && state.loads().contains_key(&load.load)
            {
                old.push(load.load);
            }
        }
        if old.is_empty() {
            return Ok(Submit::Nothing(stats(state, records)?));
        }
        let commands = old.iter().map(|load| Command::Purge(*load)).collect();
        Ok(Submit::Commands(commands, Pending::purged(old, self.now)))
    }
}

pub(super) fn stats(state: &State, records: &dyn Records) -> Result<View, Problem> {
    let mut view = describe::indicators(state, &[]);
    if !view.loads.is_empty() {
        for record in records.replay(1) {
            let (_, record) = record?;
            if let Entry::Loaded(load) = &record.entry {
                let name = load.load.to_string();
                if let Some(line) = view.loads.iter_mut().find(|line| line.load == name) {
                    line.loaded = Some(shown(record.at));
                }
            }
        }
    }
    Ok(View::Indicators(view))
}
