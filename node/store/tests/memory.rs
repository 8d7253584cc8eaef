//! A load and the index live in bounded memory. Alone in its binary: the peak of a process is what is measured.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use cwg_engine::io::{IndicatorRow, Selection};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::{Item, LoadId};

const PEAK_MIB_MAX: u64 = 96;
/// About 25 MB of rows: two runs.
const ROWS: u32 = 200_000;

#[test]
fn a_load_and_the_index_stay_below_their_memory() {
    let place = Place::new();
    let mut store = place.create();
    let mut writer = store.sets().writer(LoadId([1; 8])).unwrap();
    for number in 0..ROWS {
        let canonical = format!("+614{number:08}");
        let row = IndicatorRow {
            item: Item::of_line(canonical.as_bytes()),
            kind: IndicatorKind::Phone,
            roles: Roles::only(Role::Holder),
            strength: Strength::B,
            canonical,
            references: vec![format!("{number:060}")],
            rows: 1,
        };
        writer.push(&row).unwrap();
    }
    let set = writer.finish().unwrap().set();
    let selection = Selection(vec![(IndicatorKind::Phone, Roles::BOTH)]);
    let read = store.sets().merged(&selection, &[set]).unwrap().map(Result::unwrap).count();
    assert_eq!(read, ROWS as usize);
    for first in (0..20_000).step_by(1000) {
        let commit: Vec<_> = (first..first + 1000).map(record).collect();
        store.append(&commit).unwrap();
    }
    store.rebuild_index().unwrap();
    assert_eq!(store.verify().unwrap().records, 20_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_mib = peak.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024;
    assert!(peak_mib < PEAK_MIB_MAX, "peak of {peak_mib} MiB");
}
