//! Set files against a plain model, and under faults.

use std::collections::BTreeMap;
use std::path::Path;

use cwg_protocol::indicator::{Role, Strength};

use cwg_protocol::Item;

use super::*;
use crate::faults::{Dice, Fault, FaultDisk, Unsynced};

const LOAD: LoadId = LoadId([1; 8]);

fn sets(disk: &FaultDisk, arena_len: usize) -> Sets {
    try_sets(disk, arena_len).expect("nothing fails")
}

fn try_sets(disk: &FaultDisk, arena_len: usize) -> Result<Sets, StoreError> {
    Sets::with_arena(Arc::new(disk.clone()), Path::new("/sets"), Secret32::new([9; 32]), arena_len)
}

/// Rows whose items repeat, with different roles, strengths and references.
fn rows(count: usize, distinct: usize, seed: u64) -> Vec<IndicatorRow> {
    let mut dice = Dice(seed);
    (0..count)
        .map(|_| {
            let number = dice.up_to(distinct);
            let mut references: Vec<_> = (0..dice.up_to(4)).map(|_| format!("case-{}", dice.up_to(40))).collect();
            references.sort();
            references.dedup();
            IndicatorRow {
                item: Item(*cwg_crypto::digest(cwg_crypto::Domain::Item, &[&number.to_le_bytes()]).as_bytes()),
                kind: IndicatorKind::ALL[number % IndicatorKind::ALL.len()],
                roles: [Roles::only(Role::Holder), Roles::only(Role::Counterparty), Roles::BOTH][dice.up_to(2)],
                strength: [Strength::A, Strength::B, Strength::C][dice.up_to(2)],
                canonical: format!("value {number} {}", "x".repeat(number % 300)),
                references,
                rows: dice.up_to(3) as u32,
            }
        })
        .collect()
}

/// What a load must come to, the slow way.
fn folded(rows: &[IndicatorRow]) -> Vec<IndicatorRow> {
    let mut by_item: BTreeMap<Item, IndicatorRow> = BTreeMap::new();
    for row in rows {
        let known =
            by_item.entry(row.item).or_insert_with(|| IndicatorRow { rows: 0, references: Vec::new(), ..row.clone() });
        known.roles = known.roles.union(row.roles);
        known.strength = known.strength.min(row.strength);
        known.rows += row.rows;
        let mut all: Vec<_> = known.references.iter().chain(&row.references).cloned().collect();
        all.sort();
        all.dedup();
        all.truncate(16);
        known.references = all;
    }
    by_item.into_values().collect()
}

fn load(sets: &Sets, load: LoadId, rows: &[IndicatorRow]) -> Result<SetSummary, StoreError> {
    let mut writer = sets.writer(load)?;
    rows.iter().try_for_each(|row| writer.push(row))?;
    writer.finish()
}

fn everything() -> Selection {
    Selection(IndicatorKind::ALL.iter().map(|kind| (*kind, Roles::BOTH)).collect())
}

fn all(rows: impl Iterator<Item = Result<IndicatorRow, StoreError>>) -> Vec<IndicatorRow> {
    rows.collect::<Result<_, _>>().expect("nothing is damaged")
}

fn check_load(count: usize, distinct: usize, arena_len: usize) {
    let case = format!("{count} rows, {distinct} items, arena {arena_len}");
    let disk = FaultDisk::default();
    let sets = sets(&disk, arena_len);
    let rows = rows(count, distinct, 5);
    let expected = folded(&rows);
    let summary = load(&sets, LOAD, &rows).expect("nothing fails");
    assert_eq!((summary.items, summary.rows_in), (expected.len() as u64, count as u64), "{case}");
    assert_eq!(summary.per_kind.iter().map(|(.., count)| count).sum::<u64>(), summary.items, "{case}");
    for (kind, roles, count) in &summary.per_kind {
        let of_kind = expected.iter().filter(|row| row.kind == *kind && row.roles == *roles).count();
        assert_eq!(*count, of_kind as u64, "{case}");
    }
    let reader = sets.reader(&summary.set()).expect("it was just written");
    assert!(all(reader.rows()) == expected, "{case}");
    reader.verify().expect("nothing is damaged");
    assert_eq!(reader.summary(), &summary, "{case}");
    assert_eq!(disk.lens().len(), 1, "{case}: only the set is left");
}

