//! The standing comparison for people: what may be asked, and what came of it. Tables and editions are the daemon's.

mod describe;

use std::path::Path;

use cwg_engine::command::Refusal;
use cwg_engine::io::{IndicatorRow, Selection};
use cwg_engine::record::{Book, BookReport};
use cwg_engine::state::State;
use cwg_engine::{Edition, KeyPeriod};
use cwg_protocol::charter::{Charter, RunKind};
use cwg_protocol::indicator::{ColumnKind, Region, Rules, canonicalize};
use cwg_protocol::lighthouse::standing::{Period, VerifiedEdition};
use cwg_protocol::lighthouse::{ReleaseNumber, VerifiedRelease};
use cwg_protocol::{Item, NetworkId, PilotId, RunId, UnixTime};

use crate::indicators::{RowSink, SinkProblem};
use crate::problem::{Exit, Problem};
use crate::view::{EvaluationView, View};
use crate::work::{OpenBook, path_text};
use crate::{named, refusals};

pub use describe::standing as shown;
pub(crate) use describe::standing;

/// Has the items of a file evaluated that the table does not have.
#[derive(Debug)]
pub struct EvaluateWork {
    /// Under whose charter.
    pub pilot: PilotId,
    /// In which period.
    pub period: Period,
    /// Earlier periods that this one replaces.
    pub earlier: Vec<Period>,
    /// The file.
    pub book: StandingBook,
}

/// Compares the table with the editions, all of it here.
#[derive(Debug)]
pub struct CompareWork {
    /// Under whose charter.
    pub pilot: PilotId,
    /// In which period.
    pub period: Period,
    /// A snapshot, then its deltas.
    pub editions: Vec<VerifiedEdition>,
    /// The release of the last of them.
    pub release: ReleaseNumber,
    /// The file.
    pub book: StandingBook,
}

/// Asks what the editions say of one value.
#[derive(Debug)]
pub struct LookUpWork {
    /// Under whose charter.
    pub pilot: PilotId,
    /// In which period.
    pub period: Period,
    /// A snapshot, then its deltas.
    pub editions: Vec<VerifiedEdition>,
    /// The forms of the value.
    pub items: Vec<Item>,
    kind: ColumnKind,
    release: ReleaseNumber,
    newest: ReleaseNumber,
}

/// A member's file of identifiers, of which the charter lets some in.
#[derive(Debug)]
pub struct StandingBook {
    /// Where it is.
    pub book: Book,
    /// Kinds and roles that the charter allows.
    pub selection: Selection,
    network: NetworkId,
    now: UnixTime,
}

impl EvaluateWork {
    pub(crate) fn new(pilot: &str, path: &Path, map: &Path, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let (pilot, charter) = allowed(state, pilot, now)?;
        let periods = state.standing().periods();
        let period = *periods.last_key_value().ok_or_else(no_period)?.0;
        let earlier = periods.keys().copied().filter(|earlier| *earlier < period).collect();
        Ok(Self { pilot, period, earlier, book: StandingBook::new(path, map, charter, state, now)? })
    }

    /// The view of what it came to.
    pub fn done(&self, read: &BookReport, items: u64, evaluated: u64, destroyed: &[Period]) -> View {
        let destroyed = destroyed.iter().map(|period| period.0).collect();
        let BookReport { rows, refused, .. } = *read;
        View::Evaluation(EvaluationView { period: self.period.0, rows, refused, items, evaluated, destroyed })
    }
}

impl LookUpWork {
    pub(crate) fn new(pilot: &str, kind: &str, value: &str, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let (pilot, charter) = allowed(state, pilot, now)?;
        let newest = |period: &&KeyPeriod| Some(period.editions().last()?.verified.body().release);
        let (known, release) = usable(state, now, state.standing().periods().values().max_by_key(newest))?;
        let period = known.body().period;
        let network = state.network().ok_or_else(named::not_joined)?.id;
        let kind = ColumnKind::from_name(kind).ok_or_else(|| {
            Problem::new(Exit::Usage, "unknown-type", "this is not a type of value", "cwg pilot show lists the types")
        })?;
        // The value is one person's: the refusal names its rule, never the value.
        let rules = Rules { default_region: Some(Region::AU), ..Rules::default() };
        let canonical = canonicalize(kind, value.trim().as_bytes(), &rules)
            .map_err(|code| Problem::new(Exit::BadInput, code.code(), code.problem(), code.hint()))?;
        let forms = canonical.keys.iter().filter(|key| charter.body().kinds.iter().any(|kind| kind.kind == key.kind));
        let items: Vec<Item> = forms.map(|key| Item::of(network, key.kind, &key.text)).collect();
        if items.is_empty() {
            return Err(refusals::problem(&Refusal::NotAllowed("this type of value")));
        }
        let release = release.seen().number;
        let newest = newest_release(state).unwrap_or(release);
        Ok(Self { pilot, period, editions: heads(known), items, kind, release, newest })
    }

