//! Prints how long the collector takes for fifteen lists on two threads, and how long one list takes to lay out on one.
//!
//! `cargo run --release -p cwg-crypto --example collector -- [items] [k ...]`: 100,000 items and k of 2 to 5 unless told otherwise.
//! One item in a hundred is on five lists. Tables are made one at a time, as they would come; what is measured is the search.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cwg_crypto::collect::{
    ItemKey, PIECE_BINS_MAX, Piece, Placement, Shares, Slot, TAG_PARTS, TableParams, TagList, common_tags, search,
};
use cwg_crypto::{Digest, Secret32, Seed};

const LISTS: u64 = 15;
const HOLDERS: u64 = 5;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u32>().expect("a number"));
    let items = arguments.next().unwrap_or(100_000);
    let mut thresholds: Vec<u32> = arguments.collect();
    if thresholds.is_empty() {
        thresholds = vec![2, 3, 4, 5];
    }
    let lists: Vec<Vec<ItemKey>> = (0..LISTS).map(|list| list_of(list, u64::from(items))).collect();
    println!("{LISTS} lists of {items} items, one in a hundred on {HOLDERS} lists; two threads for the collector");
    for threshold in thresholds {
        match threshold {
            2 => tags(&lists),
            _ => tables(&lists, u8::try_from(threshold).expect("a small number")),
        }
    }
}

/// The first hundredth of the items is that of the group of lists that this one is in.
fn list_of(list: u64, items: u64) -> Vec<ItemKey> {
    let key = |owner: u64, number: u64| {
        let mut rho = [0; 32];
        rho[..8].copy_from_slice(&owner.to_le_bytes());
        rho[8..16].copy_from_slice(&number.to_le_bytes());
        ItemKey::new(&Secret32::new(rho), &Digest::from_bytes([1; 32]))
    };
    (0..items).map(|number| key(if number < items / 100 { list / HOLDERS } else { LISTS + list }, number)).collect()
}

fn tags(lists: &[Vec<ItemKey>]) {
    let made = Instant::now();
    let lists: Vec<TagList> = (0..)
        .zip(lists)
        .map(|(number, keys)| TagList::new(keys, keys.len(), Seed::new([number; 32])).expect("lists are within bounds"))
        .collect();
    let laid_out = made.elapsed() / LISTS as u32;
    let tags: Vec<_> = lists.iter().map(TagList::tags).collect();
    let (took, found) =
        on_two_threads(usize::from(TAG_PARTS), |part| common_tags(&tags, part as u8).expect("within bounds").len());
    println!("k = 2: {took:?}, {found} tags confirmed; a list takes {laid_out:?} to lay out");
}

fn tables(lists: &[Vec<ItemKey>], threshold: u8) {
    let params = TableParams::new(threshold, lists[0].len() as u32).expect("within bounds");
    let bins = params.bins() as usize;
    let (mut laid_out, mut searched, mut found) = (Duration::ZERO, Duration::ZERO, 0);
    for table in 0..params.tables() {
        let made = Instant::now();
        let sent: Vec<Shares> = (1..)
            .zip(lists)
            .map(|(number, keys)| {
                let slot = Slot::new(number).expect("fifteen slots");
                let seed = Seed::new([number; 32]).fork("table", table.into());
                Placement::of(&params, keys, table).shares(keys, slot, seed)
            })
            .collect();
        laid_out += made.elapsed() / LISTS as u32;
        let (took, of_table) = on_two_threads(bins.div_ceil(PIECE_BINS_MAX), |number| {
            let first = number * PIECE_BINS_MAX;
            let range = first..bins.min(first + PIECE_BINS_MAX);
            let pieces: Vec<Piece<'_>> = (1..)
                .zip(&sent)
                .map(|(number, shares)| Piece {
                    slot: Slot::new(number).expect("fifteen slots"),
                    limbs: shares.limbs().map(|limb| &limb[range.clone()]),
                })
                .collect();
            search(threshold, &pieces).expect("pieces are well formed").len()
        });
        searched += took;
        found += of_table;
    }
    println!("k = {threshold}: {searched:?}, {found} bins confirmed; a list takes {laid_out:?} to lay out");
}

/// The time that all jobs take on two threads, and the sum of what they found.
fn on_two_threads(jobs: usize, job: impl Fn(usize) -> usize + Sync) -> (Duration, usize) {
    let (next, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= jobs {
                        break;
                    }
                    found.fetch_add(job(number), Ordering::Relaxed);
                }
            });
        }
    });
    (began.elapsed(), found.into_inner())
}
