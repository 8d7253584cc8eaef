//! What a simulation found.

use core::fmt;
use std::collections::BTreeMap;

use cwg_engine::record::Entry;

use crate::adversary::Lie;
use crate::checkers::Breach;
use crate::scenario::Scenario;
use crate::trace::{Trace, TraceDigest};

/// What happened, counted: a generator of faults is only as good as what it reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames sent.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Connections made.
    pub connections: u64,
    /// Processes that crashed.
    pub crashes: u64,
    /// Directions of links that were cut.
    pub cuts: u64,
    /// Members that joined.
    pub joined: u64,
    /// Members that gave up joining, by code.
    pub not_joined: BTreeMap<String, u64>,
    /// Runs that were started and sealed.
    pub sealed: u64,
    /// Runs that were started and ended without a seal, by code.
    pub ended: BTreeMap<String, u64>,
    /// Runs that were wanted and never started, by code.
    pub refused: BTreeMap<String, u64>,
    /// What became of ceremonies, rounds and rooms.
    pub rounds: BTreeMap<String, u64>,
    /// Lies told by hostile members.
    pub lies: BTreeMap<Lie, u64>,
    /// Lines in the nodes' logs, by code.
    pub logs: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(crate) fn logged(&mut self, code: &'static str) {
        *self.logs.entry(code).or_default() += 1;
    }

    pub(crate) fn lied(&mut self, lie: Lie) {
        *self.lies.entry(lie).or_default() += 1;
    }

    pub(crate) fn of_rounds(&mut self, what: String) {
        *self.rounds.entry(what).or_default() += 1;
    }

    pub(crate) fn count_of_rounds(&mut self, entry: &Entry, is_hub: bool) {
        let side = if is_hub { "hub" } else { "member" };
        let what = match entry {
            Entry::RoundResult { .. } => "results".to_owned(),
            Entry::RoundEnded { code, .. } => format!("{side} ended: {}", code.0),
            Entry::CeremonyEnded { code, .. } => format!("{side} ceremony: {}", code.0),
            Entry::KeyHeld { .. } => format!("{side} keys"),
            Entry::RoundCharged { .. } => "charges".to_owned(),
            Entry::RoomDrafted { .. } => "posts".to_owned(),
            _ => return,
        };
        self.of_rounds(what);
    }

    /// Adds another simulation's counts.
    pub fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.connections += other.connections;
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.joined += other.joined;
        self.sealed += other.sealed;
        add_all(&mut self.not_joined, &other.not_joined);
        add_all(&mut self.ended, &other.ended);
        add_all(&mut self.refused, &other.refused);
        add_all(&mut self.rounds, &other.rounds);
        add_all(&mut self.lies, &other.lies);
        add_all(&mut self.logs, &other.logs);
    }
}

fn add_all<K: Ord + Clone>(sums: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *sums.entry(key.clone()).or_default() += count;
    }
}

/// The end of a simulation.
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Its knobs.
    pub scenario: Scenario,
    /// Virtual time it took, milliseconds.
    pub virtual_ms: u64,
    /// What happened.
    pub counts: Counts,
    /// Claims that did not hold.
    pub breaches: Vec<Breach>,
    /// Everything, line by line.
    pub trace: Trace,
}

impl Report {
    /// Whether every claim held.
    pub fn holds(&self) -> bool {
        self.breaches.is_empty()
    }

    /// The digest of the trace: equal for equal seeds and knobs.
    pub fn digest(&self) -> TraceDigest {
        self.trace.digest()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(f, "# seed {}", self.seed)?;
        writeln!(f, "{}", self.scenario)?;
        writeln!(f, "# trace {}, {} s of virtual time", self.digest(), self.virtual_ms / 1000)?;
        writeln!(f, "# {} connections, {} frames, {} bytes", counts.connections, counts.frames, counts.bytes)?;
        writeln!(f, "# {} crashes, {} cuts, lies {:?}", counts.crashes, counts.cuts, counts.lies)?;
        writeln!(f, "# {} joined, not joined {:?}", counts.joined, counts.not_joined)?;
        writeln!(f, "# {} sealed, ended {:?}, not started {:?}", counts.sealed, counts.ended, counts.refused)?;
        if !counts.rounds.is_empty() {
            writeln!(f, "# rounds {:?}", counts.rounds)?;
        }
        for breach in &self.breaches {
            writeln!(f, "{breach}")?;
        }
        if !self.holds() {
            writeln!(f, "to repeat: save the lines above as a scenario and simulate it with seed {}", self.seed)?;
        }
        Ok(())
    }
}
