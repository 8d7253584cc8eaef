//! `kill -9` at any instant loses nothing that was acknowledged (`threats`: R1). This binary runs itself as the victim.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use common::*;

const VICTIM_DIR: &str = "CWG_STORE_TEST_VICTIM_DIR";
const KILLS: u64 = 40;

/// Appends for ever and says each record's number once it is acknowledged. It does nothing when run as a test.
#[test]
fn victim() {
    let Some(root) = std::env::var_os(VICTIM_DIR) else {
        return;
    };
    let root = Path::new(&root);
    let mut store = open_at(&root.join("store"), &root.join("key")).unwrap();
    let mut out = std::io::stdout().lock();
    for first in (store.head().seq + 1).. {
        // One record or three: a commit is seen whole or not at all.
        let count = if first % 3 == 0 { 3 } else { 1 };
        let start = store.head().seq + 1;
        let commit: Vec<_> = (start..start + count).map(record).collect();
        let head = store.append(&commit).unwrap();
        writeln!(out, "acknowledged {}", head.seq).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    let place = Place::new();
    drop(place.create());
    let mut seen = 0;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--nocapture"])
            .env(VICTIM_DIR, place.root.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = seen;
        // After so many acknowledgements, and then at whatever instant the signal arrives.
        let mut left = 1 + (round * 7) % 19;
        for line in lines.by_ref() {
            if let Some((_, number)) = line.unwrap().split_once("acknowledged ") {
                acknowledged = number.parse().unwrap();
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        for _ in 0..(round * 1_103) % 40_000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What was said between the last line read and the signal counts too; the line being written may be cut.
        for line in lines {
            let Ok(line) = line else { break };
            if let Some(number) = line.strip_prefix("acknowledged ").and_then(|number| number.parse().ok()) {
                acknowledged = acknowledged.max(number);
            }
        }
        assert!(acknowledged > seen, "round {round}: the victim acknowledged nothing");
        let store = place.open().unwrap();
        let found = replayed(&store);
        assert!(found.len() as u64 >= acknowledged, "round {round}: {} of {acknowledged}", found.len());
        assert!(found.len() as u64 <= acknowledged + 3, "round {round}: more than one commit was under way");
        assert!(found.iter().zip(1..).all(|(found, number)| *found == record(number)), "round {round}");
        assert_eq!(store.verify().unwrap().records, found.len() as u64);
        for number in [1, acknowledged] {
            let looked_up = store.index().get(BY_NAME, &number.to_be_bytes()).unwrap();
            assert_eq!(looked_up, Some(record(number)), "round {round}");
        }
        seen = found.len() as u64;
    }
}
