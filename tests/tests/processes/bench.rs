//! `cwg bench`: the figures are there, they are of the run that was asked for, and its matches are the planted ones.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::nodes::{cwg, program};

const KEYS: [&str; 13] = [
    "protocol",
    "profile",
    "receiver_items",
    "sender_items",
    "matches",
    "wall_s",
    "receiver_cpu_s",
    "sender_cpu_s",
    "receiver_rss_mb",
    "sender_rss_mb",
    "bytes_to_sender",
    "bytes_to_receiver",
    "bits_per_item",
];

/// The rows of `bench psi`, each with exactly the keys that are promised.
fn rows(args: &[&str]) -> Vec<Value> {
    rows_of("psi", args, &[])
}

fn rows_of(bench: &str, args: &[&str], more_keys: &[&'static str]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let document = cwg(dir.path(), &[&["bench", bench], args].concat()).ok();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a bench leaves nothing behind");
    let rows = document.as_array().unwrap().clone();
    for row in &rows {
        let keys: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, KEYS.iter().chain(more_keys).copied().collect());
    }
    rows
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} is no number: {row}"))
}

#[test]
fn a_bench_finds_what_it_planted_and_says_what_it_took() {
    let args = ["--protocol", "voprf", "--profile", "malicious", "--items", "64"];
    let rows = rows(&[&args[..], &["--items", "2^5", "--sender-items", "1e2", "--repeat", "2"]].concat());
    let sizes: Vec<[&Value; 3]> =
        rows.iter().map(|row| [&row["receiver_items"], &row["sender_items"], &row["matches"]]).collect();
    assert_eq!(
        sizes,
        [[64, 100, 32], [32, 100, 16]].map(|row| row.map(Value::from)).each_ref().map(|row| row.each_ref())
    );
    for row in &rows {
        assert_eq!((row["protocol"].as_str(), row["profile"].as_str()), (Some("voprf"), Some("malicious")));
        for key in ["wall_s", "receiver_cpu_s", "sender_cpu_s"] {
            assert!(number(row, key) > 0.0, "{key}: {row}");
        }
        // A program of some megabytes; a figure in another unit would be far off.
        for key in ["receiver_rss_mb", "sender_rss_mb"] {
            assert!(row[key].is_null() || (1.0..4000.0).contains(&number(row, key)), "{key}: {row}");
        }
        let (items, bytes) =
            (number(row, "receiver_items"), number(row, "bytes_to_sender") + number(row, "bytes_to_receiver"));
        // Each item of the receiver is an element of 32 bytes there and back; the sender's are tags of 16.
        assert!(bytes >= 64.0 * items + 16.0 * 100.0 && bytes < 64.0 * items + 16.0 * 100.0 + 4096.0, "{row}");
        assert!((number(row, "bits_per_item") - 8.0 * bytes / 100.0).abs() < 1e-6, "{row}");
    }
}

#[test]
fn a_profile_chooses_the_protocols_and_sizes_may_differ() {
    let args = ["--profile", "semi-honest", "--receiver-items", "20", "--sender-items", "1e3"];
    let rows = rows(&args);
    let cells: Vec<[&Value; 5]> = rows
        .iter()
        .map(|row| ["protocol", "profile", "receiver_items", "sender_items", "matches"].map(|key| &row[key]))
        .collect();
    let expected = ["vole-semi-honest", "semi-honest"].map(Value::from);
    let sizes = [20, 1000, 10].map(Value::from);
    assert_eq!(cells, [[&expected[0], &expected[1], &sizes[0], &sizes[1], &sizes[2]]]);
}

#[test]
fn a_link_between_the_sides_takes_its_time_and_changes_no_result() {
    let rows = rows(&["--protocol", "voprf", "--items", "64", "--link", "10mbit,150ms"]);
    assert_eq!((rows.len(), &rows[0]["matches"]), (1, &Value::from(32)));
    // The address is proven, keys are exchanged, greetings, terms, blinded items: a round trip each. Hellos go along.
    assert!(number(&rows[0], "wall_s") >= 5.0 * 0.150, "{}", rows[0]);
}

#[test]
fn a_bench_that_cannot_be_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let check = |args: &[&str], code: &str| {
        let refused = cwg(dir.path(), &[&["bench", "psi"], args].concat()).refused(64);
        assert_eq!(refused["code"], code, "{args:?}: {refused}");
    };
    check(&["--protocol", "nothing"], "unknown-protocol");
    check(&["--protocol", "voprf", "--items", "2^31"], "nothing-to-measure");
    check(&["--receiver-items", "64"], "one-size");
    for args in [["--items", "0"], ["--link", "fast,1ms"], ["--profile", "trusting"], ["--repeat", "0"]] {
        assert_eq!(cwg(dir.path(), &[&["bench", "psi"], &args[..]].concat()).code, 64, "{args:?}");
    }
    let alone = program(dir.path()).arg("bench-side").output().unwrap();
    assert_eq!(alone.status.code(), Some(64), "a side is started by a bench alone");
    let help = String::from_utf8(program(dir.path()).arg("--help").output().unwrap().stdout).unwrap();
    assert!(help.contains("bench") && !help.contains("bench-side"), "{help}");
}

