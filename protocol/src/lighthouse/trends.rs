//! Exact counts over the clues of a release, for trends (`docs/spec/trends.md` §1): one pass, memory that does not grow with
//! the clues. What is counted here never leaves the hub; `disclosure.rs` says what of it may.

use std::collections::BTreeMap;

use super::clue::{Clue, ClueFields, Pseudonym};
use super::day::{Day, Month};
use super::grade::Grade;
use super::limits::{CLUES_MAX, SOURCES_MAX, TREND_AREAS_MAX, TREND_MONTHS};
use super::place::{Area, Country, Sa3, State};
use super::platform::ListedPlatform;
use super::release::{Purpose, ReleaseBody, ReleaseNumber};
use super::vocabulary::{PlatformCategory, Precision, Review, SourceKind, Typology};
use crate::NetworkId;
use crate::indicator::IndicatorKind;

/// Exact counts of one release. Not for anyone but the hub.
pub struct Counts {
    pub(super) head: Head,
    sources: BTreeMap<Pseudonym, usize>,
    qualities: Vec<SourceQuality>,
    /// The category of each platform, by number. The list itself is a text that is searched.
    categories: Vec<Option<PlatformCategory>>,
    pub(super) all: CellCount,
    pub(super) times: Vec<TimeCount>,
    pub(super) places: Vec<PlaceCount>,
    pub(super) kinds: Vec<CellCount>,
    pub(super) source_kinds: Vec<SourceKindCount>,
}

/// Of which release counts and trends are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The network.
    pub network: NetworkId,
    /// Live, or a drill of invented clues.
    pub purpose: Purpose,
    /// The release.
    pub number: ReleaseNumber,
    /// The month in which it was built, in UTC: the newest that is counted.
    pub month: Month,
}

/// Clues of one cell, and how many each source gave.
#[derive(Clone, PartialEq, Eq)]
pub struct CellCount {
    clues: u32,
    by_source: [u32; SOURCES_MAX],
}

/// The clues that were last seen in one row of time.
#[derive(Clone, Default)]
pub(super) struct TimeCount {
    pub(super) all: CellCount,
    pub(super) platforms: [CellCount; PLATFORM_CELLS],
    pub(super) typologies: [CellCount; TYPOLOGY_CELLS],
}

/// The clues of one place.
#[derive(Clone, Default)]
pub(super) struct PlaceCount {
    pub(super) all: CellCount,
    /// By the number of the area.
    pub(super) areas: BTreeMap<u32, CellCount>,
    pub(super) area_not_said: CellCount,
}

/// The clues of sources of one kind.
#[derive(Clone, Default)]
pub(super) struct SourceKindCount {
    pub(super) all: CellCount,
    pub(super) grades: [CellCount; GRADE_CELLS],
}

/// How good the clues of one source are, exactly. For the hub's coordinator, who knows the sources; no part of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceQuality {
    /// The source.
    pub pseudonym: Pseudonym,
    /// What kind of organisation it is.
    pub kind: SourceKind,
    /// Its clues.
    pub clues: u32,
    /// Of these, by [`GradeBand`].
    pub grades: [u32; GRADE_CELLS],
    /// Of these, looked at by a person.
    pub reviewed: u32,
    /// Sum of confidences, 0 to 100 each.
    confidences: u64,
}

/// What a grade is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GradeBand {
    /// C3 or better: one strong key may open a case.
    Opens,
    /// Judged, and less than that.
    Below,
    /// F or 6: cannot be judged.
    Unjudged,
}

/// Why clues are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountError {
    /// A clue names a source that the release does not list.
    #[error("a clue names a source that the release does not list; build the release again")]
    UnlistedSource,
    /// More clues than a release has.
    #[error("there are more than {CLUES_MAX} clues; a release has no more")]
    TooManyClues,
    /// More areas than there are.
    #[error("clues name more than {TREND_AREAS_MAX} statistical areas; check the column sa3 of the sources")]
    TooManyAreas,
}

