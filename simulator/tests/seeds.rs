//! Many seeds, each with a mix of faults of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use cwg_simulator::{Counts, Scenario, simulate};

/// One simulation; a panic of an engine is a failure like any other, and names its seed.
fn check(seed: u64, scenario: &Scenario, sums: &mut Counts) -> Result<(), String> {
    let run = catch_unwind(AssertUnwindSafe(|| simulate(scenario, seed)));
    let Ok(report) = run else { return Err(format!("# seed {seed} panicked\n{scenario}\n")) };
    sums.add(&report.counts);
    if report.holds() { Ok(()) } else { Err(report.to_string()) }
}

/// `CWG_SEED` names one seed, `CWG_SEEDS` how many from it on.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn every_claim_holds_under_a_hundred_mixes_of_faults() {
    let (first, count) = (number("CWG_SEED", 0), number("CWG_SEEDS", 100));
    let mut sums = Counts::default();
    let mut failed = Vec::new();
    for seed in first..first + count {
        let begun = Instant::now();
        if let Err(report) = check(seed, &Scenario::drawn(seed), &mut sums) {
            println!("{report}");
            failed.push(seed);
        }
        if begun.elapsed().as_secs() > 5 {
            println!("# seed {seed} took {:?}", begun.elapsed());
        }
    }
    println!("{sums:#?}");
    assert!(failed.is_empty(), "seeds {failed:?} failed; repeat one with CWG_SEED=n CWG_SEEDS=1");
    assert!(sums.sealed > count, "too little was reached: {sums:?}");
}
