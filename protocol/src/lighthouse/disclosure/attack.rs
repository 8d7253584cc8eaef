//! The attacker of `docs/spec/trends.md` §6: it knows the algorithm, every total exactly, and everything that was ever
//! released. It tries all tables there are, keeps those that would have been told of in the same words, and looks whether
//! what is left says the size of a small cell. With a floor of 3, so that all tables can be tried.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const SMALL: Floor = Floor { clues: 3, sources: 3, share_max_percent: 70 };

/// So many clues of three sources, as evenly as can be, so that hiding depends on their number alone.
fn count(clues: u32) -> CellCount {
    CellCount::of_sources(&[clues.div_ceil(3), (clues + 1) / 3, clues / 3])
}

fn told(table: &[u32], before: Option<&[Figure]>) -> Vec<Figure> {
    let counts: Vec<CellCount> = table.iter().copied().map(count).collect();
    let cells: Vec<Cell<'_>> = beside(&counts, before.map(Some)).collect();
    let sacrifice: Vec<usize> = (0..table.len()).rev().collect();
    figures(&cells, &sacrifice, None, SMALL)
}

/// All tables of so many cells, each below `end`.
fn tables(cells: usize, end: u32) -> Vec<Vec<u32>> {
    (0..cells).fold(vec![vec![]], |tables, _| {
        let longer = |table: &Vec<u32>| (0..end).map(|clues| [&table[..], &[clues]].concat()).collect::<Vec<_>>();
        tables.iter().flat_map(longer).collect()
    })
}

/// What an attacker thinks possible after what it saw.
fn worlds<K: Ord, W>(all: impl Iterator<Item = (K, W)>) -> BTreeMap<K, Vec<W>> {
    let mut worlds: BTreeMap<K, Vec<W>> = BTreeMap::new();
    all.for_each(|(seen, world)| worlds.entry(seen).or_default().push(world));
    worlds
}

fn key(figures: &[Figure]) -> Vec<Option<u32>> {
    figures.iter().map(|f| if let Figure::Shown(clues) = f { Some(*clues) } else { None }).collect()
}

/// A cell that may be small may be of any small size. One that is hidden for another may be known not to be small, since the
/// order is public, but not its size to less than a floor.
fn unknown_size(sizes: &BTreeSet<u32>) -> bool {
    let floor = SMALL.clues;
    let small = sizes.iter().any(|size| *size < floor);
    sizes.len() >= floor as usize && (!small || (0..floor).all(|size| sizes.contains(&size)))
}

/// A change that may be small, and not none, is one of at least as many as the floor.
fn unknown_change(changes: &BTreeSet<i64>) -> bool {
    let floor = i64::from(SMALL.clues);
    let small = changes.iter().any(|change| (1..floor).contains(&change.abs()));
    !small || changes.len() >= SMALL.clues as usize
}

#[test]
fn a_hidden_cell_may_have_any_size_below_the_floor_whoever_knows_the_total() {
    for cells in [2, 3, 4] {
        let seen = |table: Vec<u32>| ((key(&told(&table, None)), table.iter().sum::<u32>()), table);
        let end = if cells == 4 { 13 } else { 19 };
        for ((figures, total), tables) in worlds(tables(cells, end).into_iter().map(seen)) {
            // Larger cells than were tried belong to such totals.
            if total < SMALL.clues || total + 2 >= end {
                continue;
            }
            for cell in (0..cells).filter(|cell| figures[*cell].is_none()) {
                let sizes: BTreeSet<u32> = tables.iter().map(|table| table[cell]).collect();
                assert!(unknown_size(&sizes), "{figures:?} of {total}: {sizes:?}");
            }
        }
    }
}

