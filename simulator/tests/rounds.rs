//! Rounds under many mixes of faults, and the worlds that they need of their own.

mod common;

use cwg_simulator::{Scenario, rounds_look_alike, simulate};

/// What hundreds of seeds must come to.
const REACHED: [&str; 12] = [
    "hub ceremony: ceremony-other-outcome",
    "hub ceremony: ceremony-unsettled",
    "hub ended: round-closed",
    "hub ended: round-out-of-time",
    "member ceremony: ceremony-withheld",
    "member ended: round-evaluation-missed",
    "member ended: round-items-changed",
    "member ended: round-not-joined",
    "member ended: round-unanswered",
    "member ended: too-few-keyholders",
    "member ended: too-many-items",
    "turn-too-few-uploads",
];

#[test]
fn every_claim_of_rounds_holds_under_mixes_of_faults() {
    let (count, sums) = common::check_many(20, Scenario::drawn_rounds);
    // A generator that reaches nothing finds nothing.
    let reached = |what: &str| sums.rounds.get(what).copied().unwrap_or(0);
    if count >= 20 {
        assert!(reached("results") > count && reached("turn-relay-failed") > 0 && reached("posts") > count, "{sums:?}");
    }
    if count >= 200 {
        let missed: Vec<&str> = REACHED.into_iter().filter(|what| reached(what) == 0).collect();
        assert!(missed.is_empty(), "{missed:?} of {sums:?}");
    }
}

fn calm() -> Scenario {
    Scenario {
        members: 6,
        items: 20,
        common: 1,
        shared: 8,
        runs_per_pair: 0,
        rounds: 2,
        handovers_permille: 1000,
        room_intervals: 3,
        posts: 3,
        faults_secs: 20,
        settle_secs: 24 * 3600,
        ..Scenario::default()
    }
}

#[test]
fn without_faults_every_round_is_answered_and_every_post_is_read() {
    for (seed, members) in [(1, 4), (2, 5), (3, 7)] {
        let scenario = Scenario { members, ..calm() };
        let report = common::check(seed, &scenario).unwrap_or_else(|report| panic!("{report}"));
        let rounds = |what: &str| report.counts.rounds.get(what).copied().unwrap_or(0);
        assert_eq!((rounds("turn-answered"), rounds("results")), (2, u64::from(2 * members)), "{report}");
        assert!(rounds("posts") > 0, "{report}");
    }
}

#[test]
fn who_holds_what_does_not_show_in_kinds_lengths_order_or_number() {
    for threshold in [2, 3] {
        for seed in 0..2 {
            let scenario = Scenario { threshold: Some(threshold), handovers_permille: 0, posts: 0, ..calm() };
            assert_eq!(rounds_look_alike(&scenario, seed), Ok(()), "seed {seed}, threshold {threshold}");
        }
    }
}

#[test]
fn rounds_of_one_seed_and_knobs_give_one_trace() {
    for seed in [1, 2] {
        let scenario = Scenario::drawn_rounds(seed);
        let (one, again) = (simulate(&scenario, seed), simulate(&scenario, seed));
        assert!(one.trace.text() == again.trace.text(), "seed {seed} gives two traces");
    }
}
