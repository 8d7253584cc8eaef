//! No keyholder evaluates more for a member under one key than the charter allows, whatever crashes, and it charges no batch twice. That a
//! charge is durable before the answer leaves is held against every answer, in `log_only_grows.rs`.

use std::collections::{BTreeMap, BTreeSet};

use cwg_engine::record::Entry;

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut over = Vec::new();
    for (node, simulated) in world.nodes.iter().enumerate() {
        let mut spent: BTreeMap<_, u64> = BTreeMap::new();
        let mut batches = BTreeSet::new();
        for record in simulated.disk.records() {
            let Entry::RoundCharged { pilot, charge } = &record.entry else { continue };
            if !batches.insert((charge.round, charge.member, charge.batch)) {
                over.push(format!("node {node} charged a batch twice"));
            }
            let charter = world.state(node).and_then(|state| state.pilots().get(pilot));
            let allowance = charter.map_or(0, |pilot| {
                let body = pilot.charter.body();
                let rounds = body.rounds.as_ref().map_or(0, |rules| rules.rounds_per_key);
                u64::from(body.budget.items_per_session) * u64::from(rounds)
            });
            let spent = spent.entry((*pilot, charge.period, charge.member, charge.batch.kind)).or_default();
            *spent += u64::from(charge.elements);
            if *spent > allowance {
                over.push(format!("node {node} evaluated {spent} elements of {allowance} for one member"));
            }
        }
    }
    over
}
