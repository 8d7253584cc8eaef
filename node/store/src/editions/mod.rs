//! Files of editions of the standing comparison (`docs/spec/standing.md` §2): the rows as they were signed, chunk after chunk.
//!
//! They are not sealed again: labels are, and every member has the same file. A download is a file beside, whose length says where
//! it goes on; it gets its name once all of it was checked. A file that is used is checked once in the life of a process, and each
//! chunk again when it is read.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cwg_crypto::Digest;
use cwg_protocol::lighthouse::standing::{Content, EditionError, VerifiedEdition};

use crate::StoreError;
use crate::dir::Dir;
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;

/// The files of editions of a store, in a directory of their own. Clones share them.
#[derive(Clone, Debug)]
pub struct Editions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: Dir,
    /// What was checked in this process, by the digests of the editions.
    checked: Mutex<BTreeMap<Digest, Arc<Content>>>,
}

/// A chunk of an edition, and how its leaf leads to the root.
#[derive(Debug)]
pub struct ProvenChunk {
    /// Whole rows.
    pub bytes: Vec<u8>,
    /// The siblings on its way to the root, lowest first.
    pub path: Vec<Digest>,
}

impl Editions {
    pub(crate) fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Shared { dir: Dir::open(disk, dir)?, checked: Mutex::default() })))
    }

    /// Writes the rows of an edition that this node has made, and makes them durable.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn create(&self, digest: Digest, rows: &[u8]) -> Result<(), StoreError> {
        let part = self.part(digest);
        self.dir().remove(&part)?;
        let mut file = self.dir().create_file(&part)?;
        file.write_at(rows, 0).map_err(|error| StoreError::io("write", &part, error))?;
        self.publish(digest, file.as_mut())
    }

    /// Opens the file of a download, new or as far as it is. Returns the first chunk that it does not have whole.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn begin(&self, edition: &VerifiedEdition) -> Result<u32, StoreError> {
        let part = self.part(edition.digest());
        let Some(mut file) = self.dir().find_file(&part)? else {
            return self.dir().create_file(&part).map(|_| 0);
        };
        let len = file.len().map_err(|error| StoreError::io("read", &part, error))?;
        let chunk = edition.resume_at(len);
        let whole = offset(edition, chunk).min(edition.file_len());
        if len > whole {
            file.truncate(whole).map_err(|error| StoreError::io("cut", &part, error))?;
        }
        Ok(chunk)
    }

    /// Writes whole chunks of a download, one after the other. They are made durable at its end.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, edition: &VerifiedEdition, chunk: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let part = self.part(edition.digest());
        let mut file = self.dir().open_file(&part)?;
        file.write_at(bytes, offset(edition, chunk)).map_err(|error| StoreError::io("write", &part, error))
    }

    /// Ends a download: reads and checks all of it, makes it durable and gives it its name.
    ///
    /// # Errors
    /// If the disk refuses. The inner error says that the file is not what was signed.
    pub fn finish(&self, edition: &VerifiedEdition) -> Result<Result<(), EditionError>, StoreError> {
        let part = self.part(edition.digest());
        let mut file = self.dir().open_file(&part)?;
        match check(file.as_ref(), &part, edition)? {
            Err(error) => Ok(Err(error)),
            Ok(content) => {
                self.publish(edition.digest(), file.as_mut())?;
                self.checked().insert(edition.digest(), Arc::new(content));
                Ok(Ok(()))
            }
        }
    }

    /// The proof that the file of an edition is what was signed. It is read and checked where that was not done in this process.
    ///
    /// # Errors
    /// If it is missing or damaged, or the disk refuses.
    pub fn content(&self, edition: &VerifiedEdition) -> Result<Arc<Content>, StoreError> {
        if let Some(content) = self.checked().get(&edition.digest()) {
            return Ok(Arc::clone(content));
        }
        let path = self.path(edition.digest());
        let file = self.dir().open_file(&path)?;
        let content = check(file.as_ref(), &path, edition)?.map_err(|_| self.damage(edition.digest()))?;
        let content = Arc::new(content);
        self.checked().insert(edition.digest(), Arc::clone(&content));
        Ok(content)
    }

    /// The bytes of a chunk. Whoever uses them has them checked by the content.
    ///
    /// # Errors
    /// If the file is missing or cut, or the disk refuses.
    pub fn chunk(&self, edition: &VerifiedEdition, chunk: u32) -> Result<Vec<u8>, StoreError> {
        let path = self.path(edition.digest());
        let file = self.dir().open_file(&path)?;
        read(file.as_ref(), &path, edition, chunk)
    }

    /// A chunk with the siblings on its way to the root, for who downloads it; `None` if the edition has no such chunk.
    ///
    /// # Errors
    /// If the file is missing or damaged, or the disk refuses.
    pub fn proven_chunk(&self, edition: &VerifiedEdition, chunk: u32) -> Result<Option<ProvenChunk>, StoreError> {
        let content = self.content(edition)?;
        let Some(proof) = content.proof(chunk) else { return Ok(None) };
        let bytes = self.chunk(edition, chunk)?;
        content.rows(chunk, &bytes).map_err(|_| self.damage(edition.digest()))?;
        Ok(Some(ProvenChunk { bytes, path: proof.path().to_vec() }))
    }

    /// Removes the file of an edition, whole or not. What is not there is removed already.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove(&self, digest: Digest) -> Result<(), StoreError> {
        self.checked().remove(&digest);
        self.dir().remove(&self.path(digest))?;
        self.dir().remove(&self.part(digest)).map(drop)
    }

    /// Removes the files of editions that the journal does not name. Downloads that were begun stay: they go on. For the start only.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove_unlisted(&self, live: &[Digest]) -> Result<(), StoreError> {
        let live: Vec<String> = live.iter().map(|digest| format!("{digest}{EXTENSION}")).collect();
        for name in self.dir().names()?.iter().filter(|name| name.ends_with(EXTENSION) && !live.contains(name)) {
            self.dir().remove(&self.dir().file(name))?;
        }
        Ok(())
    }

    fn publish(&self, digest: Digest, file: &mut dyn DiskFile) -> Result<(), StoreError> {
        let part = self.part(digest);
        file.sync().map_err(|error| StoreError::io("sync", &part, error))?;
        self.dir().publish(&part, &self.path(digest))
    }

    /// The error for a file whose rows are not those that were checked.
    pub fn damage(&self, digest: Digest) -> StoreError {
        Damage::new(&self.path(digest), None, 0, "the edition's file is not what was signed").into()
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, Arc<Content>>> {
        self.0.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dir(&self) -> &Dir {
        &self.0.dir
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.dir().file(format!("{digest}{EXTENSION}"))
    }

    fn part(&self, digest: Digest) -> PathBuf {
        self.dir().file(format!("{digest}.part"))
    }
}

fn check(
    file: &dyn DiskFile,
    path: &Path,
    edition: &VerifiedEdition,
) -> Result<Result<Content, EditionError>, StoreError> {
    let len = file.len().map_err(|error| StoreError::io("read", path, error))?;
    let mut check = edition.clone().check_content();
    for chunk in 0..edition.resume_at(len) {
        if let Err(error) = check.push(&read(file, path, edition, chunk)?) {
            return Ok(Err(error));
        }
    }
    Ok(check.finish())
}

fn read(file: &dyn DiskFile, path: &Path, edition: &VerifiedEdition, chunk: u32) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; edition.chunk_len(chunk)];
    let at = offset(edition, chunk);
    let got = file.read_at(&mut bytes, at).map_err(|error| StoreError::io("read", path, error))?;
    if got < bytes.len() {
        return Err(Damage::new(path, Some(chunk.into()), at, "the file ends inside the chunk").into());
    }
    Ok(bytes)
}

/// Where a chunk begins.
fn offset(edition: &VerifiedEdition, chunk: u32) -> u64 {
    u64::from(chunk) * edition.chunk_len(0) as u64
}

const EXTENSION: &str = ".edition";
