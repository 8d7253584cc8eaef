//! Every sealed run's matches are exactly the own items that the other side also holds; its receipt verifies, and where
//! both sides have one of the same session, both have the same.

use std::collections::{BTreeMap, BTreeSet};

use cwg_engine::record::{Entry, RunPlan};
use cwg_protocol::session::{Place, Receipt};
use cwg_protocol::{Item, RunId, SessionId};

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut receipts: BTreeMap<SessionId, Receipt> = BTreeMap::new();
    for node in 0..world.nodes.len() {
        let mut plans: BTreeMap<RunId, (RunPlan, Place)> = BTreeMap::new();
        let mut rows: BTreeMap<RunId, BTreeSet<Item>> = BTreeMap::new();
        for record in world.nodes[node].disk.records() {
            match &record.entry {
                Entry::SessionCharged { plan, place, .. } => {
                    plans.insert(plan.run, (plan.clone(), *place));
                    rows.remove(&plan.run);
                }
                Entry::Matches { run, rows: more, .. } => {
                    rows.entry(*run).or_default().extend(more.iter().map(|found| found.row.item));
                }
                Entry::RunSealed { run, receipt, matches } => {
                    let found = rows.remove(run).unwrap_or_default();
                    if receipt.verify().is_err() {
                        wrong.push(format!("node {node}: the receipt of run {run} does not verify"));
                    }
                    let known = receipts.entry(receipt.session).or_insert_with(|| (**receipt).clone());
                    if *known != **receipt {
                        wrong.push(format!("node {node}: another receipt for the session of run {run}"));
                    }
                    let Some((plan, _)) = plans.get(run) else {
                        wrong.push(format!("node {node}: run {run} is sealed and was never charged"));
                        continue;
                    };
                    if let Some(count) = matches {
                        let ideal = ideal(world, node, plan);
                        if ideal != found || *count as usize != ideal.len() {
                            let (expected, got) = (ideal.len(), found.len());
                            wrong.push(format!("node {node}: run {run} found {got} ({count}) of {expected} matches"));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    wrong
}

fn ideal(world: &World, node: usize, plan: &RunPlan) -> BTreeSet<Item> {
    let selected = |node: usize| world.nodes[node].book.as_ref().map(|book| book.selected(&plan.selection));
    let own = selected(node).unwrap_or_default();
    let peer = world.node_of(plan.peer).and_then(selected).unwrap_or_default();
    own.intersection(&peer).copied().collect()
}
