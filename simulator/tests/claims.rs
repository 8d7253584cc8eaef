//! Claims that need worlds of their own, and files that are scenarios.

mod common;

use std::path::{Path, PathBuf};

use cwg_protocol::session::Learns;
use cwg_simulator::{Scenario, leakage_as_declared, simulate};

fn calm() -> Scenario {
    Scenario { faults_secs: 20, ..Scenario::default() }
}

#[test]
fn without_faults_every_member_joins_and_every_run_is_sealed() {
    for (seed, members, runs_per_pair) in [(1, 2, 1), (2, 3, 3), (3, 3, 8), (4, 5, 2), (5, 15, 1)] {
        let scenario = Scenario { members, runs_per_pair, common: 2, whole_sets: true, ..calm() };
        let report = common::check(seed, &scenario).unwrap_or_else(|report| panic!("{report}"));
        let runs = u64::from(members * (members - 1) / 2 * runs_per_pair);
        assert_eq!((report.counts.joined, report.counts.sealed), (u64::from(members), runs), "{report}");
    }
}

#[test]
fn without_faults_every_member_has_the_release_and_every_lighthouse_run_is_sealed() {
    for (seed, members) in [(1, 2), (2, 3), (3, 6)] {
        let scenario = Scenario { members, runs_per_pair: 0, lighthouse_runs: 2, whole_sets: true, ..calm() };
        let report = common::check(seed, &scenario).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(report.counts.sealed, u64::from(2 * members), "{report}");
    }
}

#[test]
fn the_same_seed_and_knobs_give_the_same_trace_and_another_seed_another() {
    for seed in [3, 7, 11, 19] {
        let scenario = Scenario::drawn(seed);
        let (one, again) = (simulate(&scenario, seed), simulate(&scenario, seed));
        assert!(one.trace.text() == again.trace.text(), "seed {seed} gives two traces");
        assert_eq!(one.digest(), again.digest());
        assert_ne!(one.digest(), simulate(&scenario, seed + 1).digest());
    }
}

#[test]
fn what_matches_does_not_show_in_sizes_order_or_number() {
    for learns in [Learns::Proposer, Learns::Acceptor, Learns::Both] {
        for seed in 0..4 {
            let one = Scenario { members: 2, learns: Some(learns), whole_sets: true, ..calm() };
            for other in [
                Scenario { planting: 1, ..one.clone() },
                Scenario { common: 0, ..one.clone() },
                Scenario { common: 30, ..one.clone() },
            ] {
                assert_eq!(leakage_as_declared(&one, &other, seed), Ok(()), "seed {seed}\n{other}");
            }
            // The comparison sees what does differ.
            let larger = Scenario { items: 2 * one.items, ..one.clone() };
            assert!(leakage_as_declared(&one, &larger, seed).is_err(), "seed {seed}");
        }
    }
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("readable").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

/// The scenario in a file, and the seed that its first line names.
fn read(path: &Path) -> (Scenario, u64) {
    let text = std::fs::read_to_string(path).expect("readable");
    let scenario = Scenario::from_toml(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let first = text.lines().next().and_then(|line| line.strip_prefix("# seed "));
    (scenario, first.map_or(0, |seed| seed.parse().expect("`# seed N` names a number")))
}

#[test]
fn every_failure_that_was_found_stays_repaired() {
    for path in toml_files("regressions") {
        let (scenario, seed) = read(&path);
        if let Err(report) = common::check(seed, &scenario) {
            panic!("{}\n{report}", path.display());
        }
    }
}

#[test]
fn every_scenario_file_holds() {
    let files = toml_files("scenarios");
    assert!(files.len() >= 3);
    for path in files {
        let (scenario, seed) = read(&path);
        let report = common::check(seed, &scenario).unwrap_or_else(|report| panic!("{}\n{report}", path.display()));
        assert!(report.counts.sealed > 0, "{}\n{report}", path.display());
    }
}