#[test]
fn a_set_holds_each_item_once_in_order_whatever_the_order_of_its_rows() {
    for (count, distinct, arena_len) in [
        (0, 1, 1 << 16),
        (1, 1, 1 << 16),
        (3000, 900, 1 << 20),
        (3000, 900, 1 << 14),
        (2000, 3000, 6000),
        (500, 0, 6000),
    ] {
        check_load(count, distinct, arena_len);
    }
}

#[test]
fn the_digest_names_the_content_not_the_order_or_the_memory() {
    let mut rows = rows(800, 300, 6);
    let digest = |rows: &[IndicatorRow], arena| {
        load(&sets(&FaultDisk::default(), arena), LOAD, rows).expect("nothing fails").digest
    };
    let first = digest(&rows, 1 << 20);
    rows.reverse();
    assert_eq!(digest(&rows, 6000), first);
    rows[0].rows += 1;
    assert_ne!(digest(&rows, 6000), first);
}

#[test]
fn several_sets_read_as_one() {
    let sets = sets(&FaultDisk::default(), 1 << 15);
    let parts: Vec<_> = (0..4).map(|i| rows(400, 250, 20 + i)).collect();
    let refs: Vec<_> = parts
        .iter()
        .zip(1..)
        .map(|(rows, i)| load(&sets, LoadId([i; 8]), rows).expect("nothing fails").set())
        .collect();
    let expected = folded(&parts.concat());
    assert!(all(sets.merged(&everything(), &refs).expect("all are there")) == expected);
    let some = Selection(vec![(IndicatorKind::Abn, Roles::only(Role::Holder)), (IndicatorKind::Phone, Roles::BOTH)]);
    let selected: Vec<_> = expected.iter().filter(|row| some.contains(row)).cloned().collect();
    assert!(!selected.is_empty() && selected.len() < expected.len());
    assert!(all(sets.merged(&some, &refs).expect("all are there")) == selected);

    assert!(sets.merged(&everything(), &[]).expect("no set is fine").next().is_none());
}

#[test]
fn a_row_beyond_a_limit_is_named_and_left_out() {
    let sets = sets(&FaultDisk::default(), 1 << 15);
    let good = rows(1, 1, 1).remove(0);
    let mut writer = sets.writer(LOAD).expect("no such load");
    writer.push(&good).expect("it is good");
    let long = IndicatorRow { canonical: "x".repeat(513), ..good.clone() };
    assert!(matches!(writer.push(&long), Err(StoreError::BadRow { row: 2, field: "a canonical form", .. })));
    let many = IndicatorRow { references: vec![String::new(); 17], ..good.clone() };
    assert!(matches!(writer.push(&many), Err(StoreError::BadRow { field: "references", .. })));
    let wide = IndicatorRow { references: vec!["x".repeat(129)], ..good.clone() };
    assert!(matches!(writer.push(&wide), Err(StoreError::BadRow { field: "a reference", .. })));
    let largest = IndicatorRow {
        item: Item([0xee; 32]),
        canonical: "x".repeat(512),
        references: (0..16).map(|i| format!("{i:0128}")).collect(),
        ..good.clone()
    };
    writer.push(&largest).expect("it is at its limits");
    let summary = writer.finish().expect("nothing fails");
    let mut expected = vec![good, largest];
    expected.sort_by_key(|row| row.item);
    assert!(all(sets.reader(&summary.set()).expect("it is there").rows()) == expected);
}

