//! Contents of releases against what was written, and under faults.

use std::path::Path;

use cwg_crypto::Secret32;
use cwg_protocol::indicator::Rules;
use cwg_protocol::lighthouse::{Clue, ClueDraft, ClueId, Day, Field, Record, RecordKey};
use cwg_protocol::{Item, NetworkId, UnixTime};

use super::file::CHUNK_ROWS;
use super::*;
use crate::faults::{Dice, Fault, FaultDisk, Unsynced};
use crate::field;

const CONTENT: ContentId = ContentId([1; 8]);
const OTHER: ContentId = ContentId([2; 8]);
const NOW: UnixTime = UnixTime(1_800_000_000);

fn releases(disk: &FaultDisk) -> Releases {
    try_releases(disk).expect("nothing fails")
}

fn try_releases(disk: &FaultDisk) -> Result<Releases, StoreError> {
    Releases::open(Arc::new(disk.clone()), Path::new("/releases"), Secret32::new([9; 32]))
}

fn record(number: u16) -> Record {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&number.to_be_bytes());
    let (id, phone) = (ClueId::new(NOW, random).to_string(), format!("+614123{number:05}"));
    let cells = [
        (Field::Id, id.as_str()),
        (Field::Kind, "phone"),
        (Field::Value, phone.as_str()),
        (Field::Typology, "livestream"),
        (Field::FirstSeen, "2026-12-01"),
        (Field::Source, "hotline-north"),
        (Field::SourceKind, "hotline"),
        (Field::Grade, "B2"),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::Expires, "2027-12-01"),
    ];
    let draft =
        cells.into_iter().fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).expect("short"));
    let clue = Clue::from_draft(&draft, &Rules::default(), NOW).expect("a good row");
    Record::of(clue, Day::of(NOW), NetworkId([4; 16]), &RecordKey::new(Secret32::new([5; 32]))).expect("it is kept")
}

fn records(count: u16) -> Vec<Record> {
    (0..count).map(record).collect()
}

fn write_records(releases: &Releases, content: ContentId, records: &[Record]) -> Result<(), StoreError> {
    let mut writer = releases.records_writer(content)?;
    records.iter().try_for_each(|record| writer.push(record))?;
    writer.finish()
}

fn read_records(releases: &Releases, content: ContentId) -> Result<Vec<Record>, StoreError> {
    releases.records(content)?.collect()
}

/// Entries whose items and labels follow from their numbers.
fn entries(numbers: std::ops::Range<u32>, class: LabelClass) -> Entries {
    let item = |number: u32| {
        let mut item = [0; 32];
        item[..4].copy_from_slice(&number.to_be_bytes());
        Item(item)
    };
    let labels = numbers.clone().flat_map(|number| label(number, class)).collect();
    Entries::new(class, numbers.map(item).collect(), labels).expect("they ascend")
}

fn label(number: u32, class: LabelClass) -> Vec<u8> {
    let mut dice = Dice(number.into());
    (0..class.len()).map(|_| dice.roll() as u8).collect()
}

/// Everything of a content's entries, read once in order: numbers of items and labels.
fn read_entries(releases: &Releases, content: ContentId) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
    let mut all = Vec::new();
    releases.entries(content)?.visit(|item, label| {
        all.push((u32::from_be_bytes(field(&item.0, 0)), label.to_vec()));
        Ok(())
    })?;
    Ok(all)
}

#[test]
fn records_are_read_back_in_order_across_the_edges_of_chunks() {
    for count in [0, 1, 3000] {
        let disk = FaultDisk::default();
        let (releases, records) = (releases(&disk), records(count));
        write_records(&releases, CONTENT, &records).expect("nothing fails");
        assert!(read_records(&releases, CONTENT).expect("it is whole") == records, "{count} records");
        assert_eq!(disk.lens().len(), 1, "nothing but the file is left");
    }
}

