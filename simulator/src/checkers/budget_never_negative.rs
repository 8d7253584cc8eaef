//! No node charges more sessions with a peer in any period than its charter allows, nor more for one run than the
//! engine promises. Counted again here from the records, by another way than the engine's.

use std::collections::BTreeMap;

use cwg_engine::limits::{BUDGET_PERIOD_SECS, RUN_ATTEMPTS_MAX};
use cwg_engine::record::Entry;
use cwg_protocol::{NodeKey, PilotId, RunId};

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut over = Vec::new();
    let allowed = world.scenario.sessions_per_day as usize;
    for (node, simulated) in world.nodes.iter().enumerate() {
        let mut charges: BTreeMap<(PilotId, NodeKey), Vec<u64>> = BTreeMap::new();
        let mut runs: BTreeMap<RunId, u32> = BTreeMap::new();
        for record in simulated.disk.records() {
            let Entry::SessionCharged { plan, .. } = &record.entry else { continue };
            let since = record.at.0.saturating_sub(BUDGET_PERIOD_SECS);
            let times = charges.entry((plan.pilot, plan.peer)).or_default();
            times.push(record.at.0);
            let in_period = times.iter().filter(|at| **at > since).count();
            if in_period > allowed {
                over.push(format!("node {node} charged {in_period} sessions of {allowed} a day"));
            }
            let sessions = runs.entry(plan.run).or_default();
            *sessions += 1;
            if *sessions > RUN_ATTEMPTS_MAX {
                over.push(format!("node {node} charged {sessions} sessions to run {}", plan.run));
            }
        }
    }
    over
}
