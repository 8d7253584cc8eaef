//! The index over the journal, in sled 0.34.7: the only file of the project that names sled (`docs/spec/store.md` §4).
//!
//! It maps a key to the place of the last record that carries it, and nothing more. sled may panic on damaged files and
//! may lose what it flushed, so its files are opened only if a keyed digest over them, written at a clean end, still
//! holds. Otherwise they are removed and rebuilt from the journal: an index costs time to lose, never truth.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::{Digest, Domain, Hasher, Secret32, derive};

use crate::StoreError;
use crate::field;
use crate::journal::{FileJournal, Frame, Head, Position};

/// One kind of key. Two trees never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree(pub &'static str);

/// The keys under which a record is found, as a function of its payload alone. Keys stand in the index in the clear:
/// they are random names or digests under a key, never an identifier or an item.
pub type KeysOf = Arc<dyn Fn(&[u8]) -> Vec<(Tree, Vec<u8>)> + Send + Sync>;

/// What a scan finds.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The last record that carries it.
    pub payload: Vec<u8>,
}

/// A payload is not printed.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(..)")
    }
}

/// Look-ups in the index, answered from the journal.
#[derive(Clone, Copy)]
pub struct Index<'a> {
    pub(crate) files: &'a IndexFiles,
    pub(crate) journal: &'a FileJournal,
}

impl Index<'_> {
    /// The last record that carries a key.
    ///
    /// # Errors
    /// If the index failed or the record is damaged.
    pub fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.files.db()?.get(self.files.full_key(tree, key)).map_err(failed)?;
        found.map(|value| self.record(tree, key, &value)).transpose()
    }

    /// Keys of a tree that start with `prefix`, in order, after the key `after` if one is given, at most `limit` of
    /// them, each with the last record that carries it.
    ///
    /// # Errors
    /// If the index failed or a record is damaged.
    pub fn scan(
        &self,
        tree: Tree,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        use std::ops::Bound;
        let prefix = self.files.full_key(tree, prefix);
        let start = match after.map(|after| self.files.full_key(tree, after)) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix.clone()),
        };
        let mut records = Vec::new();
        for entry in self.files.db()?.range((start, Bound::<Vec<u8>>::Unbounded)).take(limit) {
            let (full_key, value) = entry.map_err(failed)?;
            if !full_key.starts_with(&prefix) {
                break;
            }
            let key = full_key[TAG_LEN..].to_vec();
            let record = self.record(tree, &key, &value)?;
            records.push(Entry { key, payload: record });
        }
        Ok(records)
    }

    /// A digest over every entry: the same for every index over the same journal, however it came to be.
    ///
    /// # Errors
    /// If the index failed.
    pub fn digest(&self) -> Result<Digest, StoreError> {
        let mut hasher = Hasher::new(Domain::IndexKey);
        for entry in self.files.db()?.iter() {
            let (key, value) = entry.map_err(failed)?;
            hasher.part(&key);
            hasher.part(&value);
        }
        Ok(hasher.finish())
    }

    /// The record at an entry's place. The journal authenticates it, and it must carry the key itself.
    fn record(&self, tree: Tree, key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let wrong = || StoreError::IndexFailed { cause: "an entry leads to a record without its key".to_owned() };
        let position = decode_position(value).ok_or_else(wrong)?;
        let payload = self.journal.read(&position)?;
        let carries = (self.files.keys_of)(&payload).iter().any(|(t, k)| *t == tree && k == key);
        if carries { Ok(payload) } else { Err(wrong()) }
    }
}

/// sled's database and what is kept beside it.
pub(crate) struct IndexFiles {
    dir: PathBuf,
    key: Secret32,
    keys_of: KeysOf,
    /// None after a failure.
    db: Option<sled::Db>,
}

/// How the index came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Its files were as the last clean end left them.
    Kept,
    /// It was built from the journal.
    Rebuilt,
}

impl IndexFiles {
    /// Opens the index, brings it to the journal's head, and rebuilds it if there is any doubt.
    pub(crate) fn open(
        dir: &Path,
        key: Secret32,
        keys_of: KeysOf,
        journal: &FileJournal,
    ) -> Result<(Self, Start), StoreError> {
        let mut files = Self { dir: dir.to_owned(), key, keys_of, db: None };
        if files.take_mark()?
            && let Some(db) = files.open_sled()
        {
            files.db = Some(db);
            if files.catch_up(journal)? {
                return Ok((files, Start::Kept));
            }
        }
        tracing::info!("the index is rebuilt from the journal");
        match files.rebuild(journal) {
            Ok(()) => {}
            // A full disk must not keep the journal from being read. Each look-up names the failure until a rebuild.
            Err(error @ (StoreError::IndexFailed { .. } | StoreError::DiskFull { .. })) => {
                tracing::error!(problem = %error, "the store starts without its index");
                files.db = None;
            }
            Err(error) => return Err(error),
        }
        Ok((files, Start::Rebuilt))
    }

