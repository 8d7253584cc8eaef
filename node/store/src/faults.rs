//! A disk in memory that fails on demand: the n-th operation, no space, or the power, which leaves what was synced and
//! a torn rest. For tests alone.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Disk, DiskFile};

/// What goes wrong at one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, once.
    Error,
    /// From here on no file grows, and a write that would stops half way; until [`FaultDisk::free`].
    Full,
    /// It and every later one fail, until [`FaultDisk::restart`].
    PowerLoss,
}

/// What a restart finds of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsynced {
    /// Nothing.
    Lost,
    /// Everything, as after a killed process.
    Kept,
    /// By these dice: some operations, the last of a file torn.
    Torn(u64),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FaultDisk(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    files: Vec<Contents>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<NameChange>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    full: bool,
    dead: bool,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    current: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(PathBuf, usize),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf, usize),
}

impl FaultDisk {
    /// Arms a fault at an operation, counted from 1 from now on.
    pub(crate) fn arm(&self, operation: u64, fault: Fault) {
        let mut world = self.world();
        world.operations = 0;
        world.fault = Some((operation, fault));
    }

    /// Whether the armed fault was met.
    pub(crate) fn met(&self) -> bool {
        let world = self.world();
        world.fault.is_some_and(|(at, _)| world.operations >= at)
    }

    /// Space returns.
    pub(crate) fn free(&self) {
        let mut world = self.world();
        (world.full, world.fault) = (false, None);
    }

    /// The machine starts again.
    pub(crate) fn restart(&self, unsynced: Unsynced) {
        let world = &mut *self.world();
        let mut dice = Dice(match unsynced {
            Unsynced::Torn(seed) => seed.wrapping_mul(2).wrapping_add(1),
            _ => 1,
        });
        for file in &mut world.files {
            let pending = std::mem::take(&mut file.pending);
            let kept = match unsynced {
                Unsynced::Lost => 0,
                Unsynced::Kept => pending.len(),
                Unsynced::Torn(_) => dice.up_to(pending.len()),
            };
            for (i, change) in pending.iter().take(kept).enumerate() {
                match change {
                    Change::Write(offset, bytes) if i + 1 == kept && matches!(unsynced, Unsynced::Torn(_)) => {
                        let torn = dice.up_to(bytes.len());
                        write(&mut file.durable, *offset, &bytes[..torn]);
                    }
                    change => change.apply(&mut file.durable),
                }
            }
            file.current = file.durable.clone();
        }
        let pending = std::mem::take(&mut world.pending_names);
        let kept = match unsynced {
            Unsynced::Lost => 0,
            Unsynced::Kept => pending.len(),
            Unsynced::Torn(_) => dice.up_to(pending.len()),
        };
        for change in pending.into_iter().take(kept) {
            change.apply(&mut world.durable_names);
        }
        world.names = world.durable_names.clone();
        (world.dead, world.full, world.fault) = (false, false, None);
    }

    /// A copy whose files are all durable, for one damage after another.
    pub(crate) fn fork(&self) -> Self {
        let world = self.world();
        let files: Vec<_> = world
            .files
            .iter()
            .map(|file| Contents { current: file.current.clone(), durable: file.current.clone(), pending: Vec::new() })
            .collect();
        let names = world.names.clone();
        Self(Arc::new(Mutex::new(World { files, durable_names: names.clone(), names, ..World::default() })))
    }

    /// Every file and its length.
    pub(crate) fn lens(&self) -> Vec<(PathBuf, usize)> {
        let world = self.world();
        world.names.iter().map(|(path, file)| (path.clone(), world.files[*file].current.len())).collect()
    }

    /// Changes the bytes of a file behind everyone's back.
    pub(crate) fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let world = &mut *self.world();
        let file = &mut world.files[world.names[path]];
        change(&mut file.current);
        file.durable = file.current.clone();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics while it holds the disk")
    }
}

impl World {
    /// Counts an operation; it may be the one that fails.
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fault {
            Some((at, Fault::Error)) if self.operations == at => {
                return Err(io::Error::other("simulated fault"));
            }
            Some((at, Fault::PowerLoss)) if self.operations >= at => self.dead = true,
            Some((at, Fault::Full)) if self.operations >= at => self.full = true,
            _ => {}
        }
        if self.dead { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn rename(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for FaultDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.step()?;
        if world.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        world.files.push(Contents::default());
        let file = world.files.len() - 1;
        world.rename(NameChange::Add(path.to_owned(), file));
        Ok(Box::new(FaultFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.step()?;
        let file = world.find(path)?;
        Ok(Box::new(FaultFile { disk: self.clone(), file }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut world = self.world();
        world.step()?;
        let names = world.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(names.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world.find(path)?;
        world.rename(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        let file = world.find(from)?;
        world.rename(NameChange::Rename(from.to_owned(), to.to_owned(), file));
        Ok(())
    }

    fn make_dir(&self, _dir: &Path) -> io::Result<()> {
        self.world().step()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let world = &mut *self.world();
        world.step()?;
        // A rename from another directory comes with the directory it leads to.
        let in_dir = |change: &NameChange| change.target().parent() == Some(dir);
        for change in world.pending_names.extract_if(.., |change| in_dir(change)) {
            change.apply(&mut world.durable_names);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct FaultFile {
    disk: FaultDisk,
    file: usize,
}

impl DiskFile for FaultFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        world.step()?;
        let current = &world.files[self.file].current;
        let from = current.get(offset as usize..).unwrap_or_default();
        let len = from.len().min(buf.len());
        buf[..len].copy_from_slice(&from[..len]);
        Ok(len)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let world = &mut *self.disk.world();
        world.step()?;
        let file = &mut world.files[self.file];
        let grows = offset as usize + bytes.len() > file.current.len();
        let written = if world.full && grows { &bytes[..bytes.len() / 2] } else { bytes };
        file.change(Change::Write(offset, written.to_vec()));
        if written.len() < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn len(&self) -> io::Result<u64> {
        let mut world = self.disk.world();
        world.step()?;
        Ok(world.files[self.file].current.len() as u64)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let world = &mut *self.disk.world();
        world.step()?;
        world.files[self.file].change(Change::Truncate(len));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let world = &mut *self.disk.world();
        world.step()?;
        let file = &mut world.files[self.file];
        file.durable = file.current.clone();
        file.pending.clear();
        Ok(())
    }
}

impl Contents {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.current);
        self.pending.push(change);
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, written) => write(bytes, *offset, written),
            Self::Truncate(len) => bytes.resize(*len as usize, 0),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Add(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Remove(path) => drop(names.remove(path)),
            Self::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }

    fn target(&self) -> &Path {
        match self {
            Self::Add(path, _) | Self::Remove(path) | Self::Rename(_, path, _) => path,
        }
    }
}

fn write(bytes: &mut Vec<u8>, offset: u64, written: &[u8]) {
    let end = offset as usize + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset as usize..end].copy_from_slice(written);
}

/// Repeatable dice (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`.
    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        (self.roll() % (most as u64 + 1)) as usize
    }
}
