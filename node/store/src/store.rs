//! One directory: lock, keyslot, journal, index, set files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::Domain;

use crate::StoreError;
use crate::disk::{Disk, OsDisk};
use crate::index::{Index, IndexFiles, KeysOf, Start};
use crate::journal::{FileJournal, Head, Recovery, SEGMENT_LEN_MAX, Verified, holds_records};
use crate::keyslot::{self, StoreKey, Unlock};
use crate::lock::DirLock;
use crate::releases::Releases;
use crate::seal::PassphraseCost;
use crate::sets::Sets;
use crate::table::Tables;

/// What the daemon and the simulator have in common: a chain of opaque records that is durable when told so.
pub trait Journal {
    /// Appends one commit: all of it durable when this returns, or none of it ever seen.
    ///
    /// # Errors
    /// If nothing was acknowledged. After [`StoreError::DiskFull`] and a refusal of the payloads it may be called
    /// again; after any other error it answers [`StoreError::Stopped`].
    fn append(&mut self, payloads: &[Vec<u8>]) -> Result<Head, StoreError>;

    /// The records from number `from_seq` on (the first is 1), in order, with their numbers, one at a time.
    fn replay(&self, from_seq: u64) -> Replay<'_>;

    /// Where the chain stands.
    fn head(&self) -> Head;
}

/// Records in order. After an error it ends.
pub type Replay<'a> = Box<dyn Iterator<Item = Result<(u64, Vec<u8>), StoreError>> + 'a>;

/// The durable state of one node.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    key: StoreKey,
    journal: FileJournal,
    index: IndexFiles,
    sets: Sets,
    tables: Tables,
    releases: Releases,
    recovery: Recovery,
    // Last: freed after the files are closed.
    _lock: DirLock,
}

