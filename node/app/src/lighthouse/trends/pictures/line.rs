//! Clues by month, with marks of the releases.

use super::super::svg::{Anchor, DARK, Drawing, Frame, GRID, HATCH, INK, MARK, QUIET, Type};
use super::super::view::{TimeLine, TrendsView};
use super::{LEFT, TOP, axis, card, month_name, months, short};

const WIDTH: f64 = 960.0;
const PLOT: Frame = Frame::new(LEFT + 44.0, TOP + 26.0, WIDTH - 2.0 * LEFT - 60.0, 250.0);

pub(super) fn draw(view: &TrendsView) -> String {
    let rows = months(view);
    let largest = rows.iter().filter_map(|row| row.clues).max().unwrap_or(0);
    let says = format!(
        "A line of {} months. The most clues that a month shows are {largest}, the newest month is not over",
        rows.len()
    );
    let mut drawing = card(view, "Clues by the month in which they were last seen", &says, WIDTH, PLOT.height + 78.0);
    let (end, parts) = axis(largest);
    let step = PLOT.width / rows.len().max(1) as f64;
    let x = |place: usize| PLOT.x + step * (place as f64 + 0.5);
    let y = |clues: u32| PLOT.y + PLOT.height * (1.0 - f64::from(clues) / f64::from(end));
    for part in 0..=parts {
        let clues = (u64::from(end) * u64::from(part) / u64::from(parts)) as u32;
        drawing.line((PLOT.x, y(clues)), (PLOT.x + PLOT.width, y(clues)), GRID, "");
        drawing.text((PLOT.x - 8.0, y(clues) + 4.0), Type::new(11.0, QUIET, Anchor::End), &short(clues));
    }
    for (place, row) in rows.iter().enumerate() {
        under(&mut drawing, x(place), place, row);
        if row.clues.is_none() {
            drawing.rect(Frame::new(x(place) - step / 2.0, PLOT.y, step, PLOT.height), HATCH);
        }
    }
    marks(&mut drawing, view, rows, x);
    for run in shown_runs(rows) {
        let points: Vec<(f64, f64)> = run.iter().map(|(place, clues)| (x(*place), y(*clues))).collect();
        drawing.path(&points, INK);
        points.iter().for_each(|point| drawing.dot(*point, INK));
    }
    let peak = rows.iter().enumerate().filter_map(|(place, row)| Some((row.clues?, place))).max();
    if let Some((clues, place)) = peak {
        let name = format!("most: {clues}");
        drawing.text((x(place) - 8.0, y(clues) - 5.0), Type::new(11.0, DARK, Anchor::End), &name);
    }
    drawing.finish()
}

/// Months that are shown, in runs without one that is held back between: no line leads over what is not told.
fn shown_runs(rows: &[TimeLine]) -> Vec<Vec<(usize, u32)>> {
    let mut runs: Vec<Vec<(usize, u32)>> = vec![vec![]];
    for (place, row) in rows.iter().enumerate() {
        match (row.clues, runs.last_mut()) {
            (Some(clues), Some(run)) => run.push((place, clues)),
            _ => runs.push(vec![]),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Name of a month, and of its year where one begins.
fn under(drawing: &mut Drawing, x: f64, place: usize, row: &TimeLine) {
    let base = PLOT.y + PLOT.height;
    drawing.text((x, base + 18.0), Type::new(10.5, QUIET, Anchor::Middle), month_name(&row.when));
    if place == 0 || row.when.ends_with("-01") {
        drawing.text((x, base + 34.0), Type::new(11.0, DARK, Anchor::Middle), &row.when[..4]);
    }
}

fn marks(drawing: &mut Drawing, view: &TrendsView, rows: &[TimeLine], x: impl Fn(usize) -> f64) {
    for mark in &view.marks {
        let Some(place) = rows.iter().position(|row| row.when == mark.month) else { continue };
        let at = x(place);
        drawing.line((at, PLOT.y - 8.0), (at, PLOT.y + PLOT.height), MARK, "2 4");
        drawing.text((at, PLOT.y - 13.0), Type::new(10.5, MARK, Anchor::Middle), &format!("R{}", mark.release));
    }
    let note = "R and a number: a release was built. The newest month is not over.";
    drawing.text((PLOT.x, PLOT.y + PLOT.height + 56.0), Type::new(11.0, MARK, Anchor::Start), note);
}
