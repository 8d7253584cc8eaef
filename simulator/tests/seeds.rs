//! Many seeds, each with a mix of faults of its own.

mod common;

use cwg_simulator::{Counts, Lie, Scenario};

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
        match common::check(seed, &Scenario::drawn(seed)) {
            Ok(report) => sums.add(&report.counts),
            Err(report) => {
                println!("{report}");
                failed.push(seed);
            }
        }
    }
    println!("{sums:#?}");
    assert!(failed.is_empty(), "seeds {failed:?} failed; repeat one with CWG_SEED=n CWG_SEEDS=1");
    if count >= 100 {
        // A generator that reaches nothing finds nothing.
        assert!(sums.sealed > 3 * count && sums.crashes > count / 2 && sums.cuts > count, "{sums:?}");
        assert!(Lie::ALL.iter().all(|lie| sums.lies.contains_key(lie)), "{:?}", sums.lies);
        assert!(sums.ended.len() >= 8, "{:?}", sums.ended);
    }
}
