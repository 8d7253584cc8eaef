//! A turn with fewer complete uploads than the terms say tells nobody anything: no band, no answer, and no result at any member. A turn that
//! was answered had as many complete uploads as the hub says.

use cwg_engine::record::Entry;
use cwg_protocol::round::upload::TurnEnd;

use crate::world::{HUB, World};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let hostile = world.nodes.iter().any(|node| node.hostile.is_some());
    let rounds = world.state(HUB).map(|state| state.rounds().rounds());
    for ((round, turn), counted) in &world.seen.turns {
        let (Some(ending), Some(known)) = (&counted.ending, rounds.and_then(|rounds| rounds.get(round))) else {
            continue;
        };
        let least = known.terms.body().uploads_min;
        // What a lying relay has sent of its own list, nobody can know.
        let complete = counted.complete.len() + if hostile { counted.partial.len() } else { 0 };
        if ending.end == TurnEnd::Answered && (ending.uploads < least || complete < usize::from(least)) {
            wrong.push(format!("turn {turn} was answered with {} uploads ({complete}) of {least}", ending.uploads));
        }
        if ending.end == TurnEnd::Answered && !hostile && usize::from(ending.uploads) != complete {
            wrong.push(format!("turn {turn} counts {} uploads of {complete}", ending.uploads));
        }
    }
    for (node, simulated) in world.nodes.iter().enumerate() {
        for record in simulated.disk.records() {
            let Entry::RoundResult { round, turn, .. } = &record.entry else { continue };
            let ending = world.seen.turns.get(&(*round, *turn)).and_then(|counted| counted.ending.as_ref());
            if ending.is_none_or(|ending| ending.end != TurnEnd::Answered) {
                wrong.push(format!("node {node} has a result of turn {turn}, which was not answered"));
            }
        }
    }
    wrong
}