    /// What the labels of the forms say, in words. `labels` are those of forms that the editions have.
    ///
    /// # Errors
    /// If a label is none: the hub has published what cannot be read.
    pub fn done(&self, state: &State, labels: &[Vec<u8>], spoilt: u32) -> Result<View, Problem> {
        describe::look_up(self, state, labels, spoilt)
    }
}

impl CompareWork {
    pub(crate) fn new(pilot: &str, path: &Path, map: &Path, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let (pilot, charter) = allowed(state, pilot, now)?;
        // The oldest table: a later one ends it once it is whole.
        let filled = |period: &&KeyPeriod| period.rows() > 0 && !period.editions().is_empty();
        let (known, release) = usable(state, now, state.standing().periods().values().find(filled))?;
        let (period, newest) = (known.body().period, newest_release(state));
        if newest > Some(release.seen().number) {
            return Err(edition_awaited(period));
        }
        let book = StandingBook::new(path, map, charter, state, now)?;
        Ok(Self { pilot, period, editions: heads(known), release: release.seen().number, book })
    }

    /// The view of the run as which it was stored.
    ///
    /// # Errors
    /// Never, for a run that is there.
    pub fn done(&self, state: &State, run: RunId) -> Result<View, Problem> {
        crate::describe::run(state, run)
    }
}

impl StandingBook {
    fn new(path: &Path, map: &Path, charter: &Charter, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let network = state.network().ok_or_else(named::not_joined)?.id;
        let selection = Selection(charter.body().kinds.iter().map(|entry| (entry.kind, entry.roles)).collect());
        let book = Book { file: path_text(path)?, map: path_text(map)? };
        Ok(Self { book, selection, network, now })
    }

    /// Reads the file; rows of kinds and roles that the charter allows reach the sink.
    ///
    /// # Errors
    /// If the file or the map cannot be read, the map does not fit the file, or the sink fails.
    pub fn read(&self, sink: &mut dyn RowSink) -> Result<BookReport, Problem> {
        let mut allowed = Allowed { selection: &self.selection, sink };
        OpenBook::open(&self.book, self.network, self.now)?.read(&mut allowed)
    }
}

struct Allowed<'a> {
    selection: &'a Selection,
    sink: &'a mut dyn RowSink,
}

impl RowSink for Allowed<'_> {
    fn push(&mut self, number: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        if self.selection.contains(row) { self.sink.push(number, row) } else { Ok(()) }
    }
}

/// A pilot whose live charter lets this member compare itself with releases.
fn allowed<'a>(state: &'a State, pilot: &str, now: UnixTime) -> Result<(PilotId, &'a Charter), Problem> {
    let id = named::pilot(state, pilot)?;
    let charter = state.pilots()[&id].live(now).map_err(|why| refusals::problem(&Refusal::NotLive(why)))?.charter();
    let own = state.own().ok_or_else(named::not_joined)?.node();
    if !charter.body().runs.contains(&RunKind::Lighthouse) || !charter.names(own) {
        return Err(refusals::problem(&Refusal::NotAllowed("comparisons with releases")));
    }
    Ok((id, charter))
}

/// A period, if there is one and the release of its last edition may be used now.
fn usable<'a>(
    state: &State,
    now: UnixTime,
    period: Option<&'a KeyPeriod>,
) -> Result<(&'a KeyPeriod, VerifiedRelease), Problem> {
    let network = state.network().ok_or_else(named::not_joined)?;
    let period = period.ok_or_else(no_period)?;
    let last = period.editions().last().ok_or_else(no_period)?;
    let published = state.lighthouse().releases().get(&last.verified.body().release).ok_or_else(no_period)?;
    let release = published.usable(network.id, network.hub, now);
    let release = release.map_err(|error| refusals::problem(&Refusal::Release(error)))?;
    Ok((period, release))
}

fn newest_release(state: &State) -> Option<ReleaseNumber> {
    state.lighthouse().current().map(|current| current.seen.number)
}

fn heads(period: &KeyPeriod) -> Vec<VerifiedEdition> {
    period.editions().iter().map(|Edition { verified, .. }| verified.clone()).collect()
}

fn no_period() -> Problem {
    Problem::new(
        Exit::TryAgain,
        "no-period",
        "no key period is open here with what this needs",
        "cwg lighthouse standing shows periods, editions and the table; the hub opens and publishes them",
    )
}

fn edition_awaited(period: Period) -> Problem {
    Problem::new(
        Exit::TryAgain,
        "edition-awaited",
        format!("the newest release has no edition here yet in period {}, whose table is compared", period.0),
        "try again when cwg lighthouse standing shows it; the hub publishes it with cwg lighthouse edition publish",
    )
}
