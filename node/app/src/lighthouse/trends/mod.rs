//! Trends of a release, as tables, CSV and pictures (`docs/spec/trends.md`). Everything here is made of what was released:
//! no exact count comes this far, and nothing is told that the figures do not tell.

mod compare;
mod csv;
mod file;
mod pictures;
mod svg;
mod view;

pub use compare::ComparisonView;
pub use file::{read_trends, write_trends};
pub use pictures::Picture;
pub use view::{AgeLine, AreaLine, MarkLine, NamedFigure, PlaceLine, SourceKindLine, TimeLine, TrendsView};

/// Why a figure is missing: the same sentence wherever one is.
pub(crate) const HELD_BACK: &str = "Held back: fewer than 10 clues, fewer than 3 sources, one source above 70 percent, or \
     to protect such a figure beside it. Which of these is not told";

/// How to read a figure.
pub(crate) const FIGURES: &str = "Figures are multiples of 10, each less than 10 away from the truth (ages are sums of them), and move only by 10 or more from one release to the next";
