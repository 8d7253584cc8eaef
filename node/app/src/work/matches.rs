//! Matches: listed masked, shown in full one at a time.
//!
//! The number of a match is a digest of its run and its place in it: it says nothing about the value, and needs no
//! index to be found again.

use cwg_crypto::{Domain, digest};
use cwg_engine::io::IndicatorRow;
use cwg_engine::state::{Run, RunPhase, State};
use cwg_protocol::indicator::{IndicatorKind, Strength};
use cwg_protocol::{RunId, UnixTime};

use super::Records;
use crate::describe::{pilot_name, role_names};
use crate::mask::{disclosed, masked};
use crate::named;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{MatchLine, MatchView, MatchesView, View};

/// Matches of one answer at most.
pub(crate) const MATCH_LIMIT_MAX: u32 = 1000;

/// Lists matches.
#[derive(Debug)]
pub struct MatchListWork {
    run: Option<RunId>,
    kind: Option<IndicatorKind>,
    after: Option<Place>,
    limit: u32,
}

/// Shows one match.
#[derive(Debug)]
pub struct MatchShowWork {
    place: Place,
}

/// Where a match stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    run: RunId,
    /// Counted from 0, in the order of the run's records.
    at: u32,
}

impl Place {
    fn number(self) -> String {
        let digest = digest(Domain::MatchNumber, &[&self.run.0, &self.at.to_le_bytes()]);
        hex::encode(&digest.as_bytes()[..8])
    }
}

impl MatchListWork {
    pub(crate) fn new(
        run: Option<RunId>,
        kind: Option<IndicatorKind>,
        after: Option<String>,
        limit: u32,
        state: &State,
    ) -> Result<Self, Problem> {
        if !(1..=MATCH_LIMIT_MAX).contains(&limit) {
            return Err(Problem::new(
                Exit::Usage,
                "match-limit",
                format!("1 to {MATCH_LIMIT_MAX} matches are listed at a time"),
                "choose another --limit, and go on with --after",
            ));
        }
        let after = after.map(|after| find(state, &after)).transpose()?;
        Ok(Self { run, kind, after, limit })
    }

    /// Reads the matches.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<View, Problem> {
        let mut lines: Vec<MatchLine> = Vec::new();
        let mut next = None;
        'runs: for (id, run) in sealed_runs(state).filter(|(id, _)| self.run.is_none_or(|only| only == *id)) {
            let Some(from) = self.first_of(state, id) else { continue };
            let mut at = 0;
            for rows in records.matches(id) {
                for row in rows? {
                    let place = Place { run: id, at };
                    // Older records of a run that was repeated do not count.
                    if at == matches_of(run) {
                        continue 'runs;
                    }
                    at += 1;
                    if place.at < from || self.kind.is_some_and(|kind| kind != row.kind) {
                        continue;
                    }
                    if lines.len() == self.limit as usize {
                        next = lines.last().map(|line| line.id.clone());
                        break 'runs;
                    }
                    lines.push(line(state, run, place, &row));
                }
            }
        }
        Ok(View::Matches(MatchesView { matches: lines, next }))
    }

    /// The first place of a run that is to be listed; `None` for a run that comes before the start.
    fn first_of(&self, state: &State, run: RunId) -> Option<u32> {
        let Some(after) = self.after else { return Some(0) };
        let mut order = sealed_runs(state).map(|(id, _)| id).skip_while(|id| *id != after.run);
        if run == after.run {
            return Some(after.at + 1);
        }
        order.any(|id| id == run).then_some(0)
    }
}

impl MatchShowWork {
    pub(crate) fn new(id: &str, state: &State) -> Result<Self, Problem> {
        Ok(Self { place: find(state, id)? })
    }

    /// Reads the match.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<View, Problem> {
        let mut at = self.place.at as usize;
        for rows in records.matches(self.place.run) {
            let mut rows = rows?;
            if at < rows.len() {
                return show(state, self.place, rows.swap_remove(at));
            }
            at -= rows.len();
        }
        Err(Problem::new(
            Exit::Io,
            "match-missing",
            "the match is counted in its run and not in the journal",
            "run cwg audit verify, then cwg doctor",
        ))
    }
}

/// Sealed runs with matches, in the order in which they were sealed.
fn sealed_runs(state: &State) -> impl Iterator<Item = (RunId, &Run)> {
    let mut runs: Vec<(RunId, &Run)> =
        state.runs().iter().filter(|(_, run)| matches_of(run) > 0).map(|(id, run)| (*id, run)).collect();
    runs.sort_by_key(|(id, run)| (run.changed, *id));
    runs.into_iter()
}

fn matches_of(run: &Run) -> u32 {
    if let RunPhase::Sealed(Some(matches)) = run.phase { matches } else { 0 }
}

fn find(state: &State, text: &str) -> Result<Place, Problem> {
    let places = sealed_runs(state).flat_map(|(id, run)| (0..matches_of(run)).map(move |at| Place { run: id, at }));
    named::by_prefix("match", "cwg match list", places.map(Numbered::of), text).map(|found| found.place)
}

struct Numbered {
    place: Place,
    number: String,
}

impl Numbered {
    fn of(place: Place) -> Self {
        Self { place, number: place.number() }
    }
}

impl core::fmt::Display for Numbered {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.number)
    }
}

fn line(state: &State, run: &Run, place: Place, row: &IndicatorRow) -> MatchLine {
    MatchLine {
        id: place.number(),
        kind: row.kind.name().to_owned(),
        masked: masked(row.kind, &row.canonical),
        strength: row.strength.to_string(),
        roles: role_names(row.roles),
        run: place.run.to_string(),
        pilot_name: pilot_name(state, run.plan.pilot),
        references: u32::try_from(row.references.len()).unwrap_or(u32::MAX),
    }
}

fn show(state: &State, place: Place, row: IndicatorRow) -> Result<View, Problem> {
    let run = state.runs().get(&place.run).ok_or(Problem::defect("a run is gone"))?;
    let pilot = state.pilots().get(&run.plan.pilot).ok_or(Problem::defect("a sealed run without its pilot"))?;
    let body = pilot.charter.body();
    let with = named::name_of(state, run.plan.peer);
    let delete_after = UnixTime(run.changed.0).plus_secs(u64::from(body.retention_days) * 86_400);
    Ok(View::Match(Box::new(MatchView {
        id: place.number(),
        fact: format!(
            "A fact about values, not an accusation: this member and {with} both hold this identifier. A person decides \
             what it means"
        ),
        kind: row.kind.name().to_owned(),
        canonical: disclosed(row.kind, &row.canonical),
        strength: row.strength.to_string(),
        strength_meaning: strength_meaning(row.strength).to_owned(),
        roles: role_names(row.roles),
        references: row.references,
        rows: row.rows,
        run: place.run.to_string(),
        found: shown(run.changed),
        with,
        pilot: run.plan.pilot.to_string(),
        pilot_name: body.name.to_string(),
        purpose: body.purpose.to_string(),
        delete_after: shown(delete_after),
    })))
}

fn strength_meaning(strength: Strength) -> &'static str {
    match strength {
        Strength::A => "unique and stable",
        Strength::B => "unique, but can pass to someone else: look at the dates",
        Strength::C => "weak: means nothing without a second, different identifier",
    }
}
