//! Trends in words and numbers.

use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::lighthouse::{
    Figure, GradeBand, PlaceFigures, PlatformCategory, Purpose, Region, SourceKindFigures, TimeFigures, Trends,
    Typology, When,
};
use serde::{Deserialize, Serialize};

use super::{FIGURES, HELD_BACK};
use crate::view::Screen;

/// The trends of one release. A figure that is held back is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendsView {
    /// Whether the clues are invented, for training.
    pub drill: bool,
    /// The month, `YYYY-MM`.
    pub period: String,
    /// Number of the release.
    pub release: u32,
    /// All clues.
    pub clues: Option<u32>,
    /// Names of the platforms' categories, in the order of `platforms` below.
    pub platform_names: Vec<String>,
    /// Names of the typologies, in the order of `typologies` below.
    pub typology_names: Vec<String>,
    /// By month in which a clue was last seen, oldest first, then earlier, then undated.
    pub times: Vec<TimeLine>,
    /// By age: months since a clue was last seen. Sums of what `times` shows.
    pub ages: Vec<AgeLine>,
    /// By state, abroad, not said.
    pub places: Vec<PlaceLine>,
    /// By kind of identifier.
    pub kinds: Vec<NamedFigure>,
    /// By kind of source.
    pub source_kinds: Vec<SourceKindLine>,
    /// When releases were built.
    pub marks: Vec<MarkLine>,
}

/// A row of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLine {
    /// `YYYY-MM`, `earlier` or `undated`.
    pub when: String,
    /// All clues of the row.
    pub clues: Option<u32>,
    /// By category of platform.
    pub platforms: Vec<Option<u32>>,
    /// By typology.
    pub typologies: Vec<Option<u32>>,
}

/// A span of ages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeLine {
    /// The span.
    pub age: String,
    /// Sum of the figures of its months; none if all are held back.
    pub clues: Option<u32>,
    /// Months of it that are held back, and not in the sum.
    pub held_back: u32,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceLine {
    /// Short name of a state, `abroad` or `not said`.
    pub place: String,
    /// All its clues.
    pub clues: Option<u32>,
    /// Statistical areas of level 3 with a figure. Of others nothing is told.
    pub areas: Vec<AreaLine>,
}

/// A statistical area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaLine {
    /// Its five digits.
    pub sa3: u32,
    /// Clues.
    pub clues: u32,
}

/// A figure with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFigure {
    /// What it counts.
    pub name: String,
    /// Clues.
    pub clues: Option<u32>,
}

/// A kind of source, and how good its clues are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceKindLine {
    /// The kind.
    pub source_kind: String,
    /// All its clues.
    pub clues: Option<u32>,
    /// By grade.
    pub grades: Vec<NamedFigure>,
}

/// A release that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkLine {
    /// Its number.
    pub release: u32,
    /// The month, `YYYY-MM`.
    pub month: String,
}

/// Spans of ages: the name, and the months since a clue was last seen, from and to before.
const AGES: [(&str, usize, usize); 5] = [
    ("this month", 0, 1),
    ("1 to 2 months", 1, 3),
    ("3 to 5 months", 3, 6),
    ("6 to 11 months", 6, 12),
    ("12 to 23 months", 12, 24),
];

impl From<&Trends> for TrendsView {
    fn from(trends: &Trends) -> Self {
        let mut times: Vec<TimeLine> = trends.times.iter().map(TimeLine::of).collect();
        let months = trends.times.iter().take_while(|row| matches!(row.when, When::Month(_))).count();
        times[..months].reverse();
        let named = |name: &str, figure: &Figure| NamedFigure { name: name.to_owned(), clues: clues(*figure) };
        let kinds = IndicatorKind::ALL.iter().zip(&trends.kinds).map(|(kind, figure)| named(kind.name(), figure));
        let not_said = core::iter::once("not said");
        Self {
            drill: trends.purpose == Purpose::Drill,
            period: trends.period.to_string(),
            release: trends.release.0,
            clues: clues(trends.all),
            platform_names: PlatformCategory::NAMES.iter().copied().chain(not_said).map(str::to_owned).collect(),
            typology_names: Typology::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            times,
            ages: ages(trends),
            places: trends.places.iter().map(PlaceLine::of).collect(),
            kinds: kinds.collect(),
            source_kinds: trends.source_kinds.iter().map(SourceKindLine::of).collect(),
            marks: trends
                .marks
                .iter()
                .map(|mark| MarkLine { release: mark.release.0, month: mark.month.to_string() })
                .collect(),
        }
    }
}

