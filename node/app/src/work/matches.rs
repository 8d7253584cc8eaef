//! Matches: listed masked, shown in full one at a time.
//!
//! The number of a match is a digest of its run and its place in it: it says nothing about the value, and needs no
//! index to be found again.

use std::ops::ControlFlow;

use cwg_crypto::{Domain, digest};
use cwg_engine::io::IndicatorRow;
use cwg_engine::state::{Run, RunPhase, State};
use cwg_engine::{KnownRound, Published, RoundPhase as RoundPhaseOf};
use cwg_protocol::charter::Body;
use cwg_protocol::indicator::{IndicatorKind, Strength};
use cwg_protocol::lighthouse::{Day, Opening};
use cwg_protocol::{PilotId, RunId, UnixTime};

use super::Records;
use super::clues::{clue_match, recalled_clue, release_of};
use super::customers::{Clued, Customers};
use crate::describe::{pilot_name, role_names};
use crate::mask::{disclosed, masked};
use crate::named;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{ClueMatchView, MatchLine, MatchView, MatchesView, View};

/// Matches of one answer at most.
pub(crate) const MATCH_LIMIT_MAX: u32 = 1000;

/// Lists matches.
#[derive(Debug)]
pub struct MatchListWork {
    run: Option<RunId>,
    kind: Option<IndicatorKind>,
    which: Which,
    after: Option<Place>,
    limit: u32,
    today: Day,
}

/// Which matches are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Those that stand.
    Standing,
    /// Those of lighthouse runs all of whose clues were taken back.
    Withdrawn,
}

/// Shows one match.
#[derive(Debug)]
pub struct MatchShowWork {
    place: Place,
    today: Day,
}

/// Where a match stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    run: RunId,
    /// Counted from 0, in the order of the run's records.
    at: u32,
}

