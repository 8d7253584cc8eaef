//! The band that the coordinator is told is that of the plain count over the uploads that counted: exactly where lists are compared by tags,
//! and where they are searched in tables, whose count is an estimate, as near as an estimate is.

use std::collections::BTreeMap;

use cwg_engine::record::Entry;
use cwg_protocol::Item;
use cwg_protocol::round::upload::{CountBand, TurnEnd};

use crate::rounds::Counted;
use crate::world::{HUB, World};

/// Hundredths of the plain count that an estimate is at least and at most. It takes tables to be full: an item is then in 0.8647 bins of each,
/// and in two where they are nearly empty; small ones have few bins to go by.
const LEAST: u64 = 50;
const MOST: u64 = 232;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let hostile = world.nodes.iter().any(|node| node.hostile.is_some());
    for record in world.nodes[HUB].disk.records() {
        let Entry::TurnEnded { round, turn, ending } = &record.entry else { continue };
        if ending.end != TurnEnd::Answered {
            if ending.band.is_some() {
                wrong.push(format!("turn {turn} has a band without an answer"));
            }
            continue;
        }
        let known = world.state(HUB).and_then(|state| state.rounds().rounds().get(round));
        let (Some(known), Some(counted)) = (known, world.seen.turns.get(&(*round, *turn))) else { continue };
        let threshold = known.terms.body().threshold;
        let least = count(world, counted, *round, threshold, Which::Complete);
        let most = count(world, counted, *round, threshold, Which::Any);
        let (low, high) = match threshold {
            2 if hostile => (0, most),
            2 => (least, least),
            _ => (least * LEAST / 100, most * MOST / 100 + 1),
        };
        let band = ending.band;
        if band.is_none_or(|band| band < CountBand::of(low) || band > CountBand::of(high)) {
            wrong.push(format!("turn {turn} with threshold {threshold} has band {band:?} for {least} to {most} items"));
        }
    }
    wrong
}

enum Which {
    Complete,
    Any,
}

/// Items that enough lists hold.
fn count(world: &World, counted: &Counted, round: cwg_protocol::RunId, threshold: u8, which: Which) -> u64 {
    let mut holders: BTreeMap<Item, u8> = BTreeMap::new();
    let partial = counted.partial.iter().filter(|_| matches!(which, Which::Any));
    for member in counted.complete.iter().chain(partial) {
        for item in world.seen.lists.get(&(round, *member)).into_iter().flatten() {
            *holders.entry(*item).or_default() += 1;
        }
    }
    holders.values().filter(|holders| **holders >= threshold).count() as u64
}
