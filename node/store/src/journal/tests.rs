//! The journal under faults: every operation fails once, every byte is damaged once (`threats`: R2, R3, R5, R6, R7).

use std::path::Path;
use std::sync::Arc;

use cwg_crypto::Secret32;

use super::*;
use crate::faults::{Fault, FaultDisk, Unsynced};
use crate::keyslot::StoreId;

const SEGMENT: u64 = 700;

fn dir() -> &'static Path {
    Path::new("/journal")
}

fn key() -> StoreKey {
    StoreKey { id: StoreId([3; 16]), secret: Secret32::new([4; 32]) }
}

fn create(disk: &FaultDisk) -> Result<FileJournal, StoreError> {
    FileJournal::create(Arc::new(disk.clone()), dir(), &key(), SEGMENT)
}

fn open(disk: &FaultDisk) -> Result<(FileJournal, Recovery), StoreError> {
    FileJournal::open(Arc::new(disk.clone()), dir(), &key(), SEGMENT)
}

/// Commits of one to three records; enough for several segments.
fn commits() -> Vec<Vec<Vec<u8>>> {
    (0..9u8).map(|c| (0..=c % 3).map(|r| vec![c * 16 + r; usize::from(c) * 7]).collect()).collect()
}

fn records(journal: &FileJournal) -> Vec<Vec<u8>> {
    journal.replay(1).map(|frame| frame.expect("nothing is damaged").payload).collect()
}

/// Appends until the first error; how many commits were acknowledged.
fn append_all(journal: &mut FileJournal) -> usize {
    commits().iter().take_while(|commit| journal.append(commit).is_ok()).count()
}

fn written() -> FaultDisk {
    let disk = FaultDisk::default();
    assert_eq!(append_all(&mut create(&disk).expect("nothing fails")), commits().len());
    assert!(disk.lens().len() > 3, "the records fill several segments");
    disk
}

/// All acknowledged commits are there, in order; beyond them at most the one that was under way, whole or not at all.
fn check_survivors(journal: &FileJournal, acknowledged: usize, case: &str) -> usize {
    let found = records(journal);
    let whole =
        (acknowledged..=(acknowledged + 1).min(commits().len())).find(|count| found == commits()[..*count].concat());
    journal.verify().unwrap_or_else(|error| panic!("{case}: {error}"));
    whole.unwrap_or_else(|| panic!("{case}: {} records after {acknowledged} commits", found.len()))
}

#[test]
fn power_lost_at_any_operation_loses_nothing_acknowledged() {
    let mut cases = 0;
    for at in 1.. {
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Torn(at), Unsynced::Torn(at + 1000)] {
            let disk = FaultDisk::default();
            let mut journal = create(&disk).expect("nothing fails");
            disk.arm(at, Fault::PowerLoss);
            let acknowledged = append_all(&mut journal);
            if !disk.met() {
                assert!(cases > 100, "only {cases} cases");
                return;
            }
            disk.restart(unsynced);
            let case = format!("operation {at}, {unsynced:?}");
            let (mut journal, _) = open(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            let kept = check_survivors(&journal, acknowledged, &case);
            for commit in &commits()[kept..] {
                journal.append(commit).unwrap_or_else(|error| panic!("{case}: {error}"));
            }
            check_survivors(&open(&disk).expect("it was whole").0, commits().len(), &case);
            cases += 1;
        }
    }
}

#[test]
fn power_lost_during_recovery_loses_nothing_acknowledged() {
    let mut nested = 0;
    for at in 1.. {
        for second in 1.. {
            let disk = FaultDisk::default();
            let mut journal = create(&disk).expect("nothing fails");
            disk.arm(at, Fault::PowerLoss);
            let acknowledged = append_all(&mut journal);
            if !disk.met() {
                assert!(nested > 200, "only {nested} nested crashes");
                return;
            }
            disk.restart(Unsynced::Torn(at * 7 + second));
            disk.arm(second, Fault::PowerLoss);
            let opened = open(&disk);
            let met = disk.met();
            assert_eq!(opened.is_err(), met);
            disk.restart(if second % 2 == 0 { Unsynced::Lost } else { Unsynced::Torn(second) });
            let case = format!("operation {at}, then {second}");
            let (journal, _) = open(&disk).unwrap_or_else(|error| panic!("{case}: {error}"));
            check_survivors(&journal, acknowledged, &case);
            if !met {
                break;
            }
            nested += 1;
        }
    }
}

#[test]
fn the_first_failed_operation_stops_all_writing_until_the_next_start() {
    for at in 1.. {
        let disk = FaultDisk::default();
        let mut journal = create(&disk).expect("nothing fails");
        disk.arm(at, Fault::Error);
        let acknowledged = append_all(&mut journal);
        if !disk.met() {
            assert!(at > 20, "only {at} operations");
            return;
        }
        assert!(acknowledged < commits().len(), "operation {at} failed and nobody said so");
        for _ in 0..2 {
            let again = journal.append(&[vec![1]]);
            assert!(matches!(again, Err(StoreError::Stopped { .. })), "operation {at}");
        }
        assert!(journal.stopped().is_some());
        assert_eq!(records(&journal), commits()[..acknowledged].concat(), "operation {at}: reads go on");
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Torn(at)] {
            let disk = disk.clone();
            disk.restart(unsynced);
            let (journal, _) = open(&disk).expect("a failed write is no damage");
            check_survivors(&journal, acknowledged, &format!("operation {at}, {unsynced:?}"));
        }
    }
}

