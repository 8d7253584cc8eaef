//! One simulation as a test sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cwg_simulator::{Report, Scenario, simulate};

/// Simulates and expects every claim to hold. A panic of an engine is a failure like any other, and names its seed.
#[expect(clippy::print_stdout, reason = "a failure, or a test that hangs, must say how to repeat it")]
pub(crate) fn check(seed: u64, scenario: &Scenario) -> Result<Report, String> {
    println!("# seed {seed}\n{scenario}");
    let run = catch_unwind(AssertUnwindSafe(|| simulate(scenario, seed)));
    let report = run.map_err(|_| format!("# seed {seed} panicked\n{scenario}\n"))?;
    if report.holds() { Ok(report) } else { Err(report.to_string()) }
}
