//! Loads rows into a set and reads them back; prints times and the peak of resident memory.
//!
//! `cargo run --release -p cwg-store --example load -- [rows]`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cwg_engine::io::{IndicatorRow, Selection};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::{Item, LoadId};
use cwg_store::{PassphraseCost, Store, Unlock, create_key_file};

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |rows| rows.parse())?;
    let root = tempfile::tempdir()?;
    let key = root.path().join("key");
    create_key_file(&key)?;
    let unlock = Unlock::KeyFile(&key);
    let mut store = Store::create(&root.path().join("store"), unlock, PassphraseCost::default(), Arc::new(keys_of))?;

    let start = Instant::now();
    let mut writer = store.sets().writer(LoadId([1; 8]))?;
    for i in 0..count {
        writer.push(&row(i))?;
    }
    let summary = writer.finish()?;
    println!("{count} rows loaded into {} items: {:.2} s", summary.items, start.elapsed().as_secs_f64());
    println!("file: {} bytes", summary.bytes);
    let start = Instant::now();
    let selection = Selection(vec![(IndicatorKind::Phone, Roles::BOTH)]);
    let mut read = 0u64;
    for row in store.sets().merged(&selection, &[summary.set()])? {
        read += u64::from(row?.rows);
    }
    println!("{read} rows read back: {:.2} s", start.elapsed().as_secs_f64());
    println!("peak of the load: {} KiB", peak_kib()?);

    let start = Instant::now();
    for i in 0..200u64 {
        store.append(&[vec![i as u8; 300]])?;
    }
    println!("one record a commit: {:.2} ms a commit", start.elapsed().as_secs_f64() * 1e3 / 200.0);
    let commit: Vec<_> = (0..100_000u64).map(|i| i.to_le_bytes().repeat(25)).collect();
    let start = Instant::now();
    for records in commit.chunks(1000) {
        store.append(records)?;
    }
    println!("100,000 records of 200 bytes, 1,000 a commit: {:.2} s", start.elapsed().as_secs_f64());
    drop(commit);
    let start = Instant::now();
    let verified = store.verify()?;
    println!("{} records verified: {:.2} s", verified.records, start.elapsed().as_secs_f64());
    let start = Instant::now();
    store.rebuild_index()?;
    println!("index of {} records rebuilt: {:.2} s", store.head().seq, start.elapsed().as_secs_f64());
    println!("peak of all: {} KiB", peak_kib()?);
    Ok(())
}

fn keys_of(payload: &[u8]) -> Vec<(cwg_store::Tree, Vec<u8>)> {
    vec![(cwg_store::Tree("record"), payload[..8].to_vec())]
}

/// One row in ten repeats an item.
fn row(i: u64) -> IndicatorRow {
    let number = if i % 10 == 9 { i / 2 } else { i };
    let canonical = format!("+614{number:08}");
    IndicatorRow {
        item: Item::of_line(canonical.as_bytes()),
        kind: IndicatorKind::Phone,
        roles: Roles::only(if i.is_multiple_of(2) { Role::Holder } else { Role::Counterparty }),
        strength: Strength::B,
        canonical,
        references: vec![format!("customer-{i}")],
        rows: 1,
    }
}

fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