/// The clues of one month by platform and by typology: nothing joins the two tables but their total (a table of both exists
/// for any two margins of one total), so every pair of one total is a world.
#[test]
fn two_views_of_the_same_clues_tell_no_more_than_each() {
    let by_platform = tables(3, 13);
    let by_typology = tables(2, 19);
    let total = |table: &[u32]| table.iter().sum::<u32>();
    let seen = |table: &Vec<u32>| (key(&told(table, None)), table.clone());
    let typologies = worlds(by_typology.iter().map(|table| (key(&told(table, None)), total(table))));
    for (figures, platforms) in worlds(by_platform.iter().map(seen)) {
        for totals in typologies.values() {
            // Both views, as one attacker reads them: only platforms whose total some typologies have.
            let totals: BTreeSet<u32> = totals.iter().copied().filter(|t| (SMALL.clues..11).contains(t)).collect();
            let joined: Vec<&Vec<u32>> = platforms.iter().filter(|table| totals.contains(&total(table))).collect();
            for cell in (0..3).filter(|cell| figures[*cell].is_none() && !joined.is_empty()) {
                let sizes: BTreeSet<u32> = joined.iter().map(|table| table[cell]).collect();
                assert!(unknown_size(&sizes), "{figures:?}: {sizes:?}");
            }
        }
    }
}

/// The changes of one cell that an attacker thinks possible, by what it saw in three releases.
#[test]
fn no_small_change_of_a_cell_is_known_from_three_releases() {
    let end = 16;
    let alone = |clues: u32, before: Option<Figure>| {
        let count = count(clues);
        let cell = Cell { count: &count, before: Before::of(before.map(Some)) };
        if SMALL.allows(&cell) { SMALL.figure(&cell) } else { Figure::Hidden }
    };
    let seen = tables(1, end).into_iter().flat_map(|a| tables(2, end).into_iter().map(move |b| (a[0], b[0], b[1])));
    let seen = seen.map(|(a, b, c)| {
        let first = alone(a, None);
        let second = alone(b, Some(first));
        let third = alone(c, Some(second));
        (key(&[first, second, third]), (a, b, c))
    });
    for (figures, worlds) in worlds(seen) {
        for (changes, from, to) in [
            (worlds.iter().map(|(a, b, _)| i64::from(*b) - i64::from(*a)).collect::<BTreeSet<_>>(), 0, 1),
            (worlds.iter().map(|(_, b, c)| i64::from(*c) - i64::from(*b)).collect(), 1, 2),
        ] {
            // Where the last number that was tried cuts worlds off, nothing is learnt about the rest.
            let edge = figures.iter().flatten().any(|figure| figure + SMALL.clues * 2 > end);
            assert!(edge || unknown_change(&changes), "{figures:?} from {from} to {to}: {changes:?}");
        }
    }
}

/// Two releases of a whole group, each with its exact total.
#[test]
fn no_hidden_cell_is_known_from_two_releases_with_both_totals() {
    let (cells, end) = (2, 16);
    let total = |table: &[u32]| table.iter().sum::<u32>();
    let first: Vec<(Vec<u32>, Vec<Figure>)> =
        tables(cells, end).into_iter().map(|t| (t.clone(), told(&t, None))).collect();
    let pairs = first.iter().flat_map(|(a, before)| {
        tables(cells, end).into_iter().map(move |b| {
            let after = told(&b, Some(before));
            ((key(before), total(a), key(&after), total(&b)), (a, b))
        })
    });
    for ((before, total_a, after, total_b), worlds) in worlds(pairs) {
        if total_a.min(total_b) < SMALL.clues || total_a.max(total_b) + 2 >= end {
            continue;
        }
        for cell in 0..cells {
            let sizes: BTreeSet<u32> = worlds.iter().map(|(a, _)| a[cell]).collect();
            assert!(before[cell].is_some() || unknown_size(&sizes), "{before:?}: {sizes:?}");
            let sizes: BTreeSet<u32> = worlds.iter().map(|(_, b)| b[cell]).collect();
            assert!(after[cell].is_some() || unknown_size(&sizes), "{after:?}: {sizes:?}");
        }
    }
}
