//! A changed byte in any file of a store is harmless or named (`threats`: R5). The journal's and the set files' own tests
//! go through every byte; here the whole store is opened, sled included.

#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use cwg_engine::io::{IndicatorRow, Selection};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::{Item, LoadId};
use cwg_store::{Damage, SetRef, Store, StoreError};

const RECORDS: u64 = 20;

fn write(place: &Place) -> SetRef {
    let mut store = place.create();
    for name in 0..RECORDS {
        store.append(&[record(name)]).unwrap();
    }
    let mut writer = store.sets().writer(LoadId([7; 8])).unwrap();
    for i in 0..RECORDS as u8 {
        writer.push(&row(i)).unwrap();
    }
    let set = writer.finish().unwrap().set();
    store.close().unwrap();
    set
}

fn row(i: u8) -> IndicatorRow {
    IndicatorRow {
        item: Item([i; 32]),
        kind: IndicatorKind::Phone,
        roles: Roles::only(Role::Holder),
        strength: Strength::B,
        canonical: format!("+6140000{i:04}"),
        references: vec![format!("customer {i}")],
        rows: 1,
    }
}

/// Reads all there is, three ways.
fn read(store: &Store, set: &SetRef) -> Result<(), StoreError> {
    let records = store.replay(1).map(|record| record.map(|(_, payload)| payload)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(records, (0..RECORDS).map(record).collect::<Vec<_>>(), "silent loss in the journal");
    let selection = Selection(vec![(IndicatorKind::Phone, Roles::BOTH)]);
    let rows = store.sets().merged(&selection, &[*set])?.collect::<Result<Vec<_>, _>>()?;
    assert!(rows == (0..RECORDS as u8).map(row).collect::<Vec<_>>(), "silent loss in the set");
    for name in 0..RECORDS {
        let found = store.index().get(BY_NAME, &name.to_be_bytes())?;
        assert_eq!(found, Some(record(name)), "silent loss in the index");
    }
    Ok(())
}

enum Outcome {
    Harmless,
    Named(Option<Damage>),
}

/// Opens a copy of the store with one file changed.
fn with_change(place: &Place, set: &SetRef, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> Outcome {
    let copy = tempfile::tempdir().unwrap();
    copy_dir(&place.dir(), copy.path());
    let path = copy.path().join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    match open_at(copy.path(), &place.key()).and_then(|store| read(&store, set)) {
        Ok(()) => Outcome::Harmless,
        Err(StoreError::Damaged(damage)) => Outcome::Named(Some(damage)),
        Err(StoreError::Version { .. } | StoreError::WrongKey { .. }) => Outcome::Named(None),
        Err(error) => panic!("{file}: {error}"),
    }
}

fn check_bytes(file: &str, step: usize, harmless_expected: bool) {
    let place = Place::new();
    let set = write(&place);
    let len = std::fs::metadata(place.dir().join(file)).unwrap().len() as usize;
    for at in (0..len).step_by(step) {
        match with_change(&place, &set, file, |bytes| bytes[at] ^= 1 << (at % 8)) {
            Outcome::Harmless => assert!(harmless_expected, "{file} byte {at} was not seen"),
            Outcome::Named(damage) => {
                assert!(!harmless_expected, "{file} byte {at}: {damage:?}");
                let damage = damage.expect("a byte that is no version");
                assert!(damage.file.ends_with(file), "{damage}");
            }
        }
    }
}

#[test]
fn a_changed_byte_of_the_keyslot_is_made_good_by_its_other_copy() {
    check_bytes("keyslot", 9, true);
    let place = Place::new();
    let set = write(&place);
    let both = with_change(&place, &set, "keyslot", |bytes| {
        bytes[30] ^= 1;
        bytes[4096 + 90] ^= 1;
    });
    assert!(matches!(both, Outcome::Named(Some(damage)) if damage.file.ends_with("keyslot")));
}

#[test]
fn a_changed_byte_of_the_lock_or_the_index_is_harmless() {
    check_bytes("lock", 1, true);
    check_bytes("index/clean", 3, true);
    check_bytes("index/sled/db", 16_411, true);
    check_bytes("index/sled/conf", 7, true);
}

#[test]
fn a_changed_byte_of_a_record_is_named() {
    check_bytes("journal/00000001.journal", 131, false);
}

#[test]
fn a_changed_byte_of_a_set_is_named() {
    check_bytes(&format!("sets/{}.set", LoadId([7; 8])), 97, false);
}

#[test]
fn a_torn_snapshot_of_the_index_does_not_stop_the_start() {
    let place = Place::new();
    let set = write(&place);
    std::fs::write(place.dir().join("index/sled/snap.00000000000FFFFF.generating"), b"torn").unwrap();
    read(&place.open().unwrap(), &set).unwrap();
    let everything_else_gone = place.dir().join("index");
    std::fs::remove_dir_all(&everything_else_gone).unwrap();
    read(&place.open().unwrap(), &set).unwrap();
}
