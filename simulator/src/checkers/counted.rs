//! What can be counted of a world by whoever sees no content.

use std::collections::BTreeMap;

use crate::net::Sent;
use crate::world::World;

/// What can be counted of a world.
pub(super) struct Counted {
    /// Frames of each direction between two nodes, in order: kind and length.
    wires: BTreeMap<(usize, usize), Vec<(u16, usize)>>,
    /// Entries of each node whose records are read; nothing for the others.
    entries: Vec<Vec<&'static str>>,
}

/// Where two worlds differ.
pub(super) enum Difference {
    /// In what goes from one node to another.
    Wire(usize, usize),
    /// In the records of a node.
    Records(usize),
}

impl Counted {
    /// Counts these frames, and the entries of these nodes.
    pub(super) fn of(world: &World, is_counted: impl Fn(&Sent) -> bool, is_read: impl Fn(usize) -> bool) -> Self {
        let mut wires: BTreeMap<(usize, usize), Vec<(u16, usize)>> = BTreeMap::new();
        for sent in world.net.sent.iter().filter(|sent| is_counted(sent)) {
            wires.entry((sent.from, sent.to)).or_default().push((sent.kind, sent.len));
        }
        let entries = world.nodes.iter().enumerate().map(|(node, simulated)| {
            let records = simulated.disk.records().iter().filter(|_| is_read(node));
            let mut codes: Vec<&'static str> = records.map(|record| record.entry.code()).collect();
            // Which of two jobs of one node ends first is up to that node's dice.
            codes.sort_by_key(|code| *code == BOXES_TRIED);
            codes
        });
        Self { wires, entries: entries.collect() }
    }

    /// The first difference between two worlds of as many nodes.
    pub(super) fn first_difference(&self, other: &Self) -> Option<Difference> {
        let wires = self.wires.keys().chain(other.wires.keys());
        let wire = wires.copied().find(|wire| self.wires.get(wire) != other.wires.get(wire));
        let node = || self.entries.iter().zip(&other.entries).position(|(one, other)| one != other);
        wire.map(|(from, to)| Difference::Wire(from, to)).or_else(|| node().map(Difference::Records))
    }
}

const BOXES_TRIED: &str = "reveal-page-read";
