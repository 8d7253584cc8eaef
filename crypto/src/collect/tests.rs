//! Lists from end to end: each is laid out, sent as bytes, searched, and read back; an oracle counts.

use std::collections::BTreeMap;

use rand_core::Rng as _;

use super::field61::random;
use super::*;
use crate::simd::{agree_kernels, mark_agreement};
use crate::{Digest, Secret32, Seed};

const EXECUTION: Digest = Digest::from_bytes([5; 32]);

/// The key of an item that is a number.
fn key(item: u64) -> ItemKey {
    let mut rho = [0; 32];
    rho[..8].copy_from_slice(&item.to_le_bytes());
    ItemKey::new(&Secret32::new(rho), &EXECUTION)
}

fn keys(items: &[u64]) -> Vec<ItemKey> {
    items.iter().map(|item| key(*item)).collect()
}

/// Lists of `len` items each, of which item i below `common` is on the lists whose bit is set in a random word, three in four of them.
fn lists(count: usize, len: usize, common: u64, seed: u8) -> Vec<Vec<u64>> {
    let mut rng = Seed::new([seed; 32]).rng();
    let holders: Vec<u64> = (0..common).map(|_| rng.next_u64() | rng.next_u64()).collect();
    let mut next = common;
    let list = |list: usize| {
        let shared = (0..common).filter(|item| holders[*item as usize] >> list & 1 == 1);
        let mut items: Vec<u64> = shared.collect();
        items.extend(next..next + (len - items.len()) as u64);
        next += len as u64;
        items
    };
    (0..count).map(list).collect()
}

/// The items of each list that at least `threshold` lists have.
fn expected(lists: &[Vec<u64>], threshold: usize) -> Vec<Vec<u64>> {
    let mut counts = BTreeMap::new();
    lists.iter().flatten().for_each(|item| *counts.entry(*item).or_insert(0) += 1);
    lists.iter().map(|items| items.iter().copied().filter(|item| counts[item] >= threshold).collect()).collect()
}

/// What each list is told by way of tables.
fn by_tables(params: &TableParams, slots: &[Slot], lists: &[Vec<u64>]) -> Vec<Vec<u64>> {
    let bins = params.bins() as usize;
    let keys: Vec<_> = lists.iter().map(|items| keys(items)).collect();
    let mut confirmed = vec![Bits::new(bins * params.tables() as usize); lists.len()];
    for table in 0..params.tables() {
        let sent: Vec<_> = slots
            .iter()
            .zip(&keys)
            .map(|(slot, keys)| {
                let seed = Seed::new([slot.number(); 32]).fork("table", table.into());
                Placement::of(params, keys, table).shares(keys, *slot, seed)
            })
            .collect();
        for first in (0..bins).step_by(PIECE_BINS_MAX) {
            let range = first..bins.min(first + PIECE_BINS_MAX);
            let encoded: Vec<_> = sent
                .iter()
                .map(|shares| {
                    let mut bytes = Vec::new();
                    shares.encode_into(range.clone(), &mut bytes);
                    decode_shares(&bytes).unwrap()
                })
                .collect();
            let pieces: Vec<_> = slots
                .iter()
                .zip(&encoded)
                .map(|(slot, shares)| Piece { slot: *slot, limbs: [&shares[..range.len()], &shares[range.len()..]] })
                .collect();
            for found in search(params.threshold(), &pieces).unwrap() {
                for (slot, confirmed) in
                    slots.iter().zip(&mut confirmed).filter(|(slot, _)| found.slots.contains(**slot))
                {
                    assert!(slot.number() > 0);
                    confirmed.set(table as usize * bins + first + found.bin as usize);
                }
            }
        }
    }
    let told = keys.iter().zip(&confirmed).zip(lists).map(|((keys, confirmed), items)| {
        let confirmed = Bits::decode(confirmed.as_bytes(), confirmed.len()).unwrap();
        let mut told: Vec<u64> = (0..params.tables())
            .flat_map(|table| Placement::of(params, keys, table).items_in(&confirmed).collect::<Vec<_>>())
            .map(|item| items[item])
            .collect();
        told.sort_unstable();
        told.dedup();
        told
    });
    told.collect()
}

#[test]
fn holders_of_enough_lists_are_told_and_nobody_else() {
    for (threshold, count, items_max) in [(3, 3, 60), (3, 7, 200), (4, 8, 100), (5, 15, 50), (7, 9, 20), (15, 15, 4)] {
        let params = TableParams::new(threshold, items_max).unwrap();
        let lists = lists(count, items_max as usize, u64::from(items_max) / 2, threshold);
        let slots: Vec<_> = (0..count as u8).map(|at| Slot::new(15 - at).unwrap()).rev().collect();
        let expected = expected(&lists, threshold.into());
        assert!(threshold == 15 || expected.iter().any(|items| !items.is_empty()), "k = {threshold}");
        assert_eq!(by_tables(&params, &slots, &lists), expected, "k = {threshold}, {count} lists");
    }
}

