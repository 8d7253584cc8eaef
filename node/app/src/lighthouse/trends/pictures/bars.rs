//! Bars: kinds of identifiers lying, ages standing.

use super::super::svg::{Anchor, DARK, Frame, GRID, HATCH, INK, QUIET, Type};
use super::super::view::{NamedFigure, TrendsView};
use super::{LEFT, TOP, axis, card, short};

const WIDTH: f64 = 760.0;

/// Kinds with a figure, the largest first. Those held back are most of the list and only counted.
pub(super) fn kinds(view: &TrendsView) -> String {
    const ROW: f64 = 26.0;
    const NAMES: f64 = 130.0;
    const NUMBERS: f64 = 84.0;
    let mut shown: Vec<(&NamedFigure, u32)> = view.kinds.iter().filter_map(|kind| Some((kind, kind.clues?))).collect();
    shown.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.name.cmp(&b.name)));
    let held = view.kinds.len() - shown.len();
    let largest = shown.first().map_or(1, |(_, clues)| (*clues).max(1));
    let says = format!("{} bars, the longest {largest}; {held} kinds are held back", shown.len());
    let mut drawing = card(view, "Clues by kind of identifier", &says, WIDTH, ROW * (shown.len() as f64 + 1.0));
    let room = WIDTH - 2.0 * LEFT - NAMES - NUMBERS;
    for (place, (kind, clues)) in shown.iter().enumerate() {
        let y = TOP + ROW * place as f64;
        let bar = Frame::new(LEFT + NAMES, y + 3.0, room * f64::from(*clues) / f64::from(largest), ROW - 7.0);
        drawing.text((LEFT + NAMES - 10.0, y + 17.0), Type::new(12.0, DARK, Anchor::End), &kind.name);
        drawing.rect(Frame { width: bar.width.max(1.0), ..bar }, INK);
        let end = (bar.x + bar.width + 8.0, y + 17.0);
        drawing.text(end, Type::new(12.0, DARK, Anchor::Start), &clues.to_string());
    }
    let y = TOP + ROW * shown.len() as f64;
    drawing.rect(Frame::new(LEFT + NAMES, y + 3.0, 60.0, ROW - 7.0), HATCH);
    let text = format!("{held} kinds held back, or without a clue");
    drawing.text((LEFT + NAMES + 70.0, y + 17.0), Type::new(12.0, DARK, Anchor::Start), &text);
    drawing.finish()
}

/// Ages as a histogram.
pub(super) fn ages(view: &TrendsView) -> String {
    const HEIGHT: f64 = 230.0;
    const AXIS: f64 = 48.0;
    const WIDTH: f64 = 900.0;
    let largest = view.ages.iter().filter_map(|age| age.clues).max().unwrap_or(0);
    let says = format!("{} bars by the time since a clue was last seen, up to {largest}", view.ages.len());
    let mut drawing = card(view, "Age: time since a clue was last seen", &says, WIDTH, HEIGHT + 62.0);
    let (end, parts) = axis(largest);
    let base = TOP + 16.0 + HEIGHT;
    let y = |clues: u32| base - HEIGHT * f64::from(clues) / f64::from(end);
    for part in 0..=parts {
        let clues = (u64::from(end) * u64::from(part) / u64::from(parts)) as u32;
        drawing.line((LEFT + AXIS, y(clues)), (WIDTH - LEFT, y(clues)), GRID, "");
        drawing.text((LEFT + AXIS - 8.0, y(clues) + 4.0), Type::new(11.0, QUIET, Anchor::End), &short(clues));
    }
    let step = (WIDTH - 2.0 * LEFT - AXIS) / view.ages.len().max(1) as f64;
    for (place, age) in view.ages.iter().enumerate() {
        let x = LEFT + AXIS + step * place as f64;
        let middle = x + step / 2.0;
        drawing.text((middle, base + 18.0), Type::new(11.0, DARK, Anchor::Middle), &age.age);
        let bar = |top: f64| Frame::new(x + 10.0, top, step - 20.0, base - top);
        match age.clues {
            Some(clues) => {
                drawing.rect(bar(y(clues)), INK);
                drawing.text((middle, y(clues) - 6.0), Type::new(11.0, DARK, Anchor::Middle), &clues.to_string());
            }
            None => drawing.rect(bar(base - 40.0), HATCH),
        }
        if age.held_back > 0 {
            let note =
                if age.clues.is_some() { format!("and {} held back", age.held_back) } else { "held back".into() };
            drawing.text((middle, base + 34.0), Type::new(10.5, QUIET, Anchor::Middle), &note);
        }
    }
    drawing.finish()
}
