//! The pictures of a trend.

mod bars;
mod heat;
mod line;
mod map;

use super::svg::{Anchor, DARK, Drawing, Frame, HATCH, QUIET, SHADES, Type};
use super::view::TrendsView;
use super::{FIGURES, HELD_BACK};

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Clues by month, with the releases.
    TimeLine,
    /// Category of platform by month.
    PlatformByMonth,
    /// Typology by month.
    TypologyByMonth,
    /// States and territories as tiles.
    States,
    /// Kinds of identifiers.
    Kinds,
    /// Ages of clues.
    Ages,
}

impl Picture {
    /// Every picture.
    pub const ALL: [Self; 6] =
        [Self::TimeLine, Self::PlatformByMonth, Self::TypologyByMonth, Self::States, Self::Kinds, Self::Ages];

    /// Its name, on the command line and as that of a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimeLine => "time-line",
            Self::PlatformByMonth => "platform-by-month",
            Self::TypologyByMonth => "typology-by-month",
            Self::States => "states",
            Self::Kinds => "kinds",
            Self::Ages => "ages",
        }
    }

    /// The picture of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|picture| picture.name() == name)
    }

    /// The picture as SVG.
    pub fn draw(self, view: &TrendsView) -> String {
        match self {
            Self::TimeLine => line::draw(view),
            Self::PlatformByMonth => heat::platforms(view),
            Self::TypologyByMonth => heat::typologies(view),
            Self::States => map::draw(view),
            Self::Kinds => bars::kinds(view),
            Self::Ages => bars::ages(view),
        }
    }
}

/// Left edge of all that stands on a card.
const LEFT: f64 = 24.0;
/// Where a picture begins, below its title.
const TOP: f64 = 84.0;
/// Room below a picture for the notes.
const BOTTOM: f64 = 88.0;

/// A card with its heading and, below, how to read it. `width` and the height of what is drawn between.
fn card(view: &TrendsView, what: &str, says: &str, width: f64, inner: f64) -> Drawing {
    let height = TOP + inner + BOTTOM;
    let title = format!("{what}. {}", view.title());
    let mut drawing = Drawing::new(width, height, &title, &format!("{says}. {HELD_BACK}. {FIGURES}."));
    drawing.text((LEFT, 34.0), Type::new(18.0, DARK, Anchor::Start), what);
    drawing.text((LEFT, 56.0), Type::new(12.0, QUIET, Anchor::Start), &view.title());
    let notes = TOP + inner + 28.0;
    drawing.edged(Frame::new(LEFT, notes - 10.0, 18.0, 12.0), HATCH);
    let small = Type::new(10.5, QUIET, Anchor::Start);
    let (first, second) = HELD_BACK.split_once(", or ").unwrap_or((HELD_BACK, ""));
    drawing.text((LEFT + 26.0, notes), small, &format!("{first},"));
    drawing.text((LEFT + 26.0, notes + 14.0), small, &format!("or {second}."));
    let (first, second) = FIGURES.split_once(", and ").unwrap_or((FIGURES, ""));
    drawing.text((LEFT, notes + 32.0), small, &format!("{first},"));
    drawing.text((LEFT, notes + 46.0), small, &format!("and {second}."));
    drawing
}

/// A number in few letters: 940, 3.4k, 34k, 1.2M. Cut, not rounded: a figure is not made larger.
fn short(clues: u32) -> String {
    match clues {
        0..1_000 => clues.to_string(),
        1_000..10_000 => format!("{}.{}k", clues / 1_000, clues % 1_000 / 100),
        10_000..1_000_000 => format!("{}k", clues / 1_000),
        _ => format!("{}.{}M", clues / 1_000_000, clues % 1_000_000 / 100_000),
    }
}

/// Shade and text colour of a figure among figures from `least` to `largest`: every shade spans the same ratio.
fn shade(clues: u32, (least, largest): (u32, u32)) -> (&'static str, &'static str) {
    let log = |clues: u32| f64::from(clues.max(1)).ln();
    let span = (log(largest) - log(least)).max(0.1);
    let place = (log(clues) - log(least)).max(0.0) / span * SHADES.len() as f64;
    SHADES[(place as usize).min(SHADES.len() - 1)]
}

/// The least and the largest of figures.
fn range(figures: impl Iterator<Item = u32>) -> (u32, u32) {
    let (least, largest) =
        figures.fold((u32::MAX, 0), |(least, largest), clues| (least.min(clues), largest.max(clues)));
    (least.min(largest), largest)
}

/// A round number of clues at or above, for the end of an axis, and its parts.
fn axis(largest: u32) -> (u32, u32) {
    let mut step = 10_u64;
    while step * 5 < u64::from(largest.max(10)) {
        // 10, 20, 50, 100, ...
        step = if step.to_string().starts_with('2') { step / 2 * 5 } else { step * 2 };
    }
    let parts = u64::from(largest.max(10)).div_ceil(step);
    (u32::try_from(step * parts).unwrap_or(u32::MAX), u32::try_from(parts).unwrap_or(1))
}

/// A month as it stands on an axis: `Jan`, with the year where it begins.
fn month_name(when: &str) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = when.split_once('-').and_then(|(_, month)| month.parse::<usize>().ok());
    month.and_then(|month| NAMES.get(month.wrapping_sub(1)).copied()).unwrap_or("")
}

/// Rows of `times` that are months, oldest first.
fn months(view: &TrendsView) -> &[super::TimeLine] {
    let count = view.times.iter().take_while(|row| row.when.contains('-')).count();
    &view.times[..count]
}

#[cfg(test)]
mod tests;
