//! The side that is not entitled has no number of matches and stored no row; an entitled one stores rows before its seal,
//! and goes without the seal only if it crashed in between.

use std::collections::{BTreeMap, BTreeSet};

use cwg_engine::record::Entry;
use cwg_protocol::RunId;
use cwg_protocol::session::{Learns, Place};

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for (node, simulated) in world.nodes.iter().enumerate() {
        let mut entitled: BTreeMap<RunId, bool> = BTreeMap::new();
        let mut unsealed: BTreeSet<RunId> = BTreeSet::new();
        for record in simulated.disk.records() {
            match &record.entry {
                Entry::SessionCharged { plan, place, .. } => {
                    let learns = match (plan.learns, place) {
                        (Learns::Both, _) => true,
                        (Learns::Proposer, place) => *place == Place::Proposer,
                        (Learns::Acceptor, place) => *place == Place::Acceptor,
                    };
                    entitled.insert(plan.run, learns);
                }
                // Members of a round are all entitled; what they may learn is a claim of its own.
                Entry::RoundJoined { round, .. } => {
                    entitled.insert(*round, true);
                }
                Entry::RoundResult { round, .. } => {
                    unsealed.remove(round);
                }
                Entry::Matches { run, .. } => {
                    unsealed.insert(*run);
                    if entitled.get(run) != Some(&true) {
                        wrong.push(format!("node {node} stored rows of run {run} and is not to learn"));
                    }
                }
                Entry::RunSealed { run, matches, .. } => {
                    unsealed.remove(run);
                    if entitled.get(run) != Some(&matches.is_some()) {
                        wrong.push(format!("node {node}: run {run} says {} matches", matches.map_or("no", |_| "its")));
                    }
                }
                _ => {}
            }
        }
        if simulated.life == 1 {
            wrong.extend(unsealed.iter().map(|run| format!("node {node} stored rows of run {run} without a seal")));
        }
    }
    wrong
}
