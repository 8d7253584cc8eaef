//! Reading a source takes bounded memory. Alone in its process, because the peak of resident memory is the process's.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{BufWriter, Seek as _, Write as _};

use cwg_app::Problem;
use cwg_app::lighthouse::{ClueSink, SourceMap, Taken, read_source};
use cwg_crypto::Secret32;
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::{Clue, ClueIdKey};

const MAP: &str = "format = \"csv\"\nseries = \"series\"\n";
const REST: &str = "reference = \"ref\"\nexpires_after_days = 9\n[source]\npseudonym = \"source\"\nkind = \"ngo\"\n[defaults]\nkind = \"handle\"\ntypology = \"other\"\nfirst-seen = \"2026\"\ngrade = \"C3\"\nconfidence = \"1\"\ncaveats = \"none\"\n";

/// What may be added to the peak: the reader's buffers and the allocator's slack.
const GROWTH_MAX_KIB: i64 = 8 * 1024;

#[test]
fn memory_does_not_grow_with_a_source() {
    // Tables are read once.
    read(1_000);
    let before = peak_kib();
    read(100_000);
    let grown = peak_kib() - before;
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more after 100,000 rows");
}

fn read(rows: u64) {
    let mut file = BufWriter::new(tempfile::tempfile().unwrap());
    writeln!(file, "ref,value").unwrap();
    (0..rows).for_each(|row| writeln!(file, "{row},kik:x{row:0100}").unwrap());
    let mut file = file.into_inner().unwrap();
    file.rewind().unwrap();
    let map = SourceMap::parse(&(MAP.to_owned() + REST), "map").unwrap();
    let mut census = Census(0);
    let names = ClueIdKey::new(Secret32::new([3; 32]));
    let report = read_source(&map, file, "long", &names, UnixTime(1_800_000_000), &mut census).unwrap();
    assert_eq!((report.records, report.accepted + report.repaired, census.0), (rows, rows, rows));
}

/// Counts clues and keeps none.
struct Census(u64);

impl ClueSink for Census {
    fn push(&mut self, _: Clue) -> Result<Taken, Problem> {
        self.0 += 1;
        Ok(Taken::New)
    }
}

/// Peak of resident memory of this process, KiB (proc(5)).
fn peak_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
