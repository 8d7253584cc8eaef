use super::*;
use crate::faults::Dice;

const PERIOD: Period = Period(3);

/// An output and item of this number; tags are uniform, as real ones are.
fn row(number: u64) -> (OwnOutput, Item) {
    let mut bytes = [0; OwnOutput::LEN];
    let mut dice = Dice(number + 1);
    bytes.iter_mut().for_each(|byte| *byte = dice.roll() as u8);
    (OwnOutput::from_bytes(&bytes), Item([number as u8; 32]))
}

fn tables(dir: &Path) -> Tables {
    Tables::open(dir, Secret32::new([1; 32])).expect("a directory")
}

fn add(tables: &Tables, numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mut writer = tables.writer(PERIOD).expect("a file");
    numbers.into_iter().map(row).for_each(|(output, item)| writer.push(&output, &item).expect("nothing fails"));
    writer.finish().expect("nothing fails")
}

fn all(table: &Table) -> Vec<([u8; 32], Item)> {
    let mut rows = Vec::new();
    table
        .visit(|row| {
            rows.push((row.output.expose(), row.item));
            Ok(())
        })
        .expect("nothing fails");
    rows
}

fn expected(numbers: impl IntoIterator<Item = u64>) -> Vec<([u8; 32], Item)> {
    let mut rows: Vec<_> = numbers.into_iter().map(row).map(|(output, item)| (output.expose(), item)).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn a_table_gives_back_its_rows_sorted_and_each_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables = tables(dir.path());
    assert_eq!(add(&tables, []), 0);
    assert_eq!(tables.table(PERIOD).expect("an empty table").rows(), 0);
    assert_eq!(add(&tables, (0..5000).chain(0..10)), 5000);
    assert!(all(&tables.table(PERIOD).expect("it is there")) == expected(0..5000));
}

#[test]
fn what_is_added_later_is_found_and_compacting_makes_one_file_of_all() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables = tables(dir.path());
    add(&tables, 0..100);
    add(&tables, 50..150);
    let table = tables.table(PERIOD).expect("it is there");
    assert_eq!((table.rows(), tables.numbers(PERIOD).expect("a list").len()), (200, 2));
    let table = table.compact().expect("nothing fails");
    assert!(all(&table) == expected(0..150));
    assert_eq!(tables.numbers(PERIOD).expect("a list").len(), 1);
    for _ in 1..FILES_MAX {
        add(&tables, 0..1);
    }
    assert!(matches!(tables.writer(PERIOD), Err(StoreError::TableFull { max: FILES_MAX })));
}

#[test]
fn a_destroyed_table_is_gone_and_another_periods_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables = tables(dir.path());
    add(&tables, 0..100);
    let mut other = tables.writer(Period(4)).expect("a file");
    other.push(&row(1).0, &row(1).1).expect("nothing fails");
    other.finish().expect("nothing fails");
    let path = tables.path(PERIOD, 0);
    let kept = std::fs::File::open(&path).expect("it is there");
    tables.destroy(PERIOD).expect("nothing fails");
    assert!(!path.exists());
    let mut head = [1; 64];
    std::os::unix::fs::FileExt::read_exact_at(&kept, &mut head, 0).expect("the open file is still there");
    assert_eq!(head, [0; 64], "half of the key was overwritten");
    assert_eq!(tables.table(PERIOD).expect("an empty table").rows(), 0);
    assert_eq!(tables.table(Period(4)).expect("it is there").rows(), 1);
}

#[test]
fn nothing_of_a_table_is_in_the_clear_and_another_key_does_not_open_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables = tables(dir.path());
    add(&tables, [7]);
    let bytes = std::fs::read(tables.path(PERIOD, 0)).expect("it is there");
    let (output, item) = row(7);
    for secret in [&output.expose()[..8], &output.expose()[16..24], &item.0[..8]] {
        assert!(!bytes.windows(8).any(|window| window == secret));
    }
    let other = Tables::open(dir.path(), Secret32::new([2; 32])).expect("a directory");
    let error = other.table(PERIOD).expect("the head is not sealed").visit(|_| Ok(())).expect_err("another key");
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

#[test]
fn any_changed_or_missing_byte_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let tables = tables(dir.path());
    add(&tables, 0..3);
    let path = tables.path(PERIOD, 0);
    let whole = std::fs::read(&path).expect("it is there");
    let check = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a disk");
        let error = tables.table(PERIOD).and_then(|table| table.visit(|_| Ok(()))).expect_err("it is damaged");
        assert!(matches!(error, StoreError::Damaged(_) | StoreError::Version { .. }), "{error}");
    };
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        check(&changed);
        check(&whole[..at]);
    }
    check(&[&whole[..], &[0]].concat());
    std::fs::write(&path, &whole).expect("a disk");
    assert!(all(&tables.table(PERIOD).expect("whole again")) == expected(0..3));
}

#[test]
fn at_a_start_drafts_go_and_so_do_tables_of_other_periods() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = tables(dir.path());
    add(&first, 0..10);
    let draft = first.draft(PERIOD, 7);
    std::fs::copy(first.path(PERIOD, 0), &draft).expect("a disk");
    let again = tables(dir.path());
    assert!(!draft.exists(), "what never counted is destroyed");
    assert_eq!(again.table(PERIOD).expect("it is there").rows(), 10);
    again.destroy_unlisted(&[PERIOD]).expect("a disk");
    assert_eq!(again.table(PERIOD).expect("it is there").rows(), 10);
    again.destroy_unlisted(&[Period(4)]).expect("a disk");
    assert_eq!(again.table(PERIOD).expect("an empty table").rows(), 0);
    assert!(!again.path(PERIOD, 0).exists());
}
