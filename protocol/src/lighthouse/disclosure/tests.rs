use proptest::prelude::*;

use super::*;

fn cell(by_source: &[u32], before: Before) -> (CellCount, Before) {
    (CellCount::of_sources(by_source), before)
}

fn figure(by_source: &[u32], before: Before) -> Figure {
    let (count, before) = cell(by_source, before);
    single(&count, before)
}

#[test]
fn a_cell_shows_from_ten_clues_of_three_sources_of_which_none_has_more_than_70_percent() {
    for (by_source, expected) in [
        (&[4, 3, 3][..], Figure::Shown(10)),
        (&[3, 3, 3], Figure::Hidden),
        (&[500, 500], Figure::Hidden),
        (&[0, 7, 2, 0, 1], Figure::Shown(10)),
        (&[8, 1, 1], Figure::Hidden),
        (&[71, 20, 9], Figure::Hidden),
        (&[70, 20, 10], Figure::Shown(100)),
        (&[], Figure::Hidden),
    ] {
        assert_eq!(figure(by_source, Before::Never), expected, "{by_source:?}");
    }
}

#[test]
fn a_figure_moves_only_when_the_truth_is_a_floor_away() {
    for (clues, before, expected) in [
        (104, Before::Never, Figure::Shown(100)),
        (109, Before::Never, Figure::Shown(100)),
        (109, Before::Shown(100), Figure::Shown(100)),
        (91, Before::Shown(100), Figure::Shown(100)),
        (110, Before::Shown(100), Figure::Shown(110)),
        (90, Before::Shown(100), Figure::Shown(90)),
        (125, Before::Shown(100), Figure::Shown(120)),
        (75, Before::Shown(100), Figure::Shown(80)),
        (9, Before::Shown(10), Figure::Hidden),
        (19, Before::Hidden, Figure::Hidden),
        (20, Before::Hidden, Figure::Shown(20)),
    ] {
        let third = clues / 3;
        assert_eq!(figure(&[clues - 2 * third, third, third], before), expected, "{clues} after {before:?}");
    }
}

#[test]
fn what_hides_beside_a_small_cell_is_chosen_by_a_public_order() {
    let rows = |numbers: &[(u32, Before)]| -> Vec<Figure> {
        let counts: Vec<(CellCount, Before)> = numbers.iter().map(|(n, b)| cell(&[*n, *n, *n], *b)).collect();
        let cells: Vec<Cell<'_>> = counts.iter().map(|(count, before)| Cell { count, before: *before }).collect();
        figures(&cells, &[3, 2, 1, 0], None, FLOOR)
    };
    let never = |n| (n, Before::Never);
    let hidden = |figures: Vec<Figure>| figures.iter().map(|f| *f == Figure::Hidden).collect::<Vec<bool>>();
    assert_eq!(
        hidden(rows(&[never(1), never(50), never(5), never(900)])),
        [true, false, false, true],
        "not the smallest"
    );
    assert_eq!(hidden(rows(&[never(50); 4])), [false; 4]);
    assert_eq!(hidden(rows(&[never(1), never(1), never(1), never(5)])), [true; 4], "15 in all do not hide each other");
    let sticky =
        rows(&[(1, Before::Hidden), (50, Before::Hidden), (50, Before::Shown(150)), (900, Before::Shown(2700))]);
    assert_eq!(hidden(sticky), [true, true, false, false], "who was hidden before hides again");
}

proptest! {
    /// Three cells of three sources through six releases.
    #[test]
    fn every_figure_is_within_a_floor_of_the_truth_and_no_small_cell_shows(
        releases in prop::collection::vec(prop::collection::vec([0u32..40, 0..40, 0..40], 3), 6),
    ) {
        let mut told: Option<Vec<Figure>> = None;
        for table in &releases {
            let counts: Vec<CellCount> = table.iter().map(|sources| CellCount::of_sources(sources)).collect();
            let cells: Vec<Cell<'_>> = beside(&counts, told.as_deref().map(Some)).collect();
            let now = figures(&cells, &[2, 1, 0], None, FLOOR);
            for (place, figure) in now.iter().enumerate() {
                let Figure::Shown(shown) = figure else { continue };
                let count = &counts[place];
                prop_assert!(count.clues() >= FIGURE_CLUES_MIN && count.sources() >= FIGURE_SOURCES_MIN);
                prop_assert!(count.largest() * 100 <= count.clues() * FIGURE_SHARE_MAX_PERCENT);
                prop_assert!(shown.abs_diff(count.clues()) < FIGURE_CLUES_MIN && shown % FIGURE_CLUES_MIN == 0);
                if let Some(Figure::Shown(before)) = told.as_ref().map(|told| told[place]) {
                    prop_assert!(*shown == before || shown.abs_diff(before) >= FIGURE_CLUES_MIN);
                }
            }
            let hidden = now.iter().filter(|figure| **figure == Figure::Hidden).count();
            prop_assert!(hidden != 1, "one hidden cell is the total less the others");
            told = Some(now);
        }
    }
}