#[test]
fn lists_of_other_lengths_and_none_at_all_are_laid_out() {
    let params = TableParams::new(3, 50).unwrap();
    let slots = [1, 2, 9, 15].map(|number| Slot::new(number).unwrap());
    let lists = [(0..50).collect(), vec![], (40..60).collect(), vec![45, 49, 100]];
    assert_eq!(by_tables(&params, &slots, &lists), expected(&lists, 3));
}

#[test]
fn every_list_as_tags_is_told_what_another_one_has() {
    let lists = lists(15, 300, 100, 1);
    let sent: Vec<_> =
        (0..).zip(&lists).map(|(n, items)| TagList::new(&keys(items), 400, Seed::new([n; 32])).unwrap()).collect();
    let tags: Vec<_> = sent.iter().map(TagList::tags).collect();
    let mut told = vec![Vec::new(); lists.len()];
    for common in (0..TAG_PARTS).flat_map(|part| common_tags(&tags, part).unwrap()) {
        let list = usize::from(common.list);
        let item = sent[list].item_at(common.place as usize).expect("random tags match nothing");
        told[list].push(lists[list][item]);
    }
    told.iter_mut().for_each(|told| told.sort_unstable());
    assert_eq!(told, expected(&lists, 2));
}

#[test]
fn a_tag_that_one_list_repeats_is_not_common() {
    let lists = [[Tag([1; 16]), Tag([1; 16])], [Tag([2; 16]), Tag([3; 16])]];
    let lists: Vec<_> = lists.iter().map(|list| list.as_slice()).collect();
    assert_eq!(common_tags(&lists, 0), Ok(vec![]));
    let with_both = [lists[0], lists[1], lists[0]];
    let common = common_tags(&with_both, 0).unwrap();
    assert_eq!(common, [(0, 0), (0, 1), (2, 0), (2, 1)].map(|(list, place)| CommonTag { list, place }));
}

#[test]
fn tags_out_of_bounds_are_refused() {
    assert_eq!(common_tags(&[[].as_slice(); 16], 0), Err(TagError::TooManyLists { lists: 16 }));
    assert_eq!(common_tags(&[], TAG_PARTS), Err(TagError::NoSuchPart { part: TAG_PARTS }));
    let too_long = vec![Tag([0; 16]); ITEMS_MAX as usize + 1];
    assert_eq!(common_tags(&[&[], &too_long], 0), Err(TagError::TooLong { list: 1 }));
    let one = || keys(&[1]);
    assert_eq!(TagList::new(&one(), 0, Seed::new([0; 32])).unwrap_err(), TagError::ListLen { items: 1, len: 0 });
    let len = ITEMS_MAX as usize + 1;
    assert_eq!(TagList::new(&one(), len, Seed::new([0; 32])).unwrap_err(), TagError::ListLen { items: 1, len });
}

#[test]
fn the_order_of_tags_is_shuffled() {
    // Where the first of eight items goes, over many seeds: each place about as often as any other.
    let mut counts = [0_u32; 8];
    for number in 0..4000 {
        let list = TagList::new(&keys(&[7]), 8, Seed::new([1; 32]).fork("shuffle", number)).unwrap();
        let place = list.tags().iter().position(|tag| *tag == key(7).tag()).unwrap();
        assert_eq!(list.item_at(place), Some(0));
        counts[place] += 1;
    }
    assert!(counts.iter().all(|count| (400..600).contains(count)), "{counts:?}");
}

#[test]
fn kernels_mark_what_the_portable_twin_marks() {
    let mut rng = Seed::new([3; 32]).rng();
    for (threshold, slots) in
        [(3_u8, vec![1, 2, 15]), (3, (1..=15).collect()), (4, vec![1, 3, 4, 8, 9]), (6, (2..=10).collect())]
    {
        for bins in [0, 1, 7, 8, 9, 64, 101] {
            let mut lists: Vec<Vec<u64>> =
                slots.iter().map(|_| (0..bins).map(|_| random(&mut rng)).collect()).collect();
            // Some bins with an agreement, in places at the edge of the field too.
            for bin in 0..bins {
                let edge = [None, Some(0), Some(field61::P - 1), None][bin % 4];
                let coefficients: Vec<_> = (1..threshold).map(|_| edge.unwrap_or_else(|| random(&mut rng))).collect();
                let holders = if bin % 3 == 0 { 0 } else { rng.next_u64() };
                for (slot, list) in slots.iter().zip(&mut lists).filter(|(slot, _)| holders >> **slot & 1 == 1) {
                    list[bin] = field61::at(&coefficients, u64::from(*slot));
                }
            }
            let lists: Vec<_> = lists.iter().map(Vec::as_slice).collect();
            let mut expected = vec![true; bins];
            agree::mark_agreement(&slots, &lists, threshold, &mut expected);
            assert!(bins < 64 || (expected.contains(&true) && expected.contains(&false)), "{slots:?}");
            for kernel in agree_kernels().into_iter().chain([mark_agreement as fn(&[u8], &[&[u64]], u8, &mut [bool])]) {
                let mut marks = vec![true; bins];
                kernel(&slots, &lists, threshold, &mut marks);
                assert_eq!(marks, expected, "k = {threshold}, {slots:?}, {bins} bins");
            }
        }
    }
}