impl Store {
    /// Makes a store in a directory that has none, and opens it. `keys_of` names the keys under which the index finds a
    /// record. `cost` matters to a passphrase only.
    ///
    /// # Errors
    /// If there is a store, or what is left of one; if the key file is unfit; if the disk refuses.
    pub fn create(dir: &Path, unlock: Unlock<'_>, cost: PassphraseCost, keys_of: KeysOf) -> Result<Self, StoreError> {
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let io = |op| move |error| StoreError::io(op, dir, error);
        disk.make_dir(dir).map_err(io("create"))?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(io("set the mode of"))?;
        let lock = DirLock::take(dir)?;
        clear_unborn(disk.as_ref(), dir)?;
        let key = StoreKey::draw()?;
        for part in [JOURNAL, INDEX, SETS] {
            disk.make_dir(&dir.join(part)).map_err(io("create a directory in"))?;
        }
        let journal = FileJournal::create(disk.clone(), &dir.join(JOURNAL), &key, SEGMENT_LEN_MAX)?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            disk.sync_dir(parent).map_err(|error| StoreError::io("sync", parent, error))?;
        }
        // The store exists from here on.
        keyslot::write(disk.as_ref(), dir, &key, &unlock, cost)?;
        Self::assemble(dir, disk, lock, key, (journal, Recovery::default()), keys_of)
    }

    /// Opens the store in a directory: reads and checks every record, puts right what a crash left, and brings the
    /// index up to date.
    ///
    /// # Errors
    /// If another process has it, the key does not fit, or anything is damaged.
    pub fn open(dir: &Path, unlock: Unlock<'_>, keys_of: KeysOf) -> Result<Self, StoreError> {
        if !dir.join(keyslot::FILE).exists() {
            return Err(StoreError::NotAStore { dir: dir.to_owned() });
        }
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let lock = DirLock::take(dir)?;
        let key = keyslot::read(disk.as_ref(), dir, &unlock)?;
        let journal = FileJournal::open(disk.clone(), &dir.join(JOURNAL), &key, SEGMENT_LEN_MAX)?;
        Self::assemble(dir, disk, lock, key, journal, keys_of)
    }

    fn assemble(
        dir: &Path,
        disk: Arc<dyn Disk>,
        lock: DirLock,
        key: StoreKey,
        (journal, recovery): (FileJournal, Recovery),
        keys_of: KeysOf,
    ) -> Result<Self, StoreError> {
        let index_dir = dir.join(INDEX);
        disk.make_dir(&index_dir).map_err(|error| StoreError::io("create", &index_dir, error))?;
        let (index, start) = IndexFiles::open(&index_dir, key.sub_key(Domain::IndexKey), keys_of, &journal)?;
        let sets = Sets::open(disk.clone(), &dir.join(SETS), key.sub_key(Domain::SetKey))?;
        let tables = Tables::open(&dir.join(TABLES), key.sub_key(Domain::StandingTable))?;
        let releases = Releases::open(disk.clone(), &dir.join(RELEASES), key.sub_key(Domain::ReleaseFile))?;
        tracing::info!(records = journal.head().seq, index_kept = start == Start::Kept, "store opened");
        Ok(Self { dir: dir.to_owned(), disk, key, journal, index, sets, tables, releases, recovery, _lock: lock })
    }

    /// The tables of the standing comparison.
    pub fn tables(&self) -> Tables {
        self.tables.clone()
    }

    /// The contents of releases.
    pub fn releases(&self) -> Releases {
        self.releases.clone()
    }

    /// Appends one commit; see [`Journal::append`]. The records have the numbers up to and including the head's.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub fn append(&mut self, payloads: &[Vec<u8>]) -> Result<Head, StoreError> {
        self.index.check_keys(payloads)?;
        let (head, positions) = self.journal.append(payloads)?;
        // The commit is durable: a failed index cannot take it back. Look-ups name the failure.
        if let Err(error) = self.index.enter(payloads, &positions, &head) {
            tracing::error!(problem = %error, "the index is behind the journal");
        }
        Ok(head)
    }

    /// The records from number `from_seq` on; see [`Journal::replay`].
    pub fn replay(&self, from_seq: u64) -> Replay<'_> {
        let records = self.journal.replay(from_seq);
        Box::new(records.map(|frame| frame.map(|frame| (frame.after.seq, frame.payload))))
    }

    /// Where the chain stands.
    pub fn head(&self) -> Head {
        self.journal.head()
    }

    /// Where the chain stood after record number `seq`, or `None` if there is no such record.
    ///
    /// # Errors
    /// If that record is damaged.
    pub fn head_at(&self, seq: u64) -> Result<Option<Head>, StoreError> {
        if seq == 0 || seq > self.head().seq {
            return Ok(None);
        }
        self.journal.replay(seq).next().map(|frame| frame.map(|frame| frame.after)).transpose()
    }

    /// Reads every record again and checks it.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        self.journal.verify()
    }

    /// What opening had to put right.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// The first failed write, after which [`Store::append`] refuses.
    pub fn stopped(&self) -> Option<&str> {
        self.journal.stopped()
    }

    /// Look-ups by key.
    pub fn index(&self) -> Index<'_> {
        Index { files: &self.index, journal: &self.journal }
    }

    /// The set files. A clone may be used from another thread.
    pub fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Drops the index and builds it again from the journal.
    ///
    /// # Errors
    /// If the journal is damaged or the disk refuses.
    pub fn rebuild_index(&mut self) -> Result<(), StoreError> {
        self.index.rebuild(&self.journal)
    }

    /// Wraps the store's key anew. The old passphrase or key file then no longer opens this copy of the store, but
    /// still opens older copies of its keyslot, backups among them.
    ///
    /// # Errors
    /// If the key file is unfit or the disk refuses; the old keyslot then still stands.
    pub fn rewrap(&mut self, unlock: Unlock<'_>, cost: PassphraseCost) -> Result<(), StoreError> {
        keyslot::write(self.disk.as_ref(), &self.dir, &self.key, &unlock, cost)
    }

    /// Closes the store, so that the next start can keep the index. Dropping does the same and keeps silent.
    ///
    /// # Errors
    /// If the index cannot be closed; the journal is not concerned.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.index.close()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.index.close() {
            tracing::warn!(problem = %error, "the index will be rebuilt at the next start");
        }
    }
}

impl Journal for Store {
    fn append(&mut self, payloads: &[Vec<u8>]) -> Result<Head, StoreError> {
        Self::append(self, payloads)
    }

    fn replay(&self, from_seq: u64) -> Replay<'_> {
        Self::replay(self, from_seq)
    }

    fn head(&self) -> Head {
        Self::head(self)
    }
}

/// Removes what a creation left that a crash cut short: it has no keyslot and no record.
fn clear_unborn(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let there = |what| StoreError::AlreadyThere { dir: dir.to_owned(), what };
    if dir.join(keyslot::FILE).exists() {
        return Err(there("a store"));
    }
    let journal = dir.join(JOURNAL);
    if !journal.exists() {
        return Ok(());
    }
    if holds_records(disk, &journal)? {
        return Err(there("a journal without its keyslot"));
    }
    for name in disk.list(&journal).map_err(|error| StoreError::io("list", &journal, error))? {
        let path = journal.join(name);
        disk.remove(&path).map_err(|error| StoreError::io("remove", &path, error))?;
    }
    Ok(())
}

const JOURNAL: &str = "journal";
const INDEX: &str = "index";
const SETS: &str = "sets";
const TABLES: &str = "tables";
const RELEASES: &str = "releases";
