//! From exact counts to the figures of a trend, which single out no one (`docs/spec/trends.md` §2 to §4).
//!
//! Every table is a tree of groups: the cells of a group divide the clues of the cell above them. Within a group, hiding is
//! decided by [`figures`] alone; nothing else here decides anything. Columns have no totals.

use serde::{Deserialize, Serialize};

use super::day::Month;
use super::limits::{
    FIGURE_CLUES_MIN, FIGURE_SHARE_MAX_PERCENT, FIGURE_SOURCES_MIN, TREND_AREAS_MAX, TREND_MONTHS, TRENDS_LEN_MAX,
};
use super::place::{Sa3, State};
use super::release::{Purpose, ReleaseNumber};
use super::trends::{
    CellCount, Counts, GradeBand, PLACE_CELLS, PLATFORM_CELLS, PlaceCount, SourceKindCount, TIME_CELLS, TYPOLOGY_CELLS,
    TimeCount,
};
use super::vocabulary::{PlatformCategory, SourceKind, Typology};
use crate::NetworkId;
use crate::indicator::IndicatorKind;
use crate::wire::{decode_canonical, encode};

/// What is told of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Figure {
    /// Nothing: too few clues, too few sources, one source with too much of it, or to protect such a cell beside it. Which
    /// of these is not told either: it would tell the cell's size.
    Hidden,
    /// Clues, a multiple of `FIGURE_CLUES_MIN`: less than that away from the truth.
    Shown(u32),
}

/// The trends of one release: all that leaves the hub. Whoever keeps the last one keeps all that the next one needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trends {
    /// The network.
    pub network: NetworkId,
    /// Live, or a drill of invented clues.
    pub purpose: Purpose,
    /// The period: one release of trends in a month.
    pub period: Month,
    /// The release of which these are.
    pub release: ReleaseNumber,
    /// This release and those before it of which trends were released, oldest first, within the months shown.
    pub marks: Vec<Mark>,
    /// All clues.
    pub all: Figure,
    /// By time, newest month first, then earlier, then undated.
    pub times: Vec<TimeFigures>,
    /// By place: states in the order of their number, then abroad, then not said.
    pub places: Vec<PlaceFigures>,
    /// By kind of identifier, in the order of `IndicatorKind::ALL`.
    pub kinds: Vec<Figure>,
    /// By kind of source, in the order of `SourceKind::ALL`.
    pub source_kinds: Vec<SourceKindFigures>,
}

/// When a release was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which.
    pub release: ReleaseNumber,
    /// The month.
    pub month: Month,
}

/// A row of time: when a clue was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// In this month.
    Month(Month),
    /// Before the months that are shown.
    Earlier,
    /// In a year that is known, in a month that is not.
    Undated,
}

/// Figures of a row of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeFigures {
    /// The row.
    pub when: When,
    /// All its clues.
    pub all: Figure,
    /// By category in the order of `PlatformCategory::ALL`, then those that name no platform.
    pub platforms: Vec<Figure>,
    /// By typology in the order of `Typology::ALL`.
    pub typologies: Vec<Figure>,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Region {
    /// A state or territory.
    State(State),
    /// Another country.
    Abroad,
    /// Not said, or Australia and no more.
    NotSaid,
}

/// Figures of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceFigures {
    /// The place.
    pub region: Region,
    /// All its clues.
    pub all: Figure,
    /// Areas with a figure, ascending by number. Of those not listed nothing is told, not even that there is a clue.
    pub areas: Vec<(Sa3, u32)>,
}

/// Figures of a kind of source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceKindFigures {
    /// The kind.
    pub kind: SourceKind,
    /// All its clues.
    pub all: Figure,
    /// In the order of `GradeBand::ALL`.
    pub grades: Vec<Figure>,
}

/// Why trends are not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// There was a release of trends in this month, or in a later one.
    #[error("trends of {released} are released; the next may be those of a later month")]
    PeriodReleased {
        /// The period of the last.
        released: Month,
    },
    /// The trends before are of another network, or of a drill and not live.
    #[error("the trends before are of another network or purpose; give those that were released last")]
    OtherNetwork,
    /// The trends before are malformed.
    #[error("the trends before are malformed; give the file that was released last, unchanged")]
    Malformed,
}