#[test]
fn entries_are_read_back_and_each_label_is_found_by_its_row() {
    for class in LabelClass::ALL {
        for count in [0, 1, CHUNK_ROWS as u32 - 1, CHUNK_ROWS as u32, 2 * CHUNK_ROWS as u32 + 1] {
            let releases = releases(&FaultDisk::default());
            // In two pieces, as a build in bounded memory brings them.
            let mut writer = releases.entries_writer(CONTENT, class).expect("nothing fails");
            for piece in [0..count / 3, count / 3..count] {
                writer.push(&entries(piece, class)).expect("they ascend");
            }
            assert_eq!(writer.finish().expect("nothing fails"), u64::from(count));
            let expected: Vec<_> = (0..count).map(|number| (number, label(number, class))).collect();
            assert!(read_entries(&releases, CONTENT).expect("it is whole") == expected, "{class:?} {count}");

            let reader = releases.entries(CONTENT).expect("it is whole");
            assert_eq!((reader.class(), reader.len(), reader.is_empty()), (class, u64::from(count), count == 0));
            let mut some = Vec::new();
            let rows = (0..u64::from(count) + 5).filter(|row| row % 7 == 0);
            let visited = reader.labels_at(rows, |row, label| {
                some.push((row as u32, label.to_vec()));
                Ok(())
            });
            visited.expect("it is whole");
            let expected: Vec<_> = expected.into_iter().filter(|(row, _)| row % 7 == 0).collect();
            assert!(some == expected, "{class:?} {count}");
        }
    }
}

#[test]
fn entries_that_do_not_ascend_or_have_another_class_are_refused() {
    let releases = releases(&FaultDisk::default());
    let mut writer = releases.entries_writer(CONTENT, LabelClass::B64).expect("nothing fails");
    writer.push(&entries(5..8, LabelClass::B64)).expect("they ascend");
    for bad in [entries(7..9, LabelClass::B64), entries(0..2, LabelClass::B64), entries(9..10, LabelClass::B32)] {
        assert!(matches!(writer.push(&bad), Err(StoreError::BadEntries)));
    }
    writer.push(&entries(8..9, LabelClass::B64)).expect("what was refused left nothing");
    assert_eq!(writer.finish().expect("nothing fails"), 4);
}

/// A disk with two contents of several chunks each.
fn two_contents() -> FaultDisk {
    let disk = FaultDisk::default();
    let releases = releases(&disk);
    for content in [CONTENT, OTHER] {
        write_records(&releases, content, &records(1500)).expect("nothing fails");
        releases.write_entries(content, &entries(0..2500, LabelClass::B32)).expect("nothing fails");
    }
    disk
}

/// Reads a content whole, both files and by row.
fn read(disk: &FaultDisk) -> Result<(), StoreError> {
    let releases = try_releases(disk)?;
    read_records(&releases, CONTENT)?;
    read_entries(&releases, CONTENT)?;
    let reader = releases.entries(CONTENT)?;
    reader.labels_at((0..reader.len()).step_by(100), |_, _| Ok(()))
}

#[test]
fn a_file_cut_anywhere_a_changed_byte_and_bytes_behind_the_end_are_named() {
    let disk = two_contents();
    read(&disk).expect("it is whole");
    for (part, chunk) in [(RECORDS, 64 * 1024), (ENTRIES, 1024 * 64)] {
        let path = releases(&disk).path(CONTENT, part);
        let len = disk.lens().into_iter().find(|(file, _)| *file == path).expect("it is there").1;
        let check = |what: String, change: &dyn Fn(&mut Vec<u8>)| {
            let disk = disk.fork();
            disk.damage(&path, change);
            let error = read(&disk).expect_err(&what);
            let named = matches!(&error, StoreError::Damaged(damage) if damage.file == path);
            assert!(named || matches!(error, StoreError::Version { .. }), "{part} {what}: {error}");
        };
        let edges: Vec<usize> = (0..).map(|n| 40 + n * (chunk + 16)).take_while(|edge| *edge < len).collect();
        assert!(edges.len() >= 3, "{part} has several chunks");
        let around = edges
            .iter()
            .flat_map(|edge| [edge - 17, edge - 16, edge - 1, *edge, edge + 1, edge + 16])
            .chain((0..41).step_by(3));
        for at in around.chain((0..len).step_by(len / 10)).filter(|at| *at < len) {
            check(format!("cut at {at}"), &|bytes| bytes.truncate(at));
            check(format!("byte {at}"), &|bytes| bytes[at] ^= 1 << (at % 8));
        }
        for more in [1, 16, 17, chunk + 16] {
            check(format!("{more} bytes more"), &|bytes| bytes.resize(len + more, 7));
        }
        check("two chunks swapped".into(), &|bytes| {
            let (first, second) = bytes[edges[0]..edges[2]].split_at_mut(chunk + 16);
            first.swap_with_slice(second);
        });
        check("a chunk removed".into(), &|bytes| drop(bytes.drain(edges[0]..edges[1])));
    }
}