    /// Drops the index and builds it again.
    pub(crate) fn rebuild(&mut self, journal: &FileJournal) -> Result<(), StoreError> {
        self.db = None;
        let sled_dir = self.sled_dir();
        remove_if_there(fs::remove_file(self.mark_path()), &self.mark_path())?;
        remove_if_there(fs::remove_dir_all(&sled_dir), &sled_dir)?;
        self.db = Some(sled_config(&sled_dir).open().map_err(failed)?);
        self.apply(journal.replay(1))
    }

    /// Refuses records whose keys the index does not take, before they are in the journal.
    pub(crate) fn check_keys(&self, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        let keys = payloads.iter().flat_map(|payload| (self.keys_of)(payload));
        match keys.map(|(_, key)| key.len()).find(|len| *len > INDEX_KEY_LEN_MAX) {
            Some(len) => Err(StoreError::KeyTooLong { len, max: INDEX_KEY_LEN_MAX }),
            None => Ok(()),
        }
    }

    /// Enters the records of one commit.
    pub(crate) fn enter(
        &mut self,
        payloads: &[Vec<u8>],
        positions: &[Position],
        head: &Head,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (payload, position) in payloads.iter().zip(positions) {
            self.add(&mut batch, payload, position)?;
        }
        self.write(&mut batch, head)
    }

