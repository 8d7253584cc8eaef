//! Many seeds, each with a mix of faults of its own.

mod common;

use cwg_simulator::{Lie, Scenario};

#[test]
fn every_claim_holds_under_a_hundred_mixes_of_faults() {
    let (count, sums) = common::check_many(100, Scenario::drawn);
    if count >= 100 {
        // A generator that reaches nothing finds nothing.
        assert!(sums.sealed > 3 * count && sums.crashes > count / 2 && sums.cuts > count, "{sums:?}");
        assert!(Lie::ALL.iter().all(|lie| sums.lies.contains_key(lie)), "{:?}", sums.lies);
        assert!(sums.ended.len() >= 8, "{:?}", sums.ended);
    }
}
