//! A directory of files of one kind. Its errors name the file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::StoreError;
use crate::disk::{Disk, DiskFile};

/// A directory on a disk.
#[derive(Debug)]
pub(crate) struct Dir {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Dir {
    /// The directory of that path, made if there is none.
    pub(crate) fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, StoreError> {
        disk.make_dir(path).map_err(|error| StoreError::io("create", path, error))?;
        Ok(Self { disk, path: path.to_owned() })
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file of that name.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// The names of the files, in no order.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        self.disk.list(&self.path).map_err(|error| StoreError::io("list", &self.path, error))
    }

    /// Makes a file that must not exist.
    pub(crate) fn create_file(&self, file: &Path) -> Result<Box<dyn DiskFile>, StoreError> {
        self.disk.create(file).map_err(|error| StoreError::io("create", file, error))
    }

    /// Opens a file that must exist.
    pub(crate) fn open_file(&self, file: &Path) -> Result<Box<dyn DiskFile>, StoreError> {
        self.disk.open(file).map_err(|error| StoreError::io("open", file, error))
    }

    /// Opens a file, if it is there.
    pub(crate) fn find_file(&self, file: &Path) -> Result<Option<Box<dyn DiskFile>>, StoreError> {
        match self.disk.open(file) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("open", file, error)),
        }
    }

    /// Removes a file. Says whether it was there.
    pub(crate) fn remove(&self, file: &Path) -> Result<bool, StoreError> {
        match self.disk.remove(file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io("remove", file, error)),
        }
    }

    /// Removes a temporary file. The next start removes it where this cannot.
    pub(crate) fn discard(&self, file: &Path) {
        if let Err(problem) = self.remove(file) {
            tracing::warn!(%problem, "a temporary file stays until the next start");
        }
    }

    /// Gives a finished file its name. It is durable when this returns.
    pub(crate) fn publish(&self, draft: &Path, file: &Path) -> Result<(), StoreError> {
        self.disk.rename(draft, file).map_err(|error| StoreError::io("rename", draft, error))?;
        self.sync()
    }

    /// Makes names durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.disk.sync_dir(&self.path).map_err(|error| StoreError::io("sync", &self.path, error))
    }
}
