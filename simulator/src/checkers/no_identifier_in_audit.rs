//! No identifier, reference or item stands in the trace, in a log line, in any record but the rows themselves, or in the
//! text that the program's own types print of a record.

use std::collections::BTreeSet;

use cwg_engine::record::{Entry, Record};
use cwg_protocol::wire::encode;

use crate::world::World;

/// Bytes that are looked up at every place: all needles are longer.
const HEAD: usize = 12;

pub(super) fn check(world: &World) -> Vec<String> {
    let needles = Needles::of(world);
    let mut found = Vec::new();
    if needles.in_bytes(world.trace.text().as_bytes()) {
        found.push("the trace names an identifier".to_owned());
    }
    for (node, simulated) in world.nodes.iter().enumerate() {
        let records = simulated.disk.records();
        let named = |record: &&Record| {
            let kept = !keeps_items(&record.entry) && needles.in_bytes(&encode(*record));
            kept || needles.in_bytes(format!("{record:?}").as_bytes())
        };
        if let Some(record) = records.iter().find(named) {
            found.push(format!("node {node}: a record of {} names an identifier", record.entry.code()));
        }
    }
    found
}

/// Rows of what matched, and the rooms of items of a round.
fn keeps_items(entry: &Entry) -> bool {
    matches!(entry, Entry::Matches { .. } | Entry::RoundResult { .. } | Entry::RoomDrafted { .. })
}

/// The first bytes of everything that must not be seen.
struct Needles(BTreeSet<[u8; HEAD]>);

impl Needles {
    fn of(world: &World) -> Self {
        let mut heads = BTreeSet::new();
        let mut add = |bytes: &[u8]| heads.extend(bytes.first_chunk::<HEAD>().copied());
        for row in world.nodes.iter().filter_map(|node| node.book.as_ref()).flat_map(|book| book.rows()) {
            add(row.canonical.as_bytes());
            // All references start alike.
            add(row.references[0].trim_start_matches("customer-").as_bytes());
            add(&row.item.0);
            add(row.item.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>().as_bytes());
        }
        Self(heads)
    }

    fn in_bytes(&self, bytes: &[u8]) -> bool {
        bytes.array_windows::<HEAD>().any(|window| self.0.contains(window))
    }
}
