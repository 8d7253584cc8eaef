//! One simulation as a test sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cwg_simulator::{Counts, Report, Scenario, simulate};

/// Simulates many seeds, each with a scenario drawn from it, and expects every claim to hold: so many unless `CWG_SEEDS` says otherwise, from
/// `CWG_SEED` on. Gives their number, and what they came to.
#[allow(dead_code, reason = "each test binary uses a part")]
#[expect(clippy::print_stdout, reason = "a failure must say how to repeat it")]
pub(crate) fn check_many(otherwise: u64, drawn: impl Fn(u64) -> Scenario) -> (u64, Counts) {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let (first, count) = (number("CWG_SEED", 0), number("CWG_SEEDS", otherwise));
    let mut sums = Counts::default();
    let mut failed = Vec::new();
    for seed in first..first + count {
        match check(seed, &drawn(seed)) {
            Ok(report) => sums.add(&report.counts),
            Err(report) => {
                println!("{report}");
                failed.push(seed);
            }
        }
    }
    println!("{sums:#?}");
    assert!(failed.is_empty(), "seeds {failed:?} failed; repeat one with CWG_SEED=n CWG_SEEDS=1");
    (count, sums)
}

/// Simulates and expects every claim to hold. A panic of an engine is a failure like any other, and names its seed.
#[expect(clippy::print_stdout, reason = "a failure, or a test that hangs, must say how to repeat it")]
pub(crate) fn check(seed: u64, scenario: &Scenario) -> Result<Report, String> {
    println!("# seed {seed}\n{scenario}");
    let run = catch_unwind(AssertUnwindSafe(|| simulate(scenario, seed)));
    let report = run.map_err(|_| format!("# seed {seed} panicked\n{scenario}\n"))?;
    if report.holds() { Ok(report) } else { Err(report.to_string()) }
}
