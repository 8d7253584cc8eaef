//! The store as its callers see it, on a real disk.

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use common::*;
use cwg_engine::record::ContentId;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::LabelClass;
use cwg_protocol::lighthouse::standing::Entries;
use cwg_store::{Blame, PassphraseCost, Store, StoreError, Unlock, UnlockMethod, create_key_file};

const CHEAP: PassphraseCost = PassphraseCost { memory_kib: 64, passes: 1 };

#[test]
fn what_was_appended_is_replayed_after_a_start() {
    let place = Place::new();
    let mut store = place.create();
    assert_eq!(store.head().seq, 0);
    assert_eq!(store.append(&[record(1), record(2)]).unwrap().seq, 2);
    let head = store.append(&[record(3)]).unwrap();
    for start in 0..3 {
        let numbered: Vec<_> = store.replay(2).map(Result::unwrap).collect();
        assert_eq!(numbered, [(2, record(2)), (3, record(3))], "start {start}");
        assert_eq!(store.head(), head);
        assert_eq!(store.verify().unwrap().records, 3);
        drop(store);
        store = place.open().unwrap();
        assert_eq!(store.recovery(), Default::default());
    }
}

#[test]
fn look_ups_find_the_last_record_of_a_key() {
    let place = Place::new();
    let mut store = place.create();
    for name in 0..300 {
        store.append(&[record(name)]).unwrap();
    }
    let mut again = record(5);
    again.push(1);
    store.append(&[again.clone()]).unwrap();
    for start in 0..2 {
        let index = store.index();
        assert_eq!(index.get(BY_NAME, &5u64.to_be_bytes()).unwrap(), Some(again.clone()), "start {start}");
        assert_eq!(index.get(BY_NAME, &299u64.to_be_bytes()).unwrap(), Some(record(299)));
        assert_eq!(index.get(BY_NAME, b"nobody!!").unwrap(), None);
        assert_eq!(index.get(BY_LENGTH, &5u64.to_be_bytes()).unwrap(), None, "trees do not mix");
        let page = index.scan(BY_NAME, &[0; 7], Some(&253u64.to_be_bytes()), 10).unwrap();
        let names: Vec<u64> = page.iter().map(|entry| u64::from_be_bytes(entry.key[..].try_into().unwrap())).collect();
        assert_eq!(names, [254, 255], "the prefix ends the page");
        let page = index.scan(BY_NAME, &[], Some(&253u64.to_be_bytes()), 4).unwrap();
        assert_eq!(page.len(), 4);
        assert_eq!(page[3].payload, record(257));
        drop(store);
        store = place.open().unwrap();
    }
}

#[test]
fn the_content_of_a_release_is_there_after_a_start_and_another_store_does_not_open_it() {
    let place = Place::new();
    let content = ContentId([7; 8]);
    let entries = Entries::new(LabelClass::B32, vec![Item([1; 32]), Item([2; 32])], vec![9; 64]).unwrap();
    place.create().releases().write_entries(content, &entries).unwrap();
    assert_eq!(place.open().unwrap().releases().entries(content).unwrap().len(), 2);

    let other = Place::new();
    let other_store = other.create();
    let name = "releases/0707070707070707.entries";
    std::fs::copy(place.dir().join(name), other.dir().join(name)).unwrap();
    assert!(matches!(other_store.releases().entries(content), Err(StoreError::Damaged(_))));
}

#[test]
fn an_index_rebuilt_is_the_index_that_was() {
    let place = Place::new();
    let mut store = place.create();
    for name in 0..500 {
        store.append(&[record(name), record(name / 3)]).unwrap();
    }
    let digest = store.index().digest().unwrap();
    store.rebuild_index().unwrap();
    assert_eq!(store.index().digest().unwrap(), digest);
    drop(store);
    std::fs::remove_dir_all(place.dir().join("index")).unwrap();
    assert_eq!(place.open().unwrap().index().digest().unwrap(), digest);
}

#[test]
fn an_index_behind_or_ahead_of_the_journal_ends_at_its_head() {
    let place = Place::new();
    let mut store = place.create();
    store.append(&[record(1)]).unwrap();
    drop(store);
    let (old_index, old_journal) = (place.root.path().join("i"), place.root.path().join("j"));
    copy_dir(&place.dir().join("index"), &old_index);
    copy_dir(&place.dir().join("journal"), &old_journal);
    let mut store = place.open().unwrap();
    store.append(&[record(2)]).unwrap();
    let digest = store.index().digest().unwrap();
    drop(store);
    let new_index = place.root.path().join("n");
    copy_dir(&place.dir().join("index"), &new_index);
    for (index, journal, has_second) in [(&old_index, None, true), (&new_index, Some(&old_journal), false)] {
        std::fs::remove_dir_all(place.dir().join("index")).unwrap();
        copy_dir(index, &place.dir().join("index"));
        if let Some(journal) = journal {
            std::fs::remove_dir_all(place.dir().join("journal")).unwrap();
            copy_dir(journal, &place.dir().join("journal"));
        }
        let store = place.open().unwrap();
        assert_eq!(store.index().digest().unwrap() == digest, has_second);
        assert_eq!(store.index().get(BY_NAME, &2u64.to_be_bytes()).unwrap().is_some(), has_second);
    }
}