#[test]
fn a_load_that_a_crash_cuts_short_leaves_all_of_it_or_nothing() {
    let (kept, new) = (rows(50, 40, 3), rows(120, 90, 4));
    let mut cases = 0;
    for at in 1.. {
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Torn(at)] {
            let disk = FaultDisk::default();
            let before = sets(&disk, 6000);
            let first = load(&before, LoadId([2; 8]), &kept).expect("nothing fails").set();
            disk.arm(at, Fault::PowerLoss);
            let loaded = load(&before, LOAD, &new);
            if !disk.met() {
                assert!(cases > 60, "only {cases} cases");
                return;
            }
            disk.restart(unsynced);
            let after = sets(&disk, 6000);
            assert!(all(after.reader(&first).expect("it was durable").rows()) == folded(&kept), "operation {at}");
            if let Ok(summary) = loaded {
                after.reader(&summary.set()).expect("it was finished").verify().expect("nothing is damaged");
            }
            after.remove_unlisted(&[first.load]).expect("nothing fails");
            assert_eq!(disk.lens().len(), 1, "operation {at}: nothing else is left");
            cases += 1;
        }
    }
}

#[test]
fn a_load_that_fails_is_named_leaves_nothing_and_can_be_repeated() {
    let new = rows(120, 90, 4);
    for fault in [Fault::Error, Fault::Full] {
        let mut failed = 0;
        for at in 1.. {
            let disk = FaultDisk::default();
            let sets = sets(&disk, 6000);
            disk.arm(at, fault);
            let loaded = load(&sets, LOAD, &new);
            if !disk.met() {
                break;
            }
            disk.free();
            match loaded {
                // A temporary file that could not be removed is no failure of the load; the next start removes it.
                Ok(summary) => assert!(all(sets.reader(&summary.set()).expect("finished").rows()) == folded(&new)),
                Err(error) => {
                    failed += 1;
                    assert!(fault != Fault::Full || matches!(error, StoreError::DiskFull { .. }), "{error}");
                    let sets = try_sets(&disk, 6000).expect("nothing fails any more");
                    sets.remove_unlisted(&[]).expect("nothing fails any more");
                    assert_eq!(disk.lens().len(), 0, "operation {at}");
                    load(&sets, LOAD, &new).expect("nothing fails any more");
                }
            }
        }
        assert!(failed > 10, "only {failed} failures");
    }
}

#[test]
fn a_changed_byte_in_a_set_file_is_named() {
    let disk = FaultDisk::default();
    let rows = rows(60, 50, 8);
    let set = load(&sets(&disk, 1 << 15), LOAD, &rows).expect("nothing fails").set();
    let (path, len) = disk.lens().remove(0);
    let check = |what: String, change: &dyn Fn(&mut Vec<u8>)| {
        let disk = disk.fork();
        disk.damage(&path, change);
        let sets = sets(&disk, 1 << 15);
        let named = |error: StoreError| {
            assert!(matches!(error, StoreError::Damaged(_) | StoreError::Version { .. }), "{what}: {error}");
        };
        let read = sets.merged(&everything(), &[set]).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        named(read.expect_err(&what));
        named(sets.reader(&set).and_then(|reader| reader.verify()).expect_err(&what));
    };
    for at in 0..len {
        check(format!("byte {at}"), &|bytes| bytes[at] ^= 1 << (at % 8));
    }
    for cut in (0..len).step_by(13) {
        check(format!("cut at {cut}"), &|bytes| bytes.truncate(cut));
    }
}

#[test]
fn a_set_is_found_by_its_name_and_digest_only() {
    let disk = FaultDisk::default();
    let sets = sets(&disk, 1 << 15);
    let (one, two) = (LoadId([1; 8]), LoadId([2; 8]));
    let first = load(&sets, one, &rows(50, 40, 3)).expect("nothing fails").set();
    let second = load(&sets, two, &rows(50, 40, 4)).expect("nothing fails").set();
    assert!(matches!(sets.writer(one), Err(StoreError::LoadExists { .. })));
    let crossed = SetRef { load: one, digest: second.digest };
    assert!(matches!(sets.reader(&crossed), Err(StoreError::Damaged(_))));
    disk.rename(&sets.path(two), &sets.path(one)).expect("it is there");
    for wrong in [first, SetRef { load: one, digest: second.digest }] {
        assert!(matches!(sets.reader(&wrong), Err(StoreError::Damaged(_))), "the name is part of the seal");
    }
    assert!(matches!(sets.reader(&second), Err(StoreError::LoadMissing { .. })));
    sets.purge(one).expect("it is there");
    assert!(matches!(sets.purge(one), Err(StoreError::LoadMissing { .. })));
}
