//! Set files: the indicators of each load, sorted by item and sealed (`docs/spec/store.md` §5).
//!
//! A set counts only once the journal names it with its digest; that is the caller's record. [`Sets`] is a handle that
//! other threads may clone and use while the journal goes on. Leaves out what a load is and who may use it.

mod chunk;
mod merge;
mod reader;
mod row;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::{Digest, Secret32};
use cwg_engine::io::{IndicatorRow, Selection};
use cwg_protocol::LoadId;
use cwg_protocol::indicator::{IndicatorKind, Roles};

pub use reader::SetReader;
pub use row::fold_rows;
pub use writer::SetWriter;

use crate::StoreError;
use crate::dir::Dir;
use crate::disk::Disk;
use chunk::{Chunks, Rows};
use merge::Merge;

/// The set files of a store. Clones share them.
#[derive(Clone, Debug)]
pub struct Sets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: Dir,
    temporary: Dir,
    key: Secret32,
    arena_len: usize,
}

/// A live set, as the journal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetRef {
    /// The load it came from.
    pub load: LoadId,
    /// The digest in its summary.
    pub digest: Digest,
}

/// What a load came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSummary {
    /// The load.
    pub load: LoadId,
    /// Items, each counted once.
    pub items: u64,
    /// Rows that were pushed.
    pub rows_in: u64,
    /// Items of each kind and roles, in order; together they are all items.
    pub per_kind: Vec<(IndicatorKind, Roles, u64)>,
    /// Digest over load and content, to be named in the journal. It could confirm a guess of the whole content, so it
    /// stays in the node.
    pub digest: Digest,
    /// Length of the file in bytes.
    pub bytes: u64,
}

impl SetSummary {
    /// How the journal names the set.
    pub fn set(&self) -> SetRef {
        SetRef { load: self.load, digest: self.digest }
    }
}

impl Sets {
    /// Opens the directory of the set files and removes what unfinished loads left.
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path, key: Secret32) -> Result<Self, StoreError> {
        Self::with_arena(disk, dir, key, writer::ARENA_LEN)
    }

    fn with_arena(disk: Arc<dyn Disk>, dir: &Path, key: Secret32, arena_len: usize) -> Result<Self, StoreError> {
        let temporary = Dir::open(disk.clone(), &dir.join(TEMPORARY))?;
        for name in temporary.names()? {
            temporary.remove(&temporary.file(name))?;
        }
        Ok(Self(Arc::new(Shared { dir: Dir::open(disk, dir)?, temporary, key, arena_len })))
    }

    /// Starts a load, under a name never used before.
    ///
    /// # Errors
    /// If there is a set of that name.
    pub fn writer(&self, load: LoadId) -> Result<SetWriter, StoreError> {
        if self.exists(load)? {
            return Err(StoreError::LoadExists { load });
        }
        Ok(SetWriter::new(self.clone(), load, self.0.arena_len))
    }

    /// Opens a set and checks that it is the one the journal names. Its rows are checked as they are read.
    ///
    /// # Errors
    /// If it is missing, damaged, or another.
    pub fn reader(&self, set: &SetRef) -> Result<SetReader, StoreError> {
        let path = self.path(set.load);
        match self.dir().find_file(&path)? {
            Some(file) => SetReader::open(file, path, self.key(), set),
            None => Err(StoreError::LoadMissing { load: set.load, file: path }),
        }
    }

    /// The rows of several sets as one: in order of their items, one row an item, those that the selection holds.
    ///
    /// # Errors
    /// If a set cannot be opened. Damage met later ends the rows with an error.
    pub fn merged(&self, selection: &Selection, sets: &[SetRef]) -> Result<MergedRows, StoreError> {
        let readers = sets.iter().map(|set| self.reader(set)).collect::<Result<Vec<_>, _>>()?;
        let merge = Merge::new(readers.into_iter().map(SetReader::into_rows).collect())?;
        Ok(MergedRows { merge, selection: selection.clone() })
    }

    /// Removes the file of a set. Its bytes stay on the medium until the medium reuses them: overwriting does not
    /// reach them on a solid-state disk or a copy-on-write file system. They are sealed, and worth as much as the key.
    ///
    /// # Errors
    /// If it is missing or the disk refuses.
    pub fn purge(&self, load: LoadId) -> Result<(), StoreError> {
        let path = self.path(load);
        if self.dir().remove(&path)? { self.dir().sync() } else { Err(StoreError::LoadMissing { load, file: path }) }
    }

    /// Removes the sets that the journal does not name: loads that were finished and not recorded. For the start only,
    /// when no load is under way. Returns what was removed.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove_unlisted(&self, live: &[LoadId]) -> Result<Vec<LoadId>, StoreError> {
        let mut removed = Vec::new();
        for load in self.present()? {
            if !live.contains(&load) {
                self.purge(load)?;
                tracing::info!(%load, "removed a set that the journal does not name");
                removed.push(load);
            }
        }
        Ok(removed)
    }

    fn present(&self) -> Result<Vec<LoadId>, StoreError> {
        let names = self.dir().names()?;
        let load_of = |name: &String| {
            let load: LoadId = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
            (format!("{load}.{EXTENSION}") == *name).then_some(load)
        };
        Ok(names.iter().filter_map(load_of).collect())
    }

    fn exists(&self, load: LoadId) -> Result<bool, StoreError> {
        Ok(self.present()?.contains(&load))
    }

    /// Gives a finished file its name. It is durable when this returns.
    fn publish(&self, draft: &Path, load: LoadId) -> Result<(), StoreError> {
        if self.exists(load)? {
            return Err(StoreError::LoadExists { load });
        }
        self.dir().publish(draft, &self.path(load))
    }

    fn dir(&self) -> &Dir {
        &self.0.dir
    }

    fn key(&self) -> &Secret32 {
        &self.0.key
    }

    fn path(&self, load: LoadId) -> PathBuf {
        self.dir().file(format!("{load}.{EXTENSION}"))
    }

    /// Where temporary files go; what is left there by a process that ended is removed at the next start.
    pub fn temporary_dir(&self) -> PathBuf {
        self.0.temporary.path().to_owned()
    }

    fn temporary(&self, name: &str) -> PathBuf {
        self.0.temporary.file(name)
    }
}

/// Rows of several sets, merged as they are read.
#[derive(Debug)]
pub struct MergedRows {
    merge: Merge<Rows<Arc<Chunks>>>,
    selection: Selection,
}

impl Iterator for MergedRows {
    type Item = Result<IndicatorRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.merge.by_ref().find(|row| row.as_ref().map_or(true, |row| self.selection.contains(row)))
    }
}

const TEMPORARY: &str = "tmp";
const EXTENSION: &str = "set";