impl TimeLine {
    fn of(row: &TimeFigures) -> Self {
        let when = match row.when {
            When::Month(month) => month.to_string(),
            When::Earlier => "earlier".to_owned(),
            When::Undated => "undated".to_owned(),
        };
        let all = |figures: &[Figure]| figures.iter().copied().map(clues).collect();
        Self { when, clues: clues(row.all), platforms: all(&row.platforms), typologies: all(&row.typologies) }
    }
}

impl PlaceLine {
    fn of(place: &PlaceFigures) -> Self {
        let name = match place.region {
            Region::State(state) => state.name(),
            Region::Abroad => "abroad",
            Region::NotSaid => "not said",
        };
        let areas = place.areas.iter().map(|(sa3, clues)| AreaLine { sa3: u32::from(*sa3), clues: *clues });
        Self { place: name.to_owned(), clues: clues(place.all), areas: areas.collect() }
    }
}

impl SourceKindLine {
    fn of(row: &SourceKindFigures) -> Self {
        let grade =
            |(band, figure): (&GradeBand, &Figure)| NamedFigure { name: band.name().to_owned(), clues: clues(*figure) };
        Self {
            source_kind: row.kind.name().to_owned(),
            clues: clues(row.all),
            grades: GradeBand::ALL.iter().zip(&row.grades).map(grade).collect(),
        }
    }
}

impl TrendsView {
    /// What stands above every table and picture.
    pub fn title(&self) -> String {
        let drill = if self.drill { "DRILL, invented clues: " } else { "" };
        format!("{drill}Trends of release {}, {}", self.release, self.period)
    }

    /// The tables.
    pub fn screen(&self) -> Screen {
        let times = self.times.iter().map(|row| [row.when.clone(), shown(row.clues)]);
        let ages = self.ages.iter().map(|row| {
            let held = if row.held_back == 0 { String::new() } else { format!("{} months held back", row.held_back) };
            [row.age.clone(), shown(row.clues), held]
        });
        let places = self.places.iter().map(|row| {
            let areas = row.areas.iter().map(|area| format!("{}: {}", area.sa3, area.clues)).collect::<Vec<_>>();
            [row.place.clone(), shown(row.clues), areas.join(", ")]
        });
        let kinds = self.kinds.iter().filter(|kind| kind.clues.is_some());
        let held = self.kinds.iter().filter(|kind| kind.clues.is_none()).count();
        let sources = self.source_kinds.iter().map(|row| {
            let grade = |place: usize| row.grades.get(place).map_or_else(String::new, |grade| shown(grade.clues));
            [row.source_kind.clone(), shown(row.clues), grade(0), grade(1), grade(2)]
        });
        let [opens, below, unjudged] = GradeBand::ALL.map(GradeBand::name);
        Screen::new(self.title())
            .field("clues", shown(self.clues))
            .table("Last seen", ["month", "clues"], times)
            .table("Age", ["since last seen", "clues", ""], ages)
            .table("Place", ["place", "clues", "areas (SA3)"], places)
            .table("Kind of identifier", ["kind", "clues"], kinds.map(|row| [row.name.clone(), shown(row.clues)]))
            .table("Source", ["kind of source", "clues", opens, below, unjudged], sources)
            .note(format!("{held} kinds of identifier are not listed"))
            .note(FIGURES)
            .note(HELD_BACK)
    }
}

/// What stands where a figure would.
pub(super) fn shown(figure: Option<u32>) -> String {
    figure.map_or_else(|| "held back".to_owned(), |clues| clues.to_string())
}

fn clues(figure: Figure) -> Option<u32> {
    match figure {
        Figure::Shown(clues) => Some(clues),
        Figure::Hidden => None,
    }
}

fn ages(trends: &Trends) -> Vec<AgeLine> {
    let line = |age: &str, rows: &[&TimeFigures]| {
        let shown: Vec<u32> = rows.iter().filter_map(|row| clues(row.all)).collect();
        let held_back = u32::try_from(rows.len() - shown.len()).expect("there are a few rows");
        let sum = shown.iter().fold(0, |sum: u32, clues| sum.saturating_add(*clues));
        AgeLine { age: age.to_owned(), clues: (!shown.is_empty()).then_some(sum), held_back }
    };
    let months: Vec<&TimeFigures> = trends.times.iter().filter(|row| matches!(row.when, When::Month(_))).collect();
    let rest = |when: When| trends.times.iter().filter(|row| row.when == when).collect::<Vec<_>>();
    let within = |from: usize, to: usize| &months[from.min(months.len())..to.min(months.len())];
    let spans = AGES.iter().map(|(name, from, to)| line(name, within(*from, *to)));
    spans.chain([line("2 years and more", &rest(When::Earlier)), line("undated", &rest(When::Undated))]).collect()
}
