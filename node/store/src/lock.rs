//! The lock on a store's directory: one process at a time, its number readable by whoever is refused.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::StoreError;

/// The lock, held until dropped. The operating system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Takes the lock or refuses at once.
    pub(crate) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let io = |op| move |error| StoreError::io(op, &dir.join(FILE), error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse { dir: dir.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path, error)),
        }
        // Fixed width: a shorter number leaves no digits of a longer one, and a full disk cannot stop an overwrite.
        file.rewind().map_err(io("write"))?;
        file.write_all(format!("{:<10}\n", std::process::id()).as_bytes()).map_err(io("write"))?;
        Ok(Self { _file: file })
    }
}

/// The number is only shown to a person: an unreadable one is left out.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Name of the lock in the store's directory.
pub(crate) const FILE: &str = "lock";