#[test]
fn a_lighthouse_bench_finds_what_it_planted_with_its_labels() {
    let args = ["--clues", "300", "--keys", "20", "--keys", "5e3", "--label-len", "48"];
    let rows = rows_of("lighthouse", &args, &["label_len"]);
    let keys = ["protocol", "receiver_items", "sender_items", "label_len", "matches"];
    let cells: Vec<[&Value; 5]> = rows.iter().map(|row| keys.map(|key| &row[key])).collect();
    let expected = [(20, 10), (5000, 150)].map(|(items, matches)| {
        [Value::from("vole-labelled"), Value::from(items), Value::from(300), Value::from(48), Value::from(matches)]
    });
    assert_eq!(cells, expected.each_ref().map(|row| row.each_ref()));
    for row in &rows {
        // 320 rows of a label and a check, and as many tags.
        assert!(number(row, "bytes_to_receiver") > 320.0 * 64.0, "{row}");
    }
}

#[test]
fn a_search_bench_finds_what_plain_counting_finds_of_every_combination() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["bench", "collect", "--members", "4,5", "--items", "60", "--k", "2,3", "--repeat", "2"];
    let rows = cwg(dir.path(), &args).ok();
    let rows = rows.as_array().unwrap();
    let cells = rows.iter().map(|row| ["members", "k"].map(|key| row[key].as_u64().unwrap()));
    assert!(cells.eq([[4, 2], [4, 3], [5, 2], [5, 3]]), "{rows:?}");
    for row in rows {
        assert!(number(row, "found") > 0.0 && number(row, "search_s") > 0.0 && number(row, "upload_mb") > 0.0, "{row}");
    }
    for args in [["--items", "2^21", "--k", "2"], ["--members", "3", "--k", "4"]] {
        let refused = cwg(dir.path(), &[&["bench", "collect"], &args[..]].concat()).refused(64);
        assert_eq!(refused["code"], "collect", "{args:?}");
    }
}

#[test]
fn an_evaluation_bench_says_what_keyholders_and_members_do_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let bench = |args: &[&str]| cwg(dir.path(), &[&["bench", "evaluate", "--batches", "1"], args].concat());
    let figures = bench(&["--keyholders", "3", "--evaluators", "2"]).ok();
    let rate = |key: &str| number(&figures, key);
    // A member does what it blinds and what it joins.
    let both = 1.0 / (1.0 / rate("blinded_per_s") + 1.0 / rate("joined_per_s"));
    assert!(rate("evaluated_per_s") > 0.0 && (rate("member_per_s") / both - 1.0).abs() < 1e-6, "{figures}");
    assert_eq!(bench(&["--keyholders", "3", "--evaluators", "4"]).refused(64)["code"], "keyholders");
}

#[test]
fn a_round_bench_finds_what_plain_counting_finds_and_says_what_each_node_did() {
    let dir = tempfile::tempdir().unwrap();
    let bench = |args: &[&str]| cwg(dir.path(), &[&["bench", "round", "--members", "5"], args].concat());
    let rounds = bench(&["--items", "40", "--k", "2,3", "--keyholders", "3", "--evaluators", "2"]).ok();
    let rounds = rounds.as_array().unwrap();
    assert!(rounds.iter().map(|round| round["k"].as_u64().unwrap()).eq([2, 3]));
    for round in rounds {
        assert!(number(round, "found") > 0.0, "{round}");
        let nodes = round["nodes"].as_array().unwrap();
        let roles: Vec<_> =
            nodes.iter().map(|node| (node["role"].as_str().unwrap(), node["nodes"].as_u64().unwrap())).collect();
        assert_eq!(roles, [("hub", 1), ("relay", 1), ("keyholder", 3), ("member", 1)]);
        let [hub, relay, keyholder, member] = [0, 1, 2, 3].map(|at| &nodes[at]);
        // Two keyholders are asked for 40 elements of 32 bytes each, and answer with as many.
        for key in ["bytes_sent", "bytes_received"] {
            let bytes = number(&member[key], "evaluation");
            assert!((2_560.0..3_100.0).contains(&bytes), "{key}: {bytes}");
            assert!(number(&keyholder[key], "evaluation") > bytes, "{key}");
        }
        // The relay carries what four others upload, and its own.
        let uploaded = number(&member["bytes_sent"], "uploads");
        assert!(number(&relay["bytes_received"], "uploads") >= 4.0 * uploaded && uploaded > 640.0);
        assert!(number(&hub["bytes_received"], "uploads") >= 5.0 * 640.0);
        let spans = ["evaluation_s", "tickets_s", "uploads_s", "result_s"].map(|key| number(round, key));
        assert!(
            spans.iter().all(|span| *span > 0.0) && (spans.iter().sum::<f64>() - number(round, "busy_s")).abs() < 1e-6
        );
    }
    assert_eq!(bench(&["--k", "4"]).refused(64)["code"], "too-few-members");
}
