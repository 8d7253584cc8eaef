//! Two worlds of the same sizes that differ only in what matches look the same on the wire and to the side that does not
//! learn: the same messages, in the same order, of the same lengths, and the same entries in its records.

use super::counted::{Counted, Difference};
use crate::operators::WishStage;
use crate::scenario::Scenario;
use crate::world::World;

/// Runs both worlds with one seed and compares what an observer and each side that does not learn can count.
///
/// # Errors
/// The first difference, or that a run was not sealed, which would show nothing.
pub fn leakage_as_declared(one: &Scenario, other: &Scenario, seed: u64) -> Result<(), String> {
    match seen(one, seed)?.first_difference(&seen(other, seed)?) {
        Some(Difference::Wire(..)) => Err("the wire tells the two worlds apart".to_owned()),
        Some(Difference::Records(node)) => {
            Err(format!("member {node}, which does not learn, can tell the two worlds apart"))
        }
        None => Ok(()),
    }
}

/// All frames; entries of each node that never learns.
fn seen(scenario: &Scenario, seed: u64) -> Result<Counted, String> {
    let mut world = World::new(seed, scenario);
    while world.step() {}
    let sealed = |stage: &WishStage| matches!(stage, WishStage::Ended(_, cwg_engine::command::RunEnd::Sealed(_)));
    if !world.work.wishes.iter().all(|wish| sealed(&wish.stage)) {
        return Err("not every run was sealed".to_owned());
    }
    let learners = world.work.learners();
    Ok(Counted::of(&world, |_| true, |node| !learners.contains(&node)))
}