/// Categories, and one more cell for clues that name no platform.
pub(super) const PLATFORM_CELLS: usize = PlatformCategory::ALL.len() + 1;
pub(super) const TYPOLOGY_CELLS: usize = Typology::ALL.len();
/// States, abroad, and not said.
pub(super) const PLACE_CELLS: usize = State::ALL.len() + 2;
const GRADE_CELLS: usize = GradeBand::ALL.len();
/// Months, earlier, and known to the year alone.
pub(super) const TIME_CELLS: usize = TREND_MONTHS as usize + 2;

const NO_PLATFORM: usize = PLATFORM_CELLS - 1;
const ABROAD: usize = PLACE_CELLS - 2;
const NO_PLACE: usize = PLACE_CELLS - 1;
const EARLIER: usize = TIME_CELLS - 2;
const UNDATED: usize = TIME_CELLS - 1;

impl Counts {
    /// No clue yet of this release.
    pub fn new(body: &ReleaseBody) -> Self {
        let month = Day::of(body.created).month();
        let head = Head { network: body.network, purpose: body.purpose, number: body.number, month };
        let sources = body.sources.iter().enumerate().map(|(place, terms)| (terms.source.pseudonym.clone(), place));
        let qualities = body.sources.iter().map(|terms| SourceQuality {
            pseudonym: terms.source.pseudonym.clone(),
            kind: terms.source.kind,
            clues: 0,
            grades: [0; GRADE_CELLS],
            reviewed: 0,
            confidences: 0,
        });
        let last = ListedPlatform::all().map(|platform| usize::from(platform.number())).max().unwrap_or(0);
        let mut categories = vec![None; last + 1];
        ListedPlatform::all().for_each(|p| categories[usize::from(p.number())] = Some(p.category()));
        Self {
            head,
            sources: sources.collect(),
            qualities: qualities.collect(),
            categories,
            all: CellCount::default(),
            times: vec![TimeCount::default(); TIME_CELLS],
            places: vec![PlaceCount::default(); PLACE_CELLS],
            kinds: vec![CellCount::default(); IndicatorKind::ALL.len()],
            source_kinds: vec![SourceKindCount::default(); SourceKind::ALL.len()],
        }
    }

    /// Counts one more clue.
    ///
    /// # Errors
    /// If the release cannot hold it; the counts are then of no use.
    pub fn add(&mut self, clue: &Clue) -> Result<(), CountError> {
        let fields = clue.fields();
        if self.all.clues >= CLUES_MAX {
            return Err(CountError::TooManyClues);
        }
        let source = *self.sources.get(&fields.source.pseudonym).ok_or(CountError::UnlistedSource)?;
        self.all.add(source);
        self.qualities[source].add(fields);

        let time = &mut self.times[time_of(fields, self.head.month)];
        time.all.add(source);
        time.platforms[platform_of(fields, &self.categories)].add(source);
        time.typologies[usize::from(fields.typology.number())].add(source);

        let (place, area) = place_of(fields);
        self.add_place(place, area, source)?;

        let kind = IndicatorKind::ALL.iter().position(|kind| *kind == clue.kind());
        self.kinds[kind.expect("the list has every kind")].add(source);

        let by_kind = &mut self.source_kinds[usize::from(fields.source.kind.number())];
        by_kind.all.add(source);
        by_kind.grades[GradeBand::of(fields.grade) as usize].add(source);
        Ok(())
    }

    /// Of which release they are.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Clues that were counted.
    pub const fn clues(&self) -> u32 {
        self.all.clues
    }

    /// How good each source's clues are, exactly, in the order of the release. For the hub alone.
    pub fn source_qualities(&self) -> &[SourceQuality] {
        &self.qualities
    }

    fn add_place(&mut self, place: usize, area: Option<Sa3>, source: usize) -> Result<(), CountError> {
        let areas: usize = self.places.iter().map(|place| place.areas.len()).sum();
        let place = &mut self.places[place];
        place.all.add(source);
        let Some(area) = area.map(u32::from) else {
            place.area_not_said.add(source);
            return Ok(());
        };
        if !place.areas.contains_key(&area) && areas >= TREND_AREAS_MAX {
            return Err(CountError::TooManyAreas);
        }
        place.areas.entry(area).or_default().add(source);
        Ok(())
    }
}

