//! The sample files are what their generator writes, load with exactly the faults planted in them, and have exactly
//! the planted values in common.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../examples/samples/generate.rs"]
mod generate;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cwg_app::files::{open_regular, read_map};
use cwg_app::indicators::{NoProgress, RowSink, SinkProblem, read};
use cwg_app::view::LoadReportView;
use cwg_engine::io::IndicatorRow;
use cwg_protocol::NetworkId;
use serde_json::{Value, json};

#[derive(Default)]
struct Keep(Vec<IndicatorRow>);

impl RowSink for Keep {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        self.0.push(row.clone());
        Ok(())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn load(bank: &str) -> (LoadReportView, Vec<IndicatorRow>) {
    let map = read_map(&folder().join(format!("{bank}.map.toml"))).unwrap();
    let (file, len) = open_regular(&folder().join(format!("{bank}.csv"))).unwrap();
    let mut keep = Keep::default();
    let report = read(&map, file, len, bank, NetworkId([7; 16]), &mut keep, &mut NoProgress).unwrap();
    (report, keep.0)
}

fn truth() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("truth.json")).unwrap()).unwrap()
}

#[test]
fn the_committed_files_are_what_the_generator_writes() {
    for (name, bytes) in generate::files() {
        let committed = std::fs::read(folder().join(name)).unwrap();
        assert!(committed == bytes, "{name} differs: run cargo run -p cwg-app --example samples");
    }
}

#[test]
fn each_bank_loads_with_exactly_its_planted_faults() {
    let truth = truth();
    for bank in ["bank-a", "bank-b", "bank-c"] {
        let (report, _) = load(bank);
        let expected = &truth["banks"][bank];
        assert_eq!(json!(report.refused), expected["refused"], "{bank}");
        assert_eq!(json!(report.rows), expected["rows"], "{bank}");
        assert_eq!(json!(report.rows_refused), expected["rows_refused"], "{bank}");
        assert_eq!(json!(report.rows_partly), expected["rows_partly"], "{bank}");
        assert_eq!(report.rows_accepted + report.rows_repaired + report.rows_refused, report.rows, "{bank}");
        let by_code: u64 = report.refusals.iter().map(|line| line.count).sum();
        assert_eq!(by_code, report.refused.len() as u64, "{bank}");
        assert_eq!(report.refused_not_listed, 0, "{bank}");
    }
}

#[test]
fn each_pair_of_banks_has_exactly_the_planted_values_in_common() {
    let truth = truth();
    let keys = |bank: &str| -> BTreeSet<(String, String)> {
        load(bank).1.into_iter().map(|row| (row.kind.name().to_owned(), row.canonical)).collect()
    };
    for (one, other) in [("bank-a", "bank-b"), ("bank-a", "bank-c"), ("bank-b", "bank-c")] {
        let (ours, theirs) = (keys(one), keys(other));
        let found: BTreeSet<_> = ours.intersection(&theirs).cloned().collect();
        let planted: BTreeSet<(String, String)> = truth["common"][format!("{one} {other}")]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| (key["type"].as_str().unwrap().to_owned(), key["canonical"].as_str().unwrap().to_owned()))
            .collect();
        assert!(planted.len() >= 40, "{one} {other}");
        assert_eq!(found, planted, "{one} {other}");
    }
}

#[test]
fn no_value_of_a_file_is_in_its_report() {
    for bank in ["bank-a", "bank-b", "bank-c"] {
        let (report, rows) = load(bank);
        let json = serde_json::to_string(&report).unwrap();
        for row in rows {
            assert!(!json.contains(&row.canonical), "{bank}: a {} stands in the report", row.kind);
        }
    }
}
