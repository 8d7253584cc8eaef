//! Two worlds of the same sizes that differ only in what matches look the same on the wire and to the side that does not
//! learn: the same messages, in the same order, of the same lengths, and the same entries in its records.

use std::collections::BTreeMap;

use crate::net::Sent;
use crate::operators::WishStage;
use crate::scenario::Scenario;
use crate::world::World;

/// Runs both worlds with one seed and compares what an observer and each side that does not learn can count.
///
/// # Errors
/// The first difference, or that a run was not sealed, which would show nothing.
pub fn leakage_as_declared(one: &Scenario, other: &Scenario, seed: u64) -> Result<(), String> {
    let (one, other) = (seen(one, seed)?, seen(other, seed)?);
    if one.wires != other.wires {
        return Err("the wire tells the two worlds apart".to_owned());
    }
    match one.entries.iter().zip(&other.entries).position(|(one, other)| one != other) {
        Some(member) => Err(format!("member {member}, which does not learn, can tell the two worlds apart")),
        None => Ok(()),
    }
}

/// What can be counted of a world.
struct Seen {
    /// Frames of each direction between two nodes, in order: kind and length.
    wires: BTreeMap<(usize, usize), Vec<(u16, usize)>>,
    /// Entries of each node that never learns; nothing for the others.
    entries: Vec<Vec<&'static str>>,
}

fn seen(scenario: &Scenario, seed: u64) -> Result<Seen, String> {
    let mut world = World::new(seed, scenario);
    while world.step() {}
    let sealed = |stage: &WishStage| matches!(stage, WishStage::Ended(_, cwg_engine::command::RunEnd::Sealed(_)));
    if !world.work.wishes.iter().all(|wish| sealed(&wish.stage)) {
        return Err("not every run was sealed".to_owned());
    }
    let mut wires: BTreeMap<(usize, usize), Vec<(u16, usize)>> = BTreeMap::new();
    for Sent { from, to, kind, len } in &world.net.sent {
        wires.entry((*from, *to)).or_default().push((*kind, *len));
    }
    let learners = world.work.learners();
    let entries = world.nodes.iter().enumerate().map(|(node, simulated)| {
        let records = simulated.disk.records().iter().filter(|_| !learners.contains(&node));
        records.map(|record| record.entry.code()).collect()
    });
    Ok(Seen { wires, entries: entries.collect() })
}