#[test]
fn a_second_opener_is_refused_at_once_with_the_number_of_the_first() {
    let place = Place::new();
    let store = place.create();
    let start = Instant::now();
    let refused = place.open().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(matches!(refused, StoreError::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
    assert!(refused.problem().contains(&std::process::id().to_string()));
    drop(store);
    place.open().unwrap();
}

#[test]
fn only_the_right_passphrase_opens() {
    let place = Place::new();
    let dir = place.dir();
    drop(Store::create(&dir, Unlock::Passphrase(b"correct horse"), CHEAP, keys_of()).unwrap());
    let wrong = Store::open(&dir, Unlock::Passphrase(b"incorrect horse"), keys_of()).unwrap_err();
    assert!(matches!(wrong, StoreError::WrongKey { method: UnlockMethod::Passphrase }), "{wrong}");
    assert_eq!(wrong.blame(), Blame::Operator);
    let wrong = place.open().unwrap_err();
    assert!(matches!(wrong, StoreError::WrongMethod { needs: UnlockMethod::Passphrase }), "{wrong}");
    let mut store = Store::open(&dir, Unlock::Passphrase(b"correct horse"), keys_of()).unwrap();
    store.append(&[record(1)]).unwrap();
    store.rewrap(Unlock::KeyFile(&place.key()), CHEAP).unwrap();
    drop(store);
    assert!(Store::open(&dir, Unlock::Passphrase(b"correct horse"), keys_of()).is_err());
    assert_eq!(replayed(&place.open().unwrap()), [record(1)]);
}

#[test]
fn a_key_file_is_ours_alone_and_holds_a_key() {
    let place = Place::new();
    drop(place.create());
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.key()), 0o600);
    assert_eq!(mode(&place.dir()), 0o700);
    for file in files_below(&place.dir()).iter().filter(|file| !file.starts_with(place.dir().join("index"))) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    let other = place.root.path().join("other");
    create_key_file(&other).unwrap();
    assert!(create_key_file(&other).is_err(), "a key is never overwritten");
    let wrong = open_at(&place.dir(), &other).unwrap_err();
    assert!(matches!(wrong, StoreError::WrongKey { method: UnlockMethod::KeyFile }), "{wrong}");
    // Raw bytes are the same key as their hexadecimal digits.
    let digits = std::fs::read_to_string(place.key()).unwrap();
    let raw: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect();
    for (content, fits) in [(&raw[..], true), (&raw[..31], false), (&[b'x'; 64], false), (&[b'0'; 99], false)] {
        std::fs::write(&other, content).unwrap();
        let opened = open_at(&place.dir(), &other);
        assert_eq!(opened.is_ok(), fits);
        assert!(fits || matches!(opened.unwrap_err(), StoreError::KeyFileMalformed { .. }));
    }
    std::fs::set_permissions(place.key(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = place.open().unwrap_err();
    assert!(matches!(exposed, StoreError::KeyFileExposed { mode: 0o644, .. }), "{exposed}");
    assert!(exposed.hint().contains("chmod 600"));
}

#[test]
fn a_directory_with_a_store_or_its_remains_is_not_written_over() {
    let place = Place::new();
    assert!(matches!(place.open(), Err(StoreError::NotAStore { .. })));
    assert!(!place.dir().exists(), "looking for a store leaves nothing behind");
    place.create().append(&[record(1)]).unwrap();
    let create = || Store::create(&place.dir(), Unlock::KeyFile(&place.key()), PassphraseCost::default(), keys_of());
    assert!(matches!(create(), Err(StoreError::AlreadyThere { what: "a store", .. })));
    std::fs::remove_file(place.dir().join("keyslot")).unwrap();
    assert!(matches!(create(), Err(StoreError::AlreadyThere { what: "a journal without its keyslot", .. })));
}

#[test]
fn set_files_serve_other_threads_while_the_journal_goes_on() {
    fn check<T: Send + Sync + Clone + 'static>(_: &T) {}
    let place = Place::new();
    let mut store = place.create();
    check(store.sets());
    let sets = store.sets().clone();
    let load = std::thread::spawn(move || sets.writer(cwg_protocol::LoadId([1; 8])).unwrap().finish().unwrap());
    store.append(&[record(1)]).unwrap();
    assert_eq!(load.join().unwrap().items, 0);
}

#[test]
fn a_creation_cut_short_can_be_repeated() {
    let place = Place::new();
    drop(place.create());
    std::fs::remove_file(place.dir().join("keyslot")).unwrap();
    place.create().append(&[record(1)]).unwrap();
    assert_eq!(replayed(&place.open().unwrap()), [record(1)]);
}

#[test]
fn what_the_store_does_not_take_changes_nothing() {
    let place = Place::new();
    let mut store = place.create();
    let head = store.append(&[record(1)]).unwrap();
    let long = vec![0; cwg_store::RECORD_LEN_MAX + 1];
    assert!(matches!(store.append(&[record(2), long]), Err(StoreError::RecordTooLong { .. })));
    assert!(matches!(store.append(&[]), Err(StoreError::BadCommit { .. })));
    let largest = vec![1; cwg_store::RECORD_LEN_MAX];
    assert!(matches!(store.append(&vec![largest.clone(); 5]), Err(StoreError::BadCommit { .. })));
    assert_eq!(store.head(), head);
    store.append(&[Vec::new(), largest.clone()]).unwrap();
    drop(store);
    assert_eq!(replayed(&place.open().unwrap()), [record(1), Vec::new(), largest]);
}

#[test]
fn nothing_written_shows_what_is_in_it() {
    let place = Place::new();
    let mut store = place.create();
    store.append(&[b"marker-of-a-payload".to_vec()]).unwrap();
    drop(store);
    for file in files_below(&place.dir()) {
        let bytes = std::fs::read(&file).unwrap();
        for marker in [&b"of-a-payload"[..], b"by-name"] {
            assert!(!bytes.windows(marker.len()).any(|window| window == marker), "{}", file.display());
        }
    }
}
