//! Every round and every ceremony is over everywhere, and whoever waited for one was told; where neither node nor clock failed, a round was
//! over by its end. No engine holds anything of what is over.

use crate::rounds::Asked;
use crate::world::{HUB, World};

/// Beyond the end of a round.
const SLACK_SECS: u64 = 60;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut open = Vec::new();
    for wish in &world.work.rounds.wishes {
        if !wish.is_over() {
            open.push(format!("a round that was wanted is still {:?}", wish.stage));
        }
    }
    for (node, simulated) in world.nodes.iter().enumerate() {
        let Some(engine) = world.engine(node) else { continue };
        let state = engine.state();
        // Nobody tells a revoked member how a ceremony ended that it took part in.
        let is_told = node == HUB || !world.work.was_revoked(node);
        let held = engine.rounds_under_way();
        if is_told && !held.is_empty() {
            open.push(format!("node {node} still holds something of {} rounds or ceremonies", held.len()));
        }
        for called in state.rounds().ceremonies().values().filter(|called| is_told && called.end.is_none()) {
            open.push(format!("node {node}: a ceremony with {} boards has no end", called.boards.len()));
        }
        for (round, known) in state.rounds().rounds() {
            if !known.phase.is_over() {
                open.push(format!("node {node}: a round is still {}", known.phase.name()));
            }
            let ends = known.terms.body().schedule.ends.plus_secs(SLACK_SECS);
            let steady = simulated.life == 1 && world.scenario.clock_jumps == 0;
            if steady && known.over_at.is_some_and(|over| over > ends) {
                open.push(format!("node {node}: a round was over after its end"));
            }
            if node != HUB && world.work.asks_round(node, &Asked::Await(*round)) {
                open.push(format!("node {node}: someone still waits for a round"));
            }
        }
    }
    open
}