#[test]
fn a_full_disk_is_named_and_writing_goes_on_once_there_is_space() {
    for at in 1.. {
        let disk = FaultDisk::default();
        let mut journal = create(&disk).expect("nothing fails");
        disk.arm(at, Fault::Full);
        let acknowledged = append_all(&mut journal);
        if !disk.met() {
            assert!(at > 20, "only {at} operations");
            return;
        }
        if acknowledged < commits().len() {
            for _ in 0..2 {
                let again = journal.append(&commits()[acknowledged]);
                assert!(matches!(again, Err(StoreError::DiskFull { .. })), "operation {at}: {again:?}");
            }
            assert_eq!(journal.verify().expect("reads go on").head, journal.head());
        }
        disk.free();
        for commit in &commits()[acknowledged..] {
            journal.append(commit).unwrap_or_else(|error| panic!("operation {at}: {error}"));
        }
        check_survivors(&journal, commits().len(), "same process");
        disk.restart(Unsynced::Lost);
        check_survivors(&open(&disk).expect("nothing is damaged").0, commits().len(), "next process");
    }
}

/// A damaged journal is refused by name or reads exactly as before.
fn check_damage(disk: &FaultDisk, path: &Path, what: &str, change: impl FnOnce(&mut Vec<u8>)) -> bool {
    let disk = disk.fork();
    disk.damage(path, change);
    match open(&disk) {
        Ok((journal, recovery)) => {
            assert_eq!(records(&journal), commits().concat(), "{what}: silent loss");
            assert_eq!(recovery.torn_bytes, 0, "{what}");
            journal.verify().expect("opening put it right");
            true
        }
        Err(StoreError::Damaged(damage)) => {
            assert!(damage.file.starts_with(dir()), "{what}: {damage}");
            false
        }
        Err(StoreError::Version { .. }) => false,
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn a_changed_byte_anywhere_is_harmless_or_named() {
    let disk = written();
    let (mut harmless, mut named) = (0, 0);
    for (path, len) in disk.lens() {
        for at in 0..len {
            let mask = 1 << (at % 8);
            let what = format!("{} byte {at} ^ {mask:02x}", path.display());
            let kept = check_damage(&disk, &path, &what, |bytes| bytes[at] ^= mask);
            assert!(!kept || path.ends_with("head"), "{what}: a damaged record was not seen");
            if kept { harmless += 1 } else { named += 1 }
        }
    }
    assert!(named > 1000 && harmless > 1000, "{named} named, {harmless} harmless");
}

#[test]
fn a_file_cut_grown_lost_or_swapped_is_named() {
    let disk = written();
    let files = disk.lens();
    for (path, len) in &files {
        let segment = !path.ends_with("head");
        for cut in 0..*len {
            let what = format!("{} cut at {cut}", path.display());
            let kept = check_damage(&disk, path, &what, |bytes| bytes.truncate(cut));
            assert!(!(segment && kept), "{what}: not seen");
        }
        let lost = disk.fork();
        lost.remove(path).expect("it is there");
        assert!(matches!(open(&lost), Err(StoreError::Damaged(_))), "{} lost", path.display());
        for (other, _) in files.iter().filter(|(other, _)| segment && other != path) {
            let mut bytes = Vec::new();
            disk.fork().damage(other, |content| bytes = content.clone());
            check_damage(&disk, path, "swapped", |content| *content = bytes);
        }
    }
    let last = segment_path(dir(), files.len() as u64 - 1);
    let grown = disk.fork();
    grown.damage(&last, |bytes| bytes.extend_from_slice(&[0x55; 40]));
    let (journal, recovery) = open(&grown).expect("what follows the head is an unfinished commit");
    assert_eq!(recovery, Recovery { unacknowledged_records: 0, torn_bytes: 40 });
    assert_eq!(records(&journal), commits().concat());
    let middle = disk.fork();
    middle.damage(&segment_path(dir(), 1), |bytes| bytes.push(0));
    assert!(matches!(open(&middle), Err(StoreError::Damaged(_))), "only the last segment may have a torn end");
}

#[test]
fn damage_that_comes_while_the_journal_is_open_is_named_when_read() {
    let disk = written();
    let (journal, _) = open(&disk).expect("nothing is damaged");
    let frames: Vec<_> = journal.replay(1).map(|frame| frame.expect("nothing is damaged").position).collect();
    let third = frames[2];
    disk.damage(&segment_path(dir(), third.segment), |bytes| bytes[third.offset as usize + 60] ^= 1);
    let read = journal.read(&third).expect_err("it is damaged");
    assert!(matches!(&read, StoreError::Damaged(damage) if damage.record == Some(3) && damage.offset == third.offset));
    assert!(matches!(journal.verify(), Err(StoreError::Damaged(damage)) if damage.record == Some(3)));
    let replayed: Vec<_> = journal.replay(1).collect();
    assert_eq!(replayed.len(), 3, "it ends at the error");
}

#[test]
fn replay_starts_anywhere() {
    let disk = written();
    let (journal, _) = open(&disk).expect("nothing is damaged");
    let all = records(&journal);
    for from in 0..all.len() as u64 + 3 {
        let seqs: Vec<u64> = journal.replay(from).map(|frame| frame.expect("nothing is damaged").after.seq).collect();
        assert!(seqs.iter().copied().eq(from.max(1)..=all.len() as u64), "from {from}: {seqs:?}");
    }
}

#[test]
fn a_journal_opens_under_its_own_key_only() {
    let disk = written();
    let other = StoreKey { id: StoreId([3; 16]), secret: Secret32::new([5; 32]) };
    let opened = FileJournal::open(Arc::new(disk), dir(), &other, SEGMENT);
    assert!(matches!(opened, Err(StoreError::Damaged(_))));
}
