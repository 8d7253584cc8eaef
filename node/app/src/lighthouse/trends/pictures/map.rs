//! States and territories as tiles of one size, about where they lie. Not geography: the Capital Territory is as large as
//! Western Australia.

use super::super::svg::{Anchor, DARK, Drawing, Frame, HATCH, QUIET, Type};
use super::super::view::{PlaceLine, TrendsView};
use super::{LEFT, TOP, card, range, shade};

const TILE: f64 = 92.0;
const GAP: f64 = 6.0;
const WIDTH: f64 = 760.0;

/// Name, column, row.
const TILES: [(&str, f64, f64); 11] = [
    ("WA", 0.0, 1.0),
    ("NT", 1.0, 0.0),
    ("SA", 1.0, 1.0),
    ("QLD", 2.0, 0.0),
    ("NSW", 2.0, 1.0),
    ("ACT", 3.0, 1.0),
    ("VIC", 2.0, 2.0),
    ("TAS", 2.0, 3.0),
    ("OT", 3.0, 3.0),
    ("abroad", 5.0, 1.0),
    ("not said", 5.0, 2.0),
];

pub(super) fn draw(view: &TrendsView) -> String {
    let range = range(view.places.iter().filter_map(|place| place.clues));
    let largest = range.1;
    let says = format!("Tiles of states and territories with a number in each, up to {largest}");
    let mut drawing = card(view, "Clues by state and territory", &says, WIDTH, 4.0 * (TILE + GAP) + 24.0);
    for place in &view.places {
        let Some((_, column, row)) = TILES.iter().find(|(name, ..)| *name == place.place) else { continue };
        let at = Frame::new(LEFT + column * (TILE + GAP), TOP + row * (TILE + GAP), TILE, TILE);
        tile(&mut drawing, at, place, range);
    }
    let note = "Tiles stand about where a state lies; their size says nothing. OT: other territories.";
    drawing.text((LEFT, TOP + 4.0 * (TILE + GAP) + 14.0), Type::new(11.0, QUIET, Anchor::Start), note);
    drawing.finish()
}

fn tile(drawing: &mut Drawing, at: Frame, place: &PlaceLine, range: (u32, u32)) {
    let (x, _) = at.middle(0.0);
    let line = |part: f64| (x, at.y + at.height * part);
    match place.clues {
        Some(clues) => {
            let (fill, colour) = shade(clues, range);
            drawing.edged(at, fill);
            drawing.text(line(0.40), Type::new(17.0, colour, Anchor::Middle), &place.place);
            drawing.text(line(0.64), Type::new(14.0, colour, Anchor::Middle), &clues.to_string());
            let areas = match place.areas.len() {
                0 => String::new(),
                1 => "1 area shown".to_owned(),
                many => format!("{many} areas shown"),
            };
            drawing.text(line(0.84), Type::new(10.5, colour, Anchor::Middle), &areas);
        }
        None => {
            drawing.edged(at, HATCH);
            let plate = Frame::new(at.x + 8.0, at.y + at.height * 0.22, at.width - 16.0, at.height * 0.52);
            drawing.rect(plate, "#f4f5f7");
            drawing.text(line(0.44), Type::new(17.0, DARK, Anchor::Middle), &place.place);
            drawing.text(line(0.66), Type::new(11.0, DARK, Anchor::Middle), "held back");
        }
    }
}
