//! Every member that has an answer found exactly those of its own items that enough uploads held, by plain counting; rows are stored for
//! these items and no others.
//!
//! Where an upload broke off half-way, its items may count or not: then what is found lies between both counts.

use std::collections::{BTreeMap, BTreeSet};

use cwg_engine::record::Entry;
use cwg_protocol::{Item, RunId};

use crate::rounds::Counted;
use crate::world::{HUB, World};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for (node, simulated) in world.nodes.iter().enumerate() {
        let mut rows: BTreeMap<RunId, BTreeSet<Item>> = BTreeMap::new();
        let mut results: BTreeSet<RunId> = BTreeSet::new();
        for record in simulated.disk.records() {
            match &record.entry {
                Entry::Matches { run, rows: more, .. } => {
                    rows.entry(*run).or_default().extend(more.iter().map(|found| found.row.item));
                }
                Entry::RoundResult { round, turn, rooms } => {
                    if !results.insert(*round) {
                        wrong.push(format!("node {node} has two results of one round"));
                    }
                    let found: BTreeSet<Item> = rooms.iter().map(|room| room.item).collect();
                    if rows.remove(round).unwrap_or_default() != found {
                        wrong.push(format!("node {node} stored other rows than it found items"));
                    }
                    wrong.extend(fault(world, node, *round, *turn, &found));
                }
                _ => {}
            }
        }
    }
    wrong
}

fn fault(world: &World, node: usize, round: RunId, turn: u8, found: &BTreeSet<Item>) -> Option<String> {
    let list = world.seen.lists.get(&(round, node))?;
    let Some(counted) = world.seen.turns.get(&(round, turn)) else {
        return Some(format!("node {node} has an answer of turn {turn}, which never ended"));
    };
    let threshold = world.state(HUB)?.rounds().rounds().get(&round)?.terms.body().threshold;
    // A liar's own upload may be out, whatever its engine has sent.
    let honest = world.nodes[node].hostile.is_none();
    if honest && !counted.complete.contains(&node) {
        return Some(format!("node {node} has an answer, and its upload was not complete"));
    }
    let holds =
        |member: &&usize, item: &Item| world.seen.lists.get(&(round, **member)).is_some_and(|list| list.contains(item));
    let complete =
        |item: &&Item| counted.complete.iter().filter(|member| holds(member, item)).count() >= threshold.into();
    let any = |item: &&Item| {
        let all: BTreeSet<usize> = counted.complete.iter().chain(&counted.partial).chain([&node]).copied().collect();
        all.iter().filter(|member| holds(member, item)).count() >= threshold.into()
    };
    let (least, most) = (list.iter().filter(complete), list.iter().filter(any).copied().collect::<BTreeSet<Item>>());
    let missed = least.filter(|item| !found.contains(item)).count();
    let invented = found.difference(&most).count();
    let missed = if honest { missed } else { 0 };
    let Counted { complete, partial, .. } = counted;
    (missed + invented > 0).then(|| {
        format!("node {node}, turn {turn}: {missed} items missed and {invented} invented of {}, by {complete:?} and {partial:?}", found.len())
    })
}
