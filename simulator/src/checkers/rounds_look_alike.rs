//! Two worlds that differ only in which of two members holds what look the same to hub, relay, keyholders and whoever counts frames: the same
//! kinds, lengths and order on every wire, and the same entries in the records of everyone else.
//!
//! Times are compared in the engine's tests, whose jobs and disks take none.

use std::collections::BTreeMap;

use crate::scenario::Scenario;
use crate::world::{FIRST_OF_ROUNDS, HUB, World};

/// Runs a world and its twin, in which the first two members hold each other's lists, with one seed.
///
/// # Errors
/// The first difference, or that no round was answered, which would show nothing.
pub fn rounds_look_alike(scenario: &Scenario, seed: u64) -> Result<(), String> {
    let twin = Scenario { exchanged: !scenario.exchanged, ..scenario.clone() };
    let (one, other) = (seen(scenario, seed)?, seen(&twin, seed)?);
    for (wire, frames) in &one.wires {
        if other.wires.get(wire) != Some(frames) {
            return Err(format!("what goes from {} to {} tells the two worlds apart", wire.0, wire.1));
        }
    }
    match one.entries.iter().zip(&other.entries).position(|(one, other)| one != other) {
        Some(node) => Err(format!("the records of node {node} tell the two worlds apart")),
        None => Ok(()),
    }
}

struct Seen {
    /// Frames of rounds in each direction between two nodes, in order: kind and length.
    wires: BTreeMap<(usize, usize), Vec<(u16, usize)>>,
    /// Entries of the hub, and of members besides the two.
    entries: Vec<Vec<&'static str>>,
}

fn seen(scenario: &Scenario, seed: u64) -> Result<Seen, String> {
    let mut world = World::new(seed, scenario);
    while world.step() {}
    let answered = |known: &cwg_engine::KnownRound| matches!(known.phase, cwg_engine::RoundPhase::Answered(_));
    let rounds = world.state(HUB).map(|state| state.rounds().rounds());
    if !rounds.is_some_and(|rounds| rounds.len() == scenario.rounds as usize && rounds.values().all(answered)) {
        return Err("not every round was answered".to_owned());
    }
    let mut wires: BTreeMap<(usize, usize), Vec<(u16, usize)>> = BTreeMap::new();
    for sent in world.net.sent.iter().filter(|sent| sent.kind >= FIRST_OF_ROUNDS.into()) {
        wires.entry((sent.from, sent.to)).or_default().push((sent.kind, sent.len));
    }
    let entries = world.nodes.iter().enumerate().map(|(node, simulated)| {
        let others = node == HUB || node > 2;
        let records = simulated.disk.records().iter().filter(|_| others);
        let mut codes: Vec<&'static str> = records.map(|record| record.entry.code()).collect();
        // Which of two jobs of one node ends first is up to that node's dice.
        codes.sort_by_key(|code| *code == BOXES_TRIED);
        codes
    });
    Ok(Seen { wires, entries: entries.collect() })
}

const BOXES_TRIED: &str = "reveal-page-read";