impl Trends {
    /// What may be told of these counts. `before` are the trends that were released last, and `None` only if there never
    /// were any: without them a reader could compare two releases.
    ///
    /// # Errors
    /// If no release may follow `before`.
    pub fn of(counts: &Counts, before: Option<&Self>) -> Result<Self, DisclosureError> {
        if let Some(before) = before {
            before.check_follower(counts)?;
        }
        let head = &counts.head;
        let all = single(&counts.all, Before::of(before.map(|trends| Some(trends.all))));
        let mut marks: Vec<Mark> = before.map(|trends| trends.marks.clone()).unwrap_or_default();
        marks.retain(|mark| mark.month.months_to(head.month) < TREND_MONTHS);
        marks.push(Mark { release: head.number, month: head.month });
        Ok(Self {
            network: head.network,
            purpose: head.purpose,
            period: head.month,
            release: head.number,
            marks,
            all,
            times: times(counts, all, before),
            places: places(counts, all, before),
            kinds: kinds(counts, all, before),
            source_kinds: source_kinds(counts, all, before),
        })
    }

    fn check_follower(&self, counts: &Counts) -> Result<(), DisclosureError> {
        if (self.network, self.purpose) != (counts.head.network, counts.head.purpose) {
            return Err(DisclosureError::OtherNetwork);
        }
        if !self.is_formed() {
            return Err(DisclosureError::Malformed);
        }
        if self.period >= counts.head.month {
            return Err(DisclosureError::PeriodReleased { released: self.period });
        }
        Ok(())
    }

    /// Whether it has the rows and columns that trends have.
    fn is_formed(&self) -> bool {
        self.times.len() == TIME_CELLS
            && self.times.iter().all(|row| row.platforms.len() == PLATFORM_CELLS)
            && self.times.iter().all(|row| row.typologies.len() == TYPOLOGY_CELLS)
            && self.places.len() == PLACE_CELLS
            && self.places.iter().all(|place| place.areas.len() <= TREND_AREAS_MAX)
            && self.source_kinds.len() == SourceKind::ALL.len()
            && self.source_kinds.iter().all(|row| row.grades.len() == GradeBand::ALL.len())
            && self.kinds.len() <= IndicatorKind::ALL.len()
            && self.marks.len() <= usize::from(TREND_MONTHS)
    }

    /// Its bytes, as they travel to members.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The trends of these bytes.
    ///
    /// # Errors
    /// If they are more than [`TRENDS_LEN_MAX`], or no trends.
    pub fn decode(bytes: &[u8]) -> Result<Self, DisclosureError> {
        let trends: Self = decode_canonical(bytes, TRENDS_LEN_MAX).map_err(|_| DisclosureError::Malformed)?;
        if trends.is_formed() { Ok(trends) } else { Err(DisclosureError::Malformed) }
    }

    /// The row of a time, and what was told of it. A month that is newer than all that was shown is told of first.
    fn time_before(&self, when: When) -> Option<&TimeFigures> {
        self.times.iter().find(|row| row.when == when)
    }
}

impl When {
    /// The row at a place of the counts.
    fn at(place: usize, newest: Month) -> Self {
        match u16::try_from(place).expect("there are a few rows") {
            months if months < TREND_MONTHS => Self::Month(newest.less(months)),
            TREND_MONTHS => Self::Earlier,
            _ => Self::Undated,
        }
    }
}

impl Region {
    fn at(place: usize) -> Self {
        match State::ALL.get(place) {
            Some(state) => Self::State(*state),
            None if place == State::ALL.len() => Self::Abroad,
            None => Self::NotSaid,
        }
    }
}

/// What was told of a cell before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// There was no such cell: nothing was released yet, or the month had not come.
    Never,
    /// It was hidden, or it had no clue and was not listed.
    Hidden,
    /// It had this figure.
    Shown(u32),
}

impl Before {
    /// `None` if nothing was released, `Some(None)` if what was released does not know the cell.
    fn of(figure: Option<Option<Figure>>) -> Self {
        match figure {
            None => Self::Never,
            Some(None | Some(Figure::Hidden)) => Self::Hidden,
            Some(Some(Figure::Shown(clues))) => Self::Shown(clues),
        }
    }
}

/// A cell of a group, and what was told of it before.
#[derive(Clone, Copy)]
struct Cell<'a> {
    count: &'a CellCount,
    before: Before,
}

/// The least that may be told of.
#[derive(Clone, Copy)]
struct Floor {
    clues: u32,
    sources: u32,
    share_max_percent: u32,
}

const FLOOR: Floor =
    Floor { clues: FIGURE_CLUES_MIN, sources: FIGURE_SOURCES_MIN, share_max_percent: FIGURE_SHARE_MAX_PERCENT };

/// A cell that was hidden must have this many floors to be told of: what has come since is then a floor by itself.
const FLOORS_TO_APPEAR: u32 = 2;

/// What a group hides has this many floors together: a cell that was hidden (two) beside one that is hidden for it (one).
const FLOORS_HIDDEN: u32 = 3;

