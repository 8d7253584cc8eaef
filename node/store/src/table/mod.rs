//! Tables: what a bank keeps of the evaluation of its items in one key period of the standing comparison
//! (`docs/spec/standing.md` §6).
//!
//! A table is a few sealed files, each sorted by tag. New customers make another file; [`Table::compact`] makes one of all. Each
//! file's key comes half from the store and half from the file's own head: [`Tables::destroy`] overwrites that half before it
//! removes a file. Leaves out who may be matched, and with what.

mod file;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::Secret32;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::{OwnOutput, Period};

pub use reader::{Table, TableRow};
pub use writer::TableWriter;

use crate::StoreError;
use crate::dir::Dir;
use crate::disk::{Disk, OsDisk};

/// The tables of a store, in a directory of their own. Clones share them.
#[derive(Clone, Debug)]
pub struct Tables(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: Dir,
    key: Secret32,
}

impl Tables {
    /// Opens the directory of the tables. `key` seals nothing else: derive it from the store's.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn open(dir: &Path, key: Secret32) -> Result<Self, StoreError> {
        Self::on(Arc::new(OsDisk), dir, key)
    }

    fn on(disk: Arc<dyn Disk>, dir: &Path, key: Secret32) -> Result<Self, StoreError> {
        let tables = Self(Arc::new(Shared { dir: Dir::open(disk, dir)?, key }));
        // What a crash left of a file that never counted: it holds outputs all the same.
        for name in tables.dir().names()?.iter().filter(|name| name.ends_with(DRAFT)) {
            tables.destroy_file(&tables.dir().file(name))?;
        }
        Ok(tables)
    }

    /// Begins to add rows to the table of a period, in a file of their own that counts once it is finished.
    ///
    /// # Errors
    /// If the disk refuses, or the table has [`FILES_MAX`] files: compact it first.
    pub fn writer(&self, period: Period) -> Result<TableWriter, StoreError> {
        TableWriter::new(self.clone(), period)
    }

    /// The table of a period, empty if nothing was added to it.
    ///
    /// # Errors
    /// If a file of it is damaged or the disk refuses.
    pub fn table(&self, period: Period) -> Result<Table, StoreError> {
        Table::open(self.clone(), period)
    }

    /// Destroys the table of a period: half of each file's key is overwritten and synced, then the file is removed. What a
    /// solid-state disk or a backup keeps of that half, and the store's key, would still open it.
    ///
    /// # Errors
    /// If the disk refuses; what is left is destroyed by calling again.
    pub fn destroy(&self, period: Period) -> Result<(), StoreError> {
        for number in self.numbers(period)? {
            self.destroy_file(&self.path(period, number))?;
        }
        Ok(())
    }

    /// Destroys the tables of all periods but these. For the start only.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn destroy_unlisted(&self, live: &[Period]) -> Result<(), StoreError> {
        let names = self.dir().names()?;
        let periods: BTreeSet<Period> = names.iter().filter_map(|name| period_of(name)).collect();
        periods.into_iter().filter(|period| !live.contains(period)).try_for_each(|period| self.destroy(period))
    }

    fn destroy_file(&self, path: &Path) -> Result<(), StoreError> {
        let mut file = self.dir().open_file(path)?;
        let wiped = file.write_at(&[0; file::FILE_HEADER_LEN], 0).and_then(|()| file.sync());
        wiped.map_err(|error| StoreError::io("overwrite", path, error))?;
        self.dir().remove(path)?;
        self.dir().sync()
    }

    /// The numbers of the files of a table, ascending.
    fn numbers(&self, period: Period) -> Result<Vec<u32>, StoreError> {
        let names = self.dir().names()?;
        let prefix = format!("{:08x}-", period.0);
        let number = |name: &String| u32::from_str_radix(name.strip_prefix(&prefix)?.strip_suffix(EXTENSION)?, 16).ok();
        let mut numbers: Vec<u32> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn dir(&self) -> &Dir {
        &self.0.dir
    }

    fn path(&self, period: Period, number: u32) -> PathBuf {
        self.dir().file(format!("{:08x}-{number:08x}{EXTENSION}", period.0))
    }

    fn draft(&self, period: Period, number: u32) -> PathBuf {
        self.dir().file(format!("{:08x}-{number:08x}{DRAFT}", period.0))
    }
}

/// Files of one table, at most: each is read for every edition and look-up.
pub const FILES_MAX: usize = 32;

const EXTENSION: &str = ".table";
const DRAFT: &str = ".draft";

/// The period of a finished file.
fn period_of(name: &str) -> Option<Period> {
    let (period, _) = name.strip_suffix(EXTENSION)?.split_once('-')?;
    u32::from_str_radix(period, 16).ok().map(Period)
}

/// A row as it goes through a spill: output, item.
const ROW_LEN: usize = OwnOutput::LEN + size_of::<Item>();
