//! What the tests of the store share: a directory with a key file, and records that say which key they carry.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_store::{KeysOf, PassphraseCost, Store, StoreError, Tree, Unlock, create_key_file};

pub(crate) const BY_NAME: Tree = Tree("by-name");
pub(crate) const BY_LENGTH: Tree = Tree("by-length");

/// The first eight bytes of a record are its name; its length is its second key.
pub(crate) fn keys_of() -> KeysOf {
    Arc::new(|payload: &[u8]| {
        if payload.len() < 8 {
            return Vec::new();
        }
        vec![(BY_NAME, payload[..8].to_vec()), (BY_LENGTH, (payload.len() as u32).to_be_bytes().to_vec())]
    })
}

/// A record with this name and some bytes that follow from it.
pub(crate) fn record(name: u64) -> Vec<u8> {
    let mut payload = name.to_be_bytes().to_vec();
    payload.extend((0..name % 97).map(|i| (i * 31 + name) as u8));
    payload
}

pub(crate) struct Place {
    pub(crate) root: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        create_key_file(&root.path().join("key")).unwrap();
        Self { root }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("store")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.root.path().join("key")
    }

    pub(crate) fn create(&self) -> Store {
        Store::create(&self.dir(), Unlock::KeyFile(&self.key()), PassphraseCost::default(), keys_of()).unwrap()
    }

    pub(crate) fn open(&self) -> Result<Store, StoreError> {
        open_at(&self.dir(), &self.key())
    }
}

pub(crate) fn open_at(dir: &Path, key: &Path) -> Result<Store, StoreError> {
    Store::open(dir, Unlock::KeyFile(key), keys_of())
}

/// Every file below a directory.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}

pub(crate) fn replayed(store: &Store) -> Vec<Vec<u8>> {
    store.replay(1).map(|record| record.unwrap().1).collect()
}