impl Floor {
    /// Whether so many clues, of which the largest source has so many, may be told of.
    fn reached(self, count: &CellCount, floors: u32) -> bool {
        let share = u64::from(count.largest()) * 100 <= u64::from(count.clues()) * u64::from(self.share_max_percent);
        count.clues() >= self.clues * floors && count.sources() >= self.sources && share
    }

    fn allows(self, cell: &Cell<'_>) -> bool {
        self.reached(cell.count, if cell.before == Before::Hidden { FLOORS_TO_APPEAR } else { 1 })
    }

    /// The figure of a cell that is shown: the multiple of the floor below, and later a whole number of floors away from
    /// the figure before, no further than the truth. So after every move the truth is one of as many numbers as the floor.
    /// Rounding to the nearest would leave half of them: twice is enough to date a handful of clues.
    fn figure(self, cell: &Cell<'_>) -> Figure {
        let (clues, floor) = (cell.count.clues(), self.clues);
        Figure::Shown(match cell.before {
            Before::Shown(figure) if clues >= figure => figure + (clues - figure) / floor * floor,
            Before::Shown(figure) => figure - (figure - clues) / floor * floor,
            Before::Never | Before::Hidden => clues / floor * floor,
        })
    }

    /// Whether the hidden cells of a group hide each other: enough together, and one among them that is not small, whose
    /// size makes up for any size of the small ones.
    fn covered(self, hidden: &[&Cell<'_>]) -> bool {
        let union = hidden.iter().fold(CellCount::default(), |sum, cell| sum.union(cell.count));
        self.reached(&union, FLOORS_HIDDEN) && hidden.iter().any(|cell| self.allows(cell))
    }
}

/// The figures of a group whose cell above is shown.
///
/// Hidden is each cell that the floor does not allow, then, until the hidden ones cover each other, one more in the order of
/// `sacrifice`: those that were hidden before, then the others. That order is public. Were the smallest hidden instead, that
/// it was chosen would tell about the sizes of the rest.
fn figures(cells: &[Cell<'_>], sacrifice: &[usize], always: Option<usize>, floor: Floor) -> Vec<Figure> {
    let mut hidden: Vec<bool> = cells.iter().map(|cell| !floor.allows(cell)).collect();
    if let Some(place) = always {
        hidden[place] = true;
    }
    if hidden.contains(&true) {
        let mut order = sacrifice.to_vec();
        order.sort_by_key(|place| cells[*place].before != Before::Hidden);
        for place in order {
            let together: Vec<&Cell<'_>> = cells.iter().zip(&hidden).filter(|(_, h)| **h).map(|(c, _)| c).collect();
            if floor.covered(&together) {
                break;
            }
            hidden[place] = true;
        }
    }
    let figure = |(cell, hidden): (&Cell<'_>, bool)| if hidden { Figure::Hidden } else { floor.figure(cell) };
    cells.iter().zip(hidden).map(figure).collect()
}

/// The cells of a group, or as many hidden ones if the cell above is hidden: a part would tell of the whole.
fn group<'a>(above: Figure, cells: impl Iterator<Item = Cell<'a>>, sacrifice: &[usize]) -> Vec<Figure> {
    let cells: Vec<Cell<'a>> = cells.collect();
    match above {
        Figure::Hidden => vec![Figure::Hidden; cells.len()],
        Figure::Shown(_) => figures(&cells, sacrifice, None, FLOOR),
    }
}

fn single(count: &CellCount, before: Before) -> Figure {
    let cell = Cell { count, before };
    if FLOOR.allows(&cell) { FLOOR.figure(&cell) } else { Figure::Hidden }
}

/// Cells of a group beside what was told of them.
fn beside<'a>(counts: &'a [CellCount], before: Option<Option<&'a [Figure]>>) -> impl Iterator<Item = Cell<'a>> {
    counts.iter().enumerate().map(move |(place, count)| {
        let told = before.map(|row| row.and_then(|row| row.get(place).copied()));
        Cell { count, before: Before::of(told) }
    })
}

fn times(counts: &Counts, all: Figure, before: Option<&Trends>) -> Vec<TimeFigures> {
    let newest = counts.head.month;
    let row_before = |when: When| {
        let trends = before?;
        match when {
            When::Month(month) if month > trends.period => None,
            _ => Some(trends.time_before(when)),
        }
    };
    let rows = counts.times.iter().enumerate().map(|(place, count)| {
        let told = row_before(When::at(place, newest)).map(|row| row.map(|row| row.all));
        Cell { count: &count.all, before: Before::of(told) }
    });
    // Undated, earlier, then the oldest month.
    let sacrifice: Vec<usize> = (0..TIME_CELLS).rev().collect();
    let whole = group(all, rows, &sacrifice);

    let row = |(place, (count, all)): (usize, (&TimeCount, Figure))| {
        let when = When::at(place, newest);
        let told = row_before(when);
        let platforms = beside(&count.platforms, told.map(|row| row.map(|row| &row.platforms[..])));
        let typologies = beside(&count.typologies, told.map(|row| row.map(|row| &row.typologies[..])));
        TimeFigures {
            when,
            all,
            platforms: group(all, platforms, &not_said_then_last(PlatformCategory::ALL.len())),
            typologies: group(all, typologies, &other_then_last()),
        }
    };
    counts.times.iter().zip(whole).enumerate().map(row).collect()
}

/// Clues that name no platform say least; then the last category.
fn not_said_then_last(categories: usize) -> Vec<usize> {
    (0..=categories).rev().collect()
}

/// `other` says least; then the last typology.
fn other_then_last() -> Vec<usize> {
    let other = usize::from(Typology::Other.number());
    core::iter::once(other).chain((0..Typology::ALL.len()).rev().filter(|place| *place != other)).collect()
}

fn places(counts: &Counts, all: Figure, before: Option<&Trends>) -> Vec<PlaceFigures> {
    let told = |place: usize| before.map(|trends| trends.places.get(place));
    let whole = counts.places.iter().enumerate().map(|(place, count)| {
        let told = told(place).map(|place| place.map(|place| place.all));
        Cell { count: &count.all, before: Before::of(told) }
    });
    // Not said, abroad, then the other territories.
    let sacrifice: Vec<usize> = (0..PLACE_CELLS).rev().collect();
    let figures = group(all, whole, &sacrifice);
    let areas = counts.places.iter().zip(figures).enumerate();
    areas
        .map(|(place, (count, all))| PlaceFigures {
            region: Region::at(place),
            all,
            areas: areas_of(count, all, told(place)),
        })
        .collect()
}

/// The areas of a place that have a figure. Most areas of a state have no clue and are hidden, so the clues without an area
/// are hidden always.
fn areas_of(count: &PlaceCount, all: Figure, before: Option<Option<&PlaceFigures>>) -> Vec<(Sa3, u32)> {
    if all == Figure::Hidden {
        return Vec::new();
    }
    let told = |area: u32| {
        let before = before?;
        let listed = before.and_then(|place| place.areas.iter().find(|(sa3, _)| u32::from(*sa3) == area));
        Some(listed.map(|(_, clues)| Figure::Shown(*clues)))
    };
    let mut cells: Vec<Cell<'_>> =
        count.areas.iter().map(|(area, count)| Cell { count, before: Before::of(told(*area)) }).collect();
    let rest = cells.len();
    cells.push(Cell { count: &count.area_not_said, before: Before::Never });
    let sacrifice: Vec<usize> = (0..rest).rev().collect();
    let figures = figures(&cells, &sacrifice, Some(rest), FLOOR);
    let shown = count.areas.keys().zip(figures).filter_map(|(area, figure)| match figure {
        Figure::Shown(clues) => Sa3::try_from(*area).ok().map(|sa3| (sa3, clues)),
        Figure::Hidden => None,
    });
    shown.collect()
}

fn kinds(counts: &Counts, all: Figure, before: Option<&Trends>) -> Vec<Figure> {
    let sacrifice: Vec<usize> = (0..counts.kinds.len()).rev().collect();
    group(all, beside(&counts.kinds, before.map(|trends| Some(&trends.kinds[..]))), &sacrifice)
}

fn source_kinds(counts: &Counts, all: Figure, before: Option<&Trends>) -> Vec<SourceKindFigures> {
    let told = |place: usize| before.map(|trends| trends.source_kinds.get(place));
    let whole = counts.source_kinds.iter().enumerate().map(|(place, count)| {
        let told = told(place).map(|row| row.map(|row| row.all));
        Cell { count: &count.all, before: Before::of(told) }
    });
    let sacrifice: Vec<usize> = (0..SourceKind::ALL.len()).rev().collect();
    let figures = group(all, whole, &sacrifice);
    let row = |(place, (count, all)): (usize, (&SourceKindCount, Figure))| {
        let grades = beside(&count.grades, told(place).map(|row| row.map(|row| &row.grades[..])));
        // What cannot be judged says least.
        let sacrifice: Vec<usize> = (0..count.grades.len()).rev().collect();
        SourceKindFigures { kind: SourceKind::ALL[place], all, grades: group(all, grades, &sacrifice) }
    };
    counts.source_kinds.iter().zip(figures).enumerate().map(row).collect()
}

#[cfg(test)]
mod attack;
#[cfg(test)]
mod tests;
