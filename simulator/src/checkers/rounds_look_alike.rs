//! Two worlds that differ only in which of two members holds what look the same to hub, relay, keyholders and whoever counts frames: the same
//! kinds, lengths and order on every wire, and the same entries in the records of everyone else.
//!
//! Times are compared in the engine's tests, whose jobs and disks take none.

use super::counted::{Counted, Difference};
use crate::net::Sent;
use crate::scenario::Scenario;
use crate::world::{FIRST_OF_ROUNDS, HUB, World};

/// Runs a world and its twin, in which the first two members hold each other's lists, with one seed.
///
/// # Errors
/// The first difference, or that no round was answered, which would show nothing.
pub fn rounds_look_alike(scenario: &Scenario, seed: u64) -> Result<(), String> {
    let twin = Scenario { exchanged: !scenario.exchanged, ..scenario.clone() };
    match seen(scenario, seed)?.first_difference(&seen(&twin, seed)?) {
        Some(Difference::Wire(from, to)) => Err(format!("what goes from {from} to {to} tells the two worlds apart")),
        Some(Difference::Records(node)) => Err(format!("the records of node {node} tell the two worlds apart")),
        None => Ok(()),
    }
}

/// Frames of rounds; entries of the hub, and of members besides the two.
fn seen(scenario: &Scenario, seed: u64) -> Result<Counted, String> {
    let mut world = World::new(seed, scenario);
    while world.step() {}
    let answered = |known: &cwg_engine::KnownRound| matches!(known.phase, cwg_engine::RoundPhase::Answered(_));
    let rounds = world.state(HUB).map(|state| state.rounds().rounds());
    if !rounds.is_some_and(|rounds| rounds.len() == scenario.rounds as usize && rounds.values().all(answered)) {
        return Err("not every round was answered".to_owned());
    }
    let is_of_rounds = |sent: &Sent| sent.kind >= FIRST_OF_ROUNDS.into();
    Ok(Counted::of(&world, is_of_rounds, |node| node == HUB || node > 2))
}