impl Place {
    pub(super) fn of(run: RunId, at: usize) -> Self {
        Self { run, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    pub(super) fn number(self) -> String {
        let digest = digest(Domain::MatchNumber, &[&self.run.0, &self.at.to_le_bytes()]);
        hex::encode(&digest.as_bytes()[..8])
    }
}

impl MatchListWork {
    pub(crate) fn new(
        (run, kind, withdrawn): (Option<RunId>, Option<IndicatorKind>, bool),
        after: Option<String>,
        limit: u32,
        state: &State,
        now: UnixTime,
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
        let which = if withdrawn { Which::Withdrawn } else { Which::Standing };
        Ok(Self { run, kind, which, after, limit, today: Day::of(now) })
    }

    /// Reads the matches.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<View, Problem> {
        let mut lines = Lines { limit: self.limit as usize, lines: Vec::new(), next: None };
        for (id, run) in sealed_runs(state).filter(|(id, _)| self.run.is_none_or(|only| only == *id)) {
            if !self.reaches(state, id) {
                continue;
            }
            let listed = match release_of(state, run) {
                Some(release) => self.list_clued(&mut lines, state, (id, run), release, records)?,
                None if self.which == Which::Standing => self.list_pair(&mut lines, state, (id, run), records)?,
                None => ControlFlow::Continue(()),
            };
            if listed.is_break() {
                break;
            }
        }
        self.list_round(&mut lines, state, records)?;
        Ok(View::Matches(MatchesView { matches: lines.lines, next: lines.next }))
    }

    /// Whether a run does not come before the start.
    fn reaches(&self, state: &State, run: RunId) -> bool {
        let Some(after) = self.after else { return true };
        let mut order = sealed_runs(state).map(|(id, _)| id).skip_while(|id| *id != after.run);
        order.any(|id| id == run)
    }

    /// The match of this run after which the list begins, if it begins in this run.
    fn after_in(&self, run: RunId) -> Option<u32> {
        self.after.filter(|after| after.run == run).map(|after| after.at)
    }

    fn list_pair(
        &self,
        lines: &mut Lines,
        state: &State,
        (id, run): (RunId, &Run),
        records: &dyn Records,
    ) -> Result<ControlFlow<()>, Problem> {
        let from = self.after_in(id).map_or(0, |after| after + 1);
        let mut at = 0;
        for rows in records.matches(id) {
            for found in rows? {
                // Older records of a run that was repeated do not count.
                if at == matches_of(run) {
                    return Ok(ControlFlow::Continue(()));
                }
                let place = Place { run: id, at };
                at += 1;
                if place.at < from || self.kind.is_some_and(|kind| kind != found.row.kind) {
                    continue;
                }
                if lines.push(|| line(state, run.plan.pilot, place, &found.row)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Items of a round that enough members hold, if the list is of one round.
    fn list_round(&self, lines: &mut Lines, state: &State, records: &dyn Records) -> Result<(), Problem> {
        let Some((id, round, count)) = self.run.and_then(|run| round_with_matches(state, run)) else { return Ok(()) };
        if self.which == Which::Withdrawn {
            return Ok(());
        }
        let from = self.after_in(id).map_or(0, |after| after + 1);
        let mut at = 0;
        for rows in records.matches(id) {
            for found in rows? {
                let place = Place { run: id, at };
                at += 1;
                if at > count || place.at < from || self.kind.is_some_and(|kind| kind != found.row.kind) {
                    continue;
                }
                let pilot = round.terms.body().pilot;
                let with_room =
                    || MatchLine { room: round.room_number(found.row.item), ..line(state, pilot, place, &found.row) };
                if lines.push(with_room).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Matches with clues, the most urgent first. All matches of the run are held for that.
    fn list_clued(
        &self,
        lines: &mut Lines,
        state: &State,
        (id, run): (RunId, &Run),
        release: &Published,
        records: &dyn Records,
    ) -> Result<ControlFlow<()>, Problem> {
        let customers = customers_of(state, (id, run), release, records, self.today)?;
        let mut queue = customers.queue().into_iter();
        if let Some(after) = self.after_in(id) {
            queue.by_ref().find(|at| *at == after as usize);
        }
        let which =
            if self.which == Which::Withdrawn { Clued::is_withdrawn } else { |found: &Clued| !found.is_withdrawn() };
        for at in queue {
            let found = &customers.matches[at];
            if !which(found) || self.kind.is_some_and(|kind| kind != found.row.kind) {
                continue;
            }
            let pushed = lines.push(|| {
                let most = customers.of_match(at).next().map(|customer| customer.assessment.band);
                let mut opens = customers.of_match(at).map(|customer| customer.assessment.opening);
                MatchLine {
                    release: Some(release.seen.number.0),
                    band: most.map(|band| band.name().to_owned()),
                    may_open: most.map(|_| opens.any(|opening| matches!(opening, Opening::May(_)))),
                    recalled: if found.is_withdrawn() {
                        found.recalled.iter().map(recalled_clue).collect()
                    } else {
                        Vec::new()
                    },
                    ..line(state, run.plan.pilot, Place::of(id, at), &found.row)
                }
            });
            if pushed.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Lines of an answer, and where the next one begins.
struct Lines {
    limit: usize,
    lines: Vec<MatchLine>,
    next: Option<String>,
}

impl Lines {
    /// Adds a line, if there is room.
    fn push(&mut self, line: impl FnOnce() -> MatchLine) -> ControlFlow<()> {
        if self.lines.len() == self.limit {
            self.next = self.lines.last().map(|line| line.id.clone());
            return ControlFlow::Break(());
        }
        self.lines.push(line());
        ControlFlow::Continue(())
    }
}

impl MatchShowWork {
    pub(crate) fn new(id: &str, state: &State, now: UnixTime) -> Result<Self, Problem> {
        Ok(Self { place: find(state, id)?, today: Day::of(now) })
    }

    /// Reads the match.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn run(&self, state: &State, records: &dyn Records) -> Result<View, Problem> {
        let Place { run: id, at } = self.place;
        let Some(run) = state.runs().get(&id) else { return show_round(state, self.place, records) };
        if let Some(release) = release_of(state, run) {
            let customers = customers_of(state, (id, run), release, records, self.today)?;
            let found = customers.matches.get(at as usize).ok_or_else(missing)?;
            let clues = clue_match(id, at as usize, &customers, release, self.today);
            return show(state, self.place, run, found.row.clone(), Some(Box::new(clues)));
        }
        show(state, self.place, run, row_at(self.place, records)?, None)
    }
}

/// The row of a match.
fn row_at(place: Place, records: &dyn Records) -> Result<IndicatorRow, Problem> {
    let mut at = place.at as usize;
    for rows in records.matches(place.run) {
        let mut rows = rows?;
        if at < rows.len() {
            return Ok(rows.swap_remove(at).row);
        }
        at -= rows.len();
    }
    Err(missing())
}

fn missing() -> Problem {
    Problem::new(
        Exit::Io,
        "match-missing",
        "the match is counted in its run and not in the journal",
        "run cwg audit verify, then cwg doctor",
    )
}

/// All matches of a lighthouse run.
fn customers_of(
    state: &State,
    (id, run): (RunId, &Run),
    release: &Published,
    records: &dyn Records,
    today: Day,
) -> Result<Customers, Problem> {
    let mut matches = Vec::new();
    for rows in records.matches(id) {
        matches.extend(rows?);
    }
    // Older records of a run that was repeated do not count.
    matches.truncate(matches_of(run) as usize);
    Customers::of(matches, release.body.class, state.lighthouse().recalled(), today)
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
    let of_runs = sealed_runs(state).map(|(id, run)| (id, matches_of(run)));
    let of_rounds = state.rounds().rounds().keys().filter_map(|id| round_with_matches(state, *id));
    let all = of_runs.chain(of_rounds.map(|(id, _, count)| (id, count)));
    let places = all.flat_map(|(id, count)| (0..count).map(move |at| Place { run: id, at }));
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

/// A round that found something here, and how much.
fn round_with_matches(state: &State, id: RunId) -> Option<(RunId, &KnownRound, u32)> {
    let round = state.rounds().rounds().get(&id)?;
    match round.phase {
        RoundPhaseOf::Answered(Some(count)) => Some((id, round, count)),
        _ => None,
    }
}

fn show_round(state: &State, place: Place, records: &dyn Records) -> Result<View, Problem> {
    let (_, round, _) = round_with_matches(state, place.run).ok_or(Problem::defect("a run is gone"))?;
    let (pilot, body) = charter_of(state, round.terms.body().pilot)?;
    let others = round.terms.body().threshold.saturating_sub(1);
    let row = row_at(place, records)?;
    let about = About {
        fact: format!(
            "A fact about values, not an accusation: this member and at least {others} others hold this identifier, and nobody \
             is told who. A person decides what it means"
        ),
        found: round.over_at.unwrap_or(round.at),
        with: "members of the round".to_owned(),
        room: round.room_number(row.item),
        lighthouse: None,
    };
    Ok(about.view(place, (pilot, body), row))
}

fn line(state: &State, pilot: PilotId, place: Place, row: &IndicatorRow) -> MatchLine {
    MatchLine {
        id: place.number(),
        kind: row.kind.name().to_owned(),
        masked: masked(row.kind, &row.canonical),
        strength: row.strength.to_string(),
        roles: role_names(row.roles),
        run: place.run.to_string(),
        pilot_name: pilot_name(state, pilot),
        references: u32::try_from(row.references.len()).unwrap_or(u32::MAX),
        release: None,
        band: None,
        may_open: None,
        room: None,
        recalled: Vec::new(),
    }
}

fn show(
    state: &State,
    place: Place,
    run: &Run,
    row: IndicatorRow,
    lighthouse: Option<Box<ClueMatchView>>,
) -> Result<View, Problem> {
    let charter = charter_of(state, run.plan.pilot)?;
    let with = named::name_of(state, run.plan.peer);
    let fact = match &lighthouse {
        None => format!(
            "A fact about values, not an accusation: this member and {with} both hold this identifier. A person decides \
             what it means"
        ),
        Some(clues) => format!(
            "A fact about values, not an accusation: release {} names this identifier, and this member holds it. A person \
             decides what it means",
            clues.release
        ),
    };
    Ok(About { fact, found: run.changed, with, room: None, lighthouse }.view(place, charter, row))
}

fn charter_of(state: &State, pilot: PilotId) -> Result<(PilotId, &Body), Problem> {
    let known = state.pilots().get(&pilot).ok_or(Problem::defect("a match without its pilot"))?;
    Ok((pilot, known.charter.body()))
}

/// What a run or a round says of its matches.
struct About {
    fact: String,
    found: UnixTime,
    with: String,
    room: Option<u32>,
    lighthouse: Option<Box<ClueMatchView>>,
}

impl About {
    fn view(self, place: Place, (pilot, charter): (PilotId, &Body), row: IndicatorRow) -> View {
        let delete_after = self.found.plus_secs(u64::from(charter.retention_days) * 86_400);
        View::Match(Box::new(MatchView {
            id: place.number(),
            fact: self.fact,
            kind: row.kind.name().to_owned(),
            canonical: disclosed(row.kind, &row.canonical),
            strength: row.strength.to_string(),
            strength_meaning: strength_meaning(row.strength).to_owned(),
            roles: role_names(row.roles),
            references: row.references,
            rows: row.rows,
            run: place.run.to_string(),
            found: shown(self.found),
            with: self.with,
            pilot: pilot.to_string(),
            pilot_name: charter.name.to_string(),
            purpose: charter.purpose.to_string(),
            delete_after: shown(delete_after),
            room: self.room,
            lighthouse: self.lighthouse,
        }))
    }
}

fn strength_meaning(strength: Strength) -> &'static str {
    match strength {
        Strength::A => "unique and stable",
        Strength::B => "unique, but can pass to someone else: look at the dates",
        Strength::C => "weak: means nothing without a second, different identifier",
    }
}
