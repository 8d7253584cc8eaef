//! From a seed and knobs to a report.

use crate::checkers;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::world::World;

/// Runs a scenario to its end and checks every claim.
pub fn simulate(scenario: &Scenario, seed: u64) -> Report {
    let mut world = World::new(seed, scenario);
    while world.step() {}
    world.count_runs();
    checkers::check(&mut world);
    Report {
        seed,
        scenario: scenario.clone(),
        virtual_ms: world.now_us / 1000,
        counts: world.counts,
        breaches: world.breaches,
        trace: world.trace,
    }
}