impl Default for CellCount {
    fn default() -> Self {
        Self { clues: 0, by_source: [0; SOURCES_MAX] }
    }
}

impl CellCount {
    /// Adds a clue of the source at this place of the release's list. Counts fit: a release has at most `CLUES_MAX`.
    fn add(&mut self, source: usize) {
        self.clues += 1;
        self.by_source[source] += 1;
    }

    /// Clues.
    pub const fn clues(&self) -> u32 {
        self.clues
    }

    /// Sources that gave one or more.
    pub fn sources(&self) -> u32 {
        self.by_source.iter().map(|clues| u32::from(*clues > 0)).sum()
    }

    /// Clues of the source that gave most.
    pub fn largest(&self) -> u32 {
        self.by_source.iter().copied().max().unwrap_or(0)
    }

    /// This cell and another that has none of its clues.
    pub(super) fn union(mut self, other: &Self) -> Self {
        self.clues += other.clues;
        self.by_source.iter_mut().zip(&other.by_source).for_each(|(sum, more)| *sum += more);
        self
    }

    #[cfg(test)]
    pub(super) fn of_sources(by_source: &[u32]) -> Self {
        let mut cell = Self { clues: by_source.iter().sum(), ..Self::default() };
        cell.by_source[..by_source.len()].copy_from_slice(by_source);
        cell
    }
}

impl SourceQuality {
    fn add(&mut self, fields: &ClueFields) {
        self.clues += 1;
        self.grades[GradeBand::of(fields.grade) as usize] += 1;
        self.reviewed += u32::from(fields.review == Review::Human);
        self.confidences += u64::from(u8::from(fields.confidence));
    }

    /// Mean of its confidences, 0 to 100, rounded down; none without a clue.
    pub fn mean_confidence(&self) -> Option<u8> {
        let mean = self.confidences.checked_div(u64::from(self.clues))?;
        Some(u8::try_from(mean).expect("a mean is no more than the largest, which is 100"))
    }
}

impl GradeBand {
    /// Every band, from the best.
    pub const ALL: [Self; 3] = [Self::Opens, Self::Below, Self::Unjudged];

    /// The band of a grade.
    pub const fn of(grade: Grade) -> Self {
        if grade.at_least(Grade::OPENS) {
            Self::Opens
        } else if grade.reliability() == 6 || grade.credibility() == 6 {
            Self::Unjudged
        } else {
            Self::Below
        }
    }

    /// The name used in files and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opens => "C3 or better",
            Self::Below => "below C3",
            Self::Unjudged => "cannot be judged",
        }
    }
}

/// The row of time of a clue: 0 is the newest month. A year says no month, unless all of it is earlier.
fn time_of(fields: &ClueFields, newest: Month) -> usize {
    let age = fields.observed.last.month().months_to(newest);
    if age >= TREND_MONTHS {
        EARLIER
    } else if fields.observed.precision == Precision::Year {
        UNDATED
    } else {
        usize::from(age)
    }
}

fn platform_of(fields: &ClueFields, categories: &[Option<PlatformCategory>]) -> usize {
    let category = fields.platform.and_then(|platform| categories[usize::from(platform.number())]);
    category.map_or(NO_PLATFORM, |category| usize::from(category.number()))
}

fn place_of(fields: &ClueFields) -> (usize, Option<Sa3>) {
    let Some(place) = fields.place else { return (NO_PLACE, None) };
    let place = place.fields();
    if place.country != Country::AUSTRALIA {
        return (ABROAD, None);
    }
    let area = match place.area {
        Some(Area::Sa3(sa3)) => Some(sa3),
        Some(Area::Postcode3(_)) | None => None,
    };
    let state = place.state.or(area.map(Sa3::state));
    (state.map_or(NO_PLACE, |state| usize::from(u8::from(state)) - 1), area)
}

#[cfg(test)]
mod tests;