#[test]
fn agreement_in_one_limb_alone_is_not_confirmed() {
    let slots = [1, 2, 3, 4].map(|number| Slot::new(number).unwrap());
    let line = [10, 20, 30, 40];
    let check = |second: [u64; 4], expected: &[u8]| {
        let pieces: Vec<_> =
            (0..4).map(|at| Piece { slot: slots[at], limbs: [&line[at..=at], &second[at..=at]] }).collect();
        let found: Vec<u8> =
            search(3, &pieces).unwrap().iter().flat_map(|found| found.slots.iter().map(Slot::number)).collect();
        assert_eq!(found, expected, "{second:?}");
    };
    check([1, 2, 3, 4], &[1, 2, 3, 4]);
    check([1, 2, 3, 5], &[1, 2, 3]);
    check([9, 2, 3, 4], &[2, 3, 4]);
    check([1, 2, 4, 8], &[]);
}

#[test]
fn pieces_out_of_bounds_are_refused() {
    let slot = |number| Slot::new(number).unwrap();
    let good = [1, 2];
    let piece = |number| Piece { slot: slot(number), limbs: [&good, &good] };
    let check = |threshold, pieces: &[Piece<'_>], expected| assert_eq!(search(threshold, pieces), expected);
    check(3, &[], Ok(vec![]));
    check(3, &[piece(1), piece(2)], Ok(vec![]));
    check(2, &[piece(1)], Err(SearchError::Threshold { threshold: 2 }));
    check(16, &[piece(1)], Err(SearchError::Threshold { threshold: 16 }));
    check(3, &[piece(2), piece(2)], Err(SearchError::SlotOrder));
    check(3, &[piece(2), piece(1)], Err(SearchError::SlotOrder));
    let short = Piece { slot: slot(2), limbs: [&good, &good[..1]] };
    check(3, &[piece(1), short], Err(SearchError::BinCount { slot: slot(2) }));
    let large = [0, field61::P];
    let large = Piece { slot: slot(2), limbs: [&good, &large] };
    check(3, &[piece(1), large], Err(SearchError::TooLarge { slot: slot(2) }));
    let long = vec![0; PIECE_BINS_MAX + 1];
    let long = Piece { slot: slot(1), limbs: [&long, &long] };
    check(3, &[long], Err(SearchError::TooManyBins { bins: PIECE_BINS_MAX + 1 }));

    assert_eq!(decode_shares(&[0; 9]), Err(BadShare::Length { len: 9 }));
    assert_eq!(decode_shares(&[[0; 8], field61::P.to_le_bytes()].concat()), Err(BadShare::TooLarge { place: 1 }));
    assert_eq!(Slot::new(0), Err(BadSlot { number: 0 }));
    assert_eq!(Slot::new(16), Err(BadSlot { number: 16 }));
    for (threshold, items, expected) in [
        (2, 1, BadTableParams::Threshold { threshold: 2 }),
        (16, 1, BadTableParams::Threshold { threshold: 16 }),
        (3, 0, BadTableParams::Items { items_max: 0 }),
        (3, ITEMS_MAX + 1, BadTableParams::Items { items_max: ITEMS_MAX + 1 }),
    ] {
        assert_eq!(TableParams::new(threshold, items), Err(expected));
    }
}

#[test]
fn another_execution_gives_other_tags_rooms_and_shares() {
    let rho = || Secret32::new([1; 32]);
    let [one, other] = [[1; 32], [2; 32]].map(|name| ItemKey::new(&rho(), &Digest::from_bytes(name)));
    assert_ne!(one.tag(), other.tag());
    assert_ne!(one.room().expose(), other.room().expose());
    let params = TableParams::new(3, 1).unwrap();
    let slot = Slot::new(1).unwrap();
    let [one, other] = [one, other].map(|key| {
        let keys = [key];
        Placement::of(&params, &keys, 0).shares(&keys, slot, Seed::new([0; 32]))
    });
    assert!(one != other);
}

#[test]
fn no_value_of_a_list_occurs_twice() {
    let params = TableParams::new(3, 100).unwrap();
    let keys = keys(&(0..100).collect::<Vec<_>>());
    let mut all: Vec<u64> = (0..params.tables())
        .flat_map(|table| {
            let shares =
                Placement::of(&params, &keys, table).shares(&keys, Slot::new(4).unwrap(), Seed::new([table as u8; 32]));
            shares.limbs().concat()
        })
        .collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((count, all.len()), (params.tables() as usize * 2 * 300, count));
}