    /// Flushes, closes, and leaves the mark that lets the next start keep the files.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        let Some(db) = self.db.take() else {
            return Ok(());
        };
        db.flush().map_err(failed)?;
        drop(db);
        self.remove_drafts()?;
        let path = self.mark_path();
        fs::write(&path, self.mark()?.expose()).map_err(|error| StoreError::io("write", &path, error))
    }

    fn db(&self) -> Result<&sled::Db, StoreError> {
        let cause = || StoreError::IndexFailed { cause: "it failed before".to_owned() };
        self.db.as_ref().ok_or_else(cause)
    }

    /// Whether the index could be brought to the journal's head from where it stands.
    fn catch_up(&mut self, journal: &FileJournal) -> Result<bool, StoreError> {
        let Ok(Some(value)) = self.db()?.get(APPLIED) else {
            return Ok(false);
        };
        let Some(applied) = decode_head(&value) else {
            return Ok(false);
        };
        if applied == journal.head() {
            return Ok(true);
        }
        let mut frames = journal.replay(applied.seq);
        // The record applied last must be the journal's: an index ahead of it, or of another journal, is dropped.
        match frames.next() {
            Some(frame) if frame.as_ref().is_ok_and(|frame| frame.after == applied) => {}
            Some(Err(error)) => return Err(error),
            _ => return Ok(false),
        }
        self.apply(frames).map(|()| true)
    }

    fn apply(&mut self, frames: impl Iterator<Item = Result<Frame, StoreError>>) -> Result<(), StoreError> {
        let (mut batch, mut last) = (Batch::default(), None);
        for frame in frames {
            let frame = frame?;
            self.add(&mut batch, &frame.payload, &frame.position)?;
            last = Some(frame.after);
            if batch.len >= BATCH_LEN_MAX / 2 {
                self.write(&mut batch, &frame.after)?;
            }
        }
        match last {
            Some(head) => self.write(&mut batch, &head),
            None => Ok(()),
        }
    }

    fn add(&mut self, batch: &mut Batch, payload: &[u8], position: &Position) -> Result<(), StoreError> {
        for (tree, key) in (self.keys_of)(payload) {
            batch.entries.insert(self.full_key(tree, &key), encode_position(position));
            batch.len += 1;
            if batch.len >= BATCH_LEN_MAX {
                self.flush_batch(batch)?;
            }
        }
        Ok(())
    }

    /// Writes what is batched, and how far the index now is.
    fn write(&mut self, batch: &mut Batch, head: &Head) -> Result<(), StoreError> {
        batch.entries.insert(APPLIED, encode_head(head));
        self.flush_batch(batch)
    }

    fn flush_batch(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let batch = std::mem::take(batch);
        let written = self.db()?.apply_batch(batch.entries);
        written.map_err(|error| {
            self.db = None;
            failed(error)
        })
    }

    fn open_sled(&self) -> Option<sled::Db> {
        match sled_config(&self.sled_dir()).open() {
            Ok(db) => Some(db),
            Err(error) => {
                tracing::warn!(%error, "sled refuses the index");
                None
            }
        }
    }

    /// Takes the mark away; whether it held.
    fn take_mark(&self) -> Result<bool, StoreError> {
        let path = self.mark_path();
        let mark = match fs::read(&path) {
            Ok(mark) => mark,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("read", &path, error)),
        };
        fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
        self.remove_drafts()?;
        Ok(mark == self.mark()?.expose())
    }

    /// A keyed digest over names and contents of sled's files.
    fn mark(&self) -> Result<Secret32, StoreError> {
        let root = self.sled_dir();
        let mut files = Vec::new();
        list_files(&root, &mut files)?;
        files.sort();
        let mut hasher = Hasher::new(Domain::IndexKey);
        let mut buf = vec![0; 256 * 1024];
        for path in &files {
            let io = |error| StoreError::io("read", path, error);
            let name = path.strip_prefix(&root).expect("listed below the root");
            let mut file = fs::File::open(path).map_err(io)?;
            hasher.part(name.as_os_str().as_encoded_bytes());
            hasher.part(&file.metadata().map_err(io)?.len().to_le_bytes());
            loop {
                let read = file.read(&mut buf).map_err(io)?;
                if read == 0 {
                    break;
                }
                hasher.part(&buf[..read]);
            }
        }
        Ok(derive(Domain::IndexKey, &self.key, &[b"mark", hasher.finish().as_bytes()]))
    }

    /// sled takes a snapshot that it was writing when it was killed for a whole one, and then does not open.
    fn remove_drafts(&self) -> Result<(), StoreError> {
        let mut files = Vec::new();
        list_files(&self.sled_dir(), &mut files)?;
        for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "generating")) {
            tracing::warn!("removed an unfinished snapshot of the index");
            fs::remove_file(path).map_err(|error| StoreError::io("remove", path, error))?;
        }
        Ok(())
    }

    /// The names of trees do not stand on the disk.
    fn full_key(&self, tree: Tree, key: &[u8]) -> Vec<u8> {
        let tag = derive(Domain::IndexKey, &self.key, &[b"tree", tree.0.as_bytes()]);
        [&tag.expose()[..TAG_LEN], key].concat()
    }

    fn sled_dir(&self) -> PathBuf {
        self.dir.join("sled")
    }

    fn mark_path(&self) -> PathBuf {
        self.dir.join("clean")
    }
}

impl std::fmt::Debug for IndexFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexFiles({})", self.dir.display())
    }
}

#[derive(Default)]
struct Batch {
    entries: sled::Batch,
    len: usize,
}

/// Small cache, small batches, no compression: sled's memory grows without end otherwise (`docs/spec/store.md` §4).
fn sled_config(dir: &Path) -> sled::Config {
    sled::Config::new()
        .path(dir)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(500))
        .use_compression(false)
        .mode(sled::Mode::LowSpace)
}

fn list_files(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("list", dir, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::io("list", dir, error))?;
        if entry.file_type().map_err(|error| StoreError::io("list", dir, error))?.is_dir() {
            list_files(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn remove_if_there(removed: io::Result<()>, path: &Path) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path, error)),
        _ => Ok(()),
    }
}

fn failed(error: sled::Error) -> StoreError {
    StoreError::IndexFailed { cause: error.to_string() }
}

