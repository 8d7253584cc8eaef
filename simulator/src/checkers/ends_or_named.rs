//! After the faults are over, every run that was started is sealed or has ended with a code, and every member has
//! joined or was refused by name. A refusal must also be right: no code here says that an invited member's own key is
//! taken.

use cwg_engine::state::RunPhase;

use crate::operators::WishStage;
use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut open = Vec::new();
    for (member, operator) in world.work.operators.iter().enumerate().skip(1) {
        if operator.joined.is_none() {
            open.push(format!("member {member} neither joined nor was refused"));
        }
        if let Some(Err(code)) = &operator.joined
            && !world.work.was_revoked(member)
        {
            open.push(format!("member {member} could not join a healed network: {code}"));
        }
    }
    for (number, wish) in world.work.wishes.iter().enumerate() {
        if !matches!(wish.stage, WishStage::Ended(..) | WishStage::Refused(_)) {
            let (proposer, acceptor) = (wish.proposer, wish.acceptor);
            open.push(format!("wish {number} of {proposer} with {acceptor} is still {:?}", wish.stage));
        }
    }
    for node in 0..world.nodes.len() {
        let Some(state) = world.state(node) else {
            open.push(format!("node {node} is down"));
            continue;
        };
        for (run, known) in state.runs().iter().filter(|(_, run)| run.phase == RunPhase::Running) {
            open.push(format!("node {node}: run {run} is still running as {:?}", known.place));
        }
    }
    open
}
