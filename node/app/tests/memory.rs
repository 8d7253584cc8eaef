//! Reading takes bounded memory. Alone in its process, because the peak of resident memory is the process's.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::Read;
use std::ops::ControlFlow;

use cwg_app::indicators::{BLOCK_LEN, BLOCK_ROWS, ColumnMap, NoProgress, ROW_LEN_MAX, RowSink, SinkProblem, read};
use cwg_engine::io::IndicatorRow;
use cwg_protocol::NetworkId;

const NETWORK: NetworkId = NetworkId([7; 16]);
const HANDLES: &str = "format = \"csv\"\nhas_header = false\nrole = \"holder\"\n[[columns]]\ncolumn = 2\ntype = \"handle\"\nplatform = \"kik\"\n";

/// What may be added to the peak: two blocks, what comes of one, and the allocator's slack.
const GROWTH_MAX_KIB: i64 = 24 * 1024;

#[test]
fn memory_does_not_grow_with_the_file() {
    // Tables are read once.
    read_rows(5_000);
    let before = peak_kib();
    read_rows(200_000);
    let long = peak_kib() - before;
    endless_row();
    let endless = peak_kib() - before;
    assert!(long < GROWTH_MAX_KIB, "{long} KiB more after 200,000 rows");
    assert!(endless < GROWTH_MAX_KIB, "{endless} KiB more after an endless row");
}

fn read_rows(rows: u64) {
    let mut census = Census::default();
    let mut blocks: Vec<(u64, u64)> = Vec::new();
    let mut progress = |rows, bytes, _| {
        blocks.push((rows, bytes));
        ControlFlow::Continue(())
    };
    let map = ColumnMap::parse(HANDLES, "map.toml").unwrap();
    let input = Rows { left: rows, rest: Vec::new() };
    let report = read(&map, input, 0, "long", NETWORK, &mut census, &mut progress).unwrap();
    assert_eq!((report.rows, census.rows), (rows, rows - report.rows_refused));
    assert!(census.rows > rows * 9 / 10);
    let mut last = (0, 0);
    for block in blocks {
        assert!(block.0 - last.0 <= BLOCK_ROWS as u64);
        assert!(block.1 - last.1 <= (BLOCK_LEN + ROW_LEN_MAX + 256 * 1024) as u64);
        last = block;
    }
    assert!(last.1 > rows * 100, "the rows went through");
}

fn endless_row() {
    let map = ColumnMap::parse(HANDLES, "map.toml").unwrap();
    let text = std::io::Cursor::new(b"1,someone\n1,\"".to_vec()).chain(std::io::repeat(b'x').take(200_000_000));
    let report = read(&map, text, 0, "f", NETWORK, &mut Census::default(), &mut NoProgress).unwrap();
    assert_eq!((report.refused[0].line, report.refused[0].code.as_str()), (2, "row-too-long"));
}

/// Endless rows, made as they are read.
struct Rows {
    left: u64,
    rest: Vec<u8>,
}

impl Read for Rows {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() && self.left > 0 {
            self.left -= 1;
            self.rest = format!("{:0100},x{}\n", self.left, self.left).into_bytes();
        }
        let len = self.rest.len().min(into.len());
        into[..len].copy_from_slice(&self.rest[..len]);
        self.rest.drain(..len);
        Ok(len)
    }
}

/// Counts rows and keeps none.
#[derive(Default)]
struct Census {
    rows: u64,
}

impl RowSink for Census {
    fn push(&mut self, _: u64, _: &IndicatorRow) -> Result<(), SinkProblem> {
        self.rows += 1;
        Ok(())
    }
}

/// Peak of resident memory of this process, KiB (proc(5)).
fn peak_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