fn encode_position(position: &Position) -> Vec<u8> {
    [position.segment, position.offset, position.seq].iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn decode_position(value: &[u8]) -> Option<Position> {
    let number = |at| u64::from_le_bytes(field(value, at));
    (value.len() == 24).then(|| Position { segment: number(0), offset: number(8), seq: number(16) })
}

fn encode_head(head: &Head) -> Vec<u8> {
    [&head.seq.to_le_bytes()[..], head.hash.as_bytes()].concat()
}

fn decode_head(value: &[u8]) -> Option<Head> {
    (value.len() == 40)
        .then(|| Head { seq: u64::from_le_bytes(field(value, 0)), hash: Digest::from_bytes(field(value, 8)) })
}

/// Longest key of the index in bytes.
pub const INDEX_KEY_LEN_MAX: usize = 256;
const TAG_LEN: usize = 16;
/// Shorter than a tag, so no key of a tree meets it.
const APPLIED: &[u8] = b"applied";
/// Larger batches make sled's memory grow once its data outgrow the cache.
const BATCH_LEN_MAX: usize = 96;
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::OsDisk;
    use crate::keyslot::{StoreId, StoreKey};

    const TREE: Tree = Tree("first-byte");

    fn open(dir: &Path, journal: &FileJournal) -> (IndexFiles, Start) {
        let keys_of: KeysOf = Arc::new(|payload: &[u8]| vec![(TREE, payload[..1].to_vec())]);
        IndexFiles::open(dir, Secret32::new([1; 32]), keys_of, journal).expect("the index opens")
    }

    fn journal(dir: &Path) -> FileJournal {
        std::fs::create_dir(dir).expect("a fresh directory");
        let key = StoreKey { id: StoreId([2; 16]), secret: Secret32::new([3; 32]) };
        FileJournal::create(Arc::new(OsDisk), dir, &key, 1 << 20).expect("nothing fails")
    }

    #[test]
    fn only_files_that_are_as_a_clean_end_left_them_are_kept() {
        let root = tempfile::tempdir().expect("a directory");
        let mut journal = journal(&root.path().join("journal"));
        let dir = root.path().join("index");
        std::fs::create_dir(&dir).expect("a fresh directory");
        let expect = |expected: Start, journal: &FileJournal| {
            let (mut files, start) = open(&dir, journal);
            assert_eq!(start, expected);
            let index = Index { files: &files, journal };
            let found = index.scan(TREE, &[], None, 100).expect("nothing fails").len() as u64;
            assert_eq!(found, journal.head().seq);
            files.close().expect("nothing fails");
        };
        let record = |journal: &FileJournal| vec![vec![journal.head().seq as u8]];
        journal.append(&record(&journal)).expect("nothing fails");
        for _ in 0..5 {
            expect(Start::Rebuilt, &journal);
            expect(Start::Kept, &journal);
            journal.append(&record(&journal)).expect("nothing fails");
            journal.append(&record(&journal)).expect("nothing fails");
            // The tail alone is entered.
            expect(Start::Kept, &journal);
            // No mark, as after a crash. Files that are dropped without an end are written on by threads of this process.
            let (mut files, _) = open(&dir, &journal);
            files.close().expect("nothing fails");
            fs::remove_file(files.mark_path()).expect("an end leaves a mark");
        }
    }

    #[test]
    fn a_disk_that_does_not_take_the_index_does_not_stop_the_start() {
        let root = tempfile::tempdir().expect("a directory");
        let mut journal = journal(&root.path().join("journal"));
        journal.append(&[vec![7]]).expect("nothing fails");
        // Linux takes paths of 4,095 bytes: enough for the mark and for sled's directory, not for what is in it.
        let mut dir = root.path().to_owned();
        while dir.as_os_str().len() < 4_088 {
            let left = 4_088 - dir.as_os_str().len() - 1;
            dir.push("x".repeat(if left > 201 { 200 } else { left }));
        }
        std::fs::create_dir_all(&dir).expect("the path is short enough");
        let (files, _) = open(&dir, &journal);
        let look_up = Index { files: &files, journal: &journal }.get(TREE, &[7]);
        assert!(matches!(look_up, Err(StoreError::IndexFailed { .. })), "and each look-up says so");
        assert_eq!(journal.verify().expect("nothing is damaged").records, 1);
    }

    #[test]
    fn an_index_that_failed_says_so_until_it_is_rebuilt() {
        let root = tempfile::tempdir().expect("a directory");
        let mut journal = journal(&root.path().join("journal"));
        let (mut files, _) = open(&root.path().join("index"), &journal);
        files.db = None;
        let (head, positions) = journal.append(&[vec![7]]).expect("the journal is not concerned");
        assert!(matches!(files.enter(&[vec![7]], &positions, &head), Err(StoreError::IndexFailed { .. })));
        let get = |files: &IndexFiles| Index { files, journal: &journal }.get(TREE, &[7]);
        assert!(matches!(get(&files), Err(StoreError::IndexFailed { .. })));
        files.rebuild(&journal).expect("nothing fails");
        assert_eq!(get(&files).expect("nothing fails"), Some(vec![7]));
    }
}
