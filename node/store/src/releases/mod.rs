//! Contents of releases at the hub: the records of each, and what the hub says of each item, with its label
//! (`docs/spec/store.md` §6).
//!
//! A content has a name that is never used again, and two files, each written once and sealed. Leaves out what the records are
//! of: whoever publishes holds their root against the one that was signed.

mod entries;
mod file;
mod records;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::Secret32;
use cwg_engine::record::ContentId;
use cwg_protocol::lighthouse::LabelClass;
use cwg_protocol::lighthouse::standing::Entries;

pub use entries::{EntriesReader, EntriesWriter};
pub use records::{Records, RecordsWriter};

use crate::StoreError;
use crate::dir::Dir;
use crate::disk::Disk;
use file::{FileWriter, Part, SealedFile};

/// The contents of releases of a store, in a directory of their own. Clones share them.
#[derive(Clone, Debug)]
pub struct Releases(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: Dir,
    key: Secret32,
}

impl Releases {
    /// Opens the directory of the contents and removes what unfinished writers left.
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path, key: Secret32) -> Result<Self, StoreError> {
        let dir = Dir::open(disk, dir)?;
        for name in dir.names()?.iter().filter(|name| name.ends_with(DRAFT)) {
            dir.remove(&dir.file(name))?;
        }
        Ok(Self(Arc::new(Shared { dir, key })))
    }

    /// Begins to write the records of a content.
    ///
    /// # Errors
    /// If the content has records, or the disk refuses.
    pub fn records_writer(&self, content: ContentId) -> Result<RecordsWriter, StoreError> {
        Ok(RecordsWriter::new(self.draft(content, RECORDS, Part::Records)?))
    }

    /// The records of a content, in order, one chunk in memory at a time.
    ///
    /// # Errors
    /// If they are missing or damaged, or the disk refuses. Damage that is met later ends the records with an error.
    pub fn records(&self, content: ContentId) -> Result<Records, StoreError> {
        Records::new(self.sealed(content, RECORDS)?)
    }

    /// Begins to write the entries of a content, in pieces that ascend.
    ///
    /// # Errors
    /// If the content has entries, or the disk refuses.
    pub fn entries_writer(&self, content: ContentId, class: LabelClass) -> Result<EntriesWriter, StoreError> {
        Ok(EntriesWriter::new(self.draft(content, ENTRIES, Part::Entries(class))?, class))
    }

    /// Writes the entries of a content in one piece.
    ///
    /// # Errors
    /// If the content has entries, or the disk refuses.
    pub fn write_entries(&self, content: ContentId, entries: &Entries) -> Result<(), StoreError> {
        let mut writer = self.entries_writer(content, entries.class())?;
        writer.push(entries)?;
        writer.finish().map(drop)
    }

    /// The entries of a content.
    ///
    /// # Errors
    /// If they are missing or damaged, or the disk refuses.
    pub fn entries(&self, content: ContentId) -> Result<EntriesReader, StoreError> {
        EntriesReader::new(self.sealed(content, ENTRIES)?)
    }

    /// Removes the files of a content. What is not there is removed already. Their bytes stay on the medium, sealed, until it
    /// reuses them.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove(&self, content: ContentId) -> Result<(), StoreError> {
        for part in [RECORDS, ENTRIES] {
            self.dir().remove(&self.path(content, part))?;
        }
        self.dir().sync()
    }

    /// Removes the contents that the journal does not name: drafts that were written and not recorded, or dropped. For the start
    /// only, when nothing is written. Returns what was removed.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove_unlisted(&self, live: &[ContentId]) -> Result<Vec<ContentId>, StoreError> {
        let names = self.dir().names()?;
        let content = |name: &String| {
            let stem = name.strip_suffix(RECORDS).or_else(|| name.strip_suffix(ENTRIES))?;
            let content = ContentId(u64::from_str_radix(stem, 16).ok()?.to_be_bytes());
            (content.to_string() == stem).then_some(content)
        };
        let mut unlisted: Vec<_> = names.iter().filter_map(content).filter(|content| !live.contains(content)).collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        for content in &unlisted {
            self.remove(*content)?;
            tracing::info!(%content, "removed a content of a release that the journal does not name");
        }
        Ok(unlisted)
    }

    fn draft(&self, content: ContentId, part: &str, kind: Part) -> Result<Draft, StoreError> {
        let (path, target) = (self.path(content, &format!("{part}{DRAFT}")), self.path(content, part));
        if self.dir().find_file(&target)?.is_some() {
            return Err(StoreError::ContentExists { file: target });
        }
        let file = FileWriter::create(self.dir().disk(), path.clone(), &self.0.key, kind, content)?;
        Ok(Draft { releases: self.clone(), path, target, file: Some(file) })
    }

    fn sealed(&self, content: ContentId, part: &str) -> Result<SealedFile, StoreError> {
        let path = self.path(content, part);
        match self.dir().find_file(&path)? {
            Some(file) => SealedFile::open(file, path, &self.0.key, content),
            None => Err(StoreError::ContentMissing { file: path }),
        }
    }

    fn dir(&self) -> &Dir {
        &self.0.dir
    }

    fn path(&self, content: ContentId, part: &str) -> PathBuf {
        self.dir().file(format!("{content}{part}"))
    }
}

/// A file without its name yet. Dropped before [`Draft::finish`], it leaves nothing.
#[derive(Debug)]
struct Draft {
    releases: Releases,
    path: PathBuf,
    target: PathBuf,
    /// There until it is finished.
    file: Option<FileWriter>,
}

impl Draft {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.as_mut().expect("a draft is finished once, by value").write(bytes)
    }

    /// Makes the file durable and gives it its name.
    fn finish(mut self) -> Result<(), StoreError> {
        let file = self.file.take().expect("a draft is finished once, by value");
        let dir = self.releases.dir();
        let published = file.finish().and_then(|()| dir.publish(&self.path, &self.target));
        published.inspect_err(|_| dir.discard(&self.path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.releases.dir().discard(&self.path);
        }
    }
}

const RECORDS: &str = ".records";
const ENTRIES: &str = ".entries";
const DRAFT: &str = ".draft";
