//! A category in each row, a month in each column.

use super::super::svg::{Anchor, DARK, Frame, HATCH, QUIET, Type};
use super::super::view::{TimeLine, TrendsView};
use super::{LEFT, TOP, card, month_name, months, range, shade, short};

const WIDTH: f64 = 1_040.0;
const NAMES: f64 = 118.0;
const ROW: f64 = 27.0;
const HEAD: f64 = 34.0;

pub(super) fn platforms(view: &TrendsView) -> String {
    let names = &view.platform_names;
    draw(view, "Category of platform by month last seen", names, |row, place| {
        row.platforms.get(place).copied().flatten()
    })
}

pub(super) fn typologies(view: &TrendsView) -> String {
    let names = &view.typology_names;
    draw(view, "Typology by month last seen", names, |row, place| row.typologies.get(place).copied().flatten())
}

fn draw(view: &TrendsView, what: &str, names: &[String], figure: impl Fn(&TimeLine, usize) -> Option<u32>) -> String {
    let months = months(view);
    let all = || months.iter().flat_map(|month| (0..names.len()).map(|place| figure(month, place)));
    let (range, held) = (range(all().flatten()), all().filter(Option::is_none).count());
    let largest = range.1;
    let says = format!(
        "A table of {} rows and {} months with a number in each tile, up to {largest}; {held} tiles are held back",
        names.len(),
        months.len()
    );
    let mut drawing = card(view, what, &says, WIDTH, HEAD + ROW * names.len() as f64);
    let step = (WIDTH - 2.0 * LEFT - NAMES) / months.len().max(1) as f64;
    for (column, month) in months.iter().enumerate() {
        let x = LEFT + NAMES + step * column as f64;
        if column == 0 || month.when.ends_with("-01") {
            let year = Type::new(11.0, DARK, Anchor::Middle);
            drawing.text((x + step / 2.0, TOP + 8.0), year, &month.when[..4]);
        }
        drawing.text((x + step / 2.0, TOP + 24.0), Type::new(10.5, QUIET, Anchor::Middle), month_name(&month.when));
        for place in 0..names.len() {
            let tile = Frame::new(x + 1.0, TOP + HEAD + ROW * place as f64 + 1.0, step - 2.0, ROW - 2.0);
            let Some(clues) = figure(month, place) else {
                drawing.rect(tile, HATCH);
                continue;
            };
            let (fill, text) = shade(clues, range);
            drawing.rect(tile, fill);
            drawing.text(tile.middle(10.5), Type::new(10.5, text, Anchor::Middle), &short(clues));
        }
    }
    for (place, name) in names.iter().enumerate() {
        let y = TOP + HEAD + ROW * (place as f64 + 0.5) + 4.0;
        drawing.text((LEFT + NAMES - 10.0, y), Type::new(12.0, DARK, Anchor::End), name);
    }
    drawing.finish()
}