#[test]
fn another_contents_chunk_or_file_in_its_place_is_named() {
    let disk = two_contents();
    for part in [RECORDS, ENTRIES] {
        let (own, other) = (releases(&disk).path(CONTENT, part), releases(&disk).path(OTHER, part));
        let mut bytes = Vec::new();
        disk.damage(&other, |other| bytes.clone_from(other));
        for range in [0..bytes.len(), 40..bytes.len(), 40..40 + 64 * 1024 + 16, 24..40] {
            let disk = disk.fork();
            disk.damage(&own, |own| own[range.clone()].copy_from_slice(&bytes[range.clone()]));
            assert!(matches!(read(&disk), Err(StoreError::Damaged(_))), "{part} {range:?}");
        }
        let (records, entries) = (releases(&disk).path(CONTENT, RECORDS), releases(&disk).path(CONTENT, ENTRIES));
        let disk = disk.fork();
        disk.rename(&entries, &records).expect("it is there");
        assert!(matches!(read_records(&releases(&disk), CONTENT), Err(StoreError::Damaged(_))));
    }
}

#[test]
fn nothing_is_in_the_clear_and_another_key_does_not_open_it() {
    let disk = FaultDisk::default();
    let releases = releases(&disk);
    write_records(&releases, CONTENT, &records(3)).expect("nothing fails");
    releases.write_entries(CONTENT, &entries(7..9, LabelClass::B64)).expect("nothing fails");
    for part in [RECORDS, ENTRIES] {
        disk.damage(&releases.path(CONTENT, part), |bytes| {
            let clear = [&b"+614123"[..], &b"hotline"[..], &label(7, LabelClass::B64)[..8]];
            assert!(clear.iter().all(|clear| !bytes.windows(clear.len()).any(|window| window == *clear)), "{part}");
        });
    }
    let other = Releases::open(Arc::new(disk), Path::new("/releases"), Secret32::new([8; 32])).expect("a directory");
    assert!(matches!(other.records(CONTENT), Err(StoreError::Damaged(_))));
    assert!(matches!(other.entries(CONTENT), Err(StoreError::Damaged(_))));
}

#[test]
fn a_content_is_written_once_and_what_no_record_names_is_removed() {
    let disk = two_contents();
    let releases = releases(&disk);
    assert!(matches!(releases.records_writer(CONTENT), Err(StoreError::ContentExists { .. })));
    assert!(matches!(releases.entries_writer(CONTENT, LabelClass::B64), Err(StoreError::ContentExists { .. })));
    assert!(matches!(releases.records(ContentId([3; 8])), Err(StoreError::ContentMissing { .. })));
    drop(releases.records_writer(ContentId([3; 8])).expect("nothing fails"));
    assert_eq!(disk.lens().len(), 4, "a writer that is dropped leaves nothing");
    assert_eq!(releases.remove_unlisted(&[OTHER]).expect("nothing fails"), [CONTENT]);
    assert_eq!(disk.lens().len(), 2);
    releases.remove(CONTENT).expect("it is gone already");
    read_records(&releases, OTHER).expect("it is untouched");
}

#[test]
fn a_writer_that_a_fault_or_a_crash_cuts_short_leaves_a_whole_file_or_nothing() {
    let new = records(300);
    let write = |releases: &Releases| {
        write_records(releases, CONTENT, &new)?;
        releases.write_entries(CONTENT, &entries(0..1500, LabelClass::B32))
    };
    for fault in [Fault::Error, Fault::Full, Fault::PowerLoss] {
        let mut failed = 0;
        for at in 1.. {
            let disk = FaultDisk::default();
            let releases = releases(&disk);
            disk.arm(at, fault);
            let written = write(&releases);
            if !disk.met() {
                break;
            }
            if fault == Fault::PowerLoss {
                disk.restart(Unsynced::Torn(at));
            }
            disk.free();
            let after = try_releases(&disk).expect("nothing fails any more");
            assert!(disk.lens().iter().all(|(path, _)| !path.to_string_lossy().ends_with(DRAFT)), "operation {at}");
            let whole = |read: Result<(), StoreError>| match read {
                Ok(()) => true,
                Err(StoreError::ContentMissing { .. }) => false,
                Err(error) => panic!("operation {at}: {error}"),
            };
            let records = whole(read_records(&after, CONTENT).map(|records| assert!(records == new)));
            let entries = whole(read_entries(&after, CONTENT).map(|entries| assert_eq!(entries.len(), 1500)));
            assert!(written.is_err() || (records && entries), "operation {at}: what was acknowledged is there");
            failed += usize::from(written.is_err());
            after.remove_unlisted(&[]).expect("nothing fails any more");
            assert!(disk.lens().is_empty(), "operation {at}");
            write(&after).expect("nothing fails any more");
        }
        assert!(failed >= 8, "only {failed} failures by {fault:?}");
    }
}
