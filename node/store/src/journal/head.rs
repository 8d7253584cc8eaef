//! The head file: what was acknowledged, kept apart from the journal so that a lost end is seen (`docs/spec/store.md`
//! §3.3).
//!
//! Two slots in two blocks, written in turn after the journal's own sync. A torn slot leaves the one before.

use std::path::{Path, PathBuf};

use cwg_crypto::Digest;

use super::frame::{MAC_AT, VERSION, check_version, is_mac, mac};
use super::{Head, JournalKeys, Tip};
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;
use crate::{StoreError, field};

/// The open head file.
#[derive(Debug)]
pub(super) struct HeadFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    generation: u64,
    next_slot: u64,
}

/// Whether the head file needs to be written again after a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slots {
    /// Both slots can be read.
    Whole,
    /// One cannot: a torn write, or damage.
    OneLost,
}

impl HeadFile {
    /// Writes both slots of a new journal.
    pub(super) fn create(disk: &dyn Disk, dir: &Path, keys: &JournalKeys, tip: &Tip) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let file = disk.create(&path).map_err(|error| StoreError::io("create", &path, error))?;
        let mut head = Self { file, path, generation: 0, next_slot: 0 };
        head.record(keys, tip)?;
        head.record(keys, tip)?;
        Ok(head)
    }

    /// Reads the newest slot that is whole.
    pub(super) fn open(disk: &dyn Disk, dir: &Path, keys: &JournalKeys) -> Result<(Self, Tip, Slots), StoreError> {
        let path = dir.join(FILE);
        let file = match disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Damage::new(&path, None, 0, "the file is missing").into());
            }
            Err(error) => return Err(StoreError::io("open", &path, error)),
        };
        let mut head = Self { file, path, generation: 0, next_slot: 0 };
        let slots = [head.read_slot(0, keys), head.read_slot(1, keys)];
        let whole = slots.iter().filter(|slot| slot.is_ok()).count();
        let newest = (0..SLOTS)
            .zip(slots)
            .filter_map(|(number, slot)| slot.map(|(generation, tip)| (generation, number, tip)).ok())
            .max_by_key(|(generation, ..)| *generation);
        let Some((generation, number, tip)) = newest else {
            // Two slots of another version are no damage.
            head.read_slot(0, keys).and(head.read_slot(1, keys))?;
            return Err(Damage::new(&head.path, None, 0, "neither slot can be read").into());
        };
        head.generation = generation;
        head.next_slot = (number + 1) % SLOTS;
        Ok((head, tip, if whole == 2 { Slots::Whole } else { Slots::OneLost }))
    }

    /// Records what is about to be acknowledged. Durable when it returns.
    pub(super) fn record(&mut self, keys: &JournalKeys, tip: &Tip) -> Result<(), StoreError> {
        let bytes = encode(keys, self.generation + 1, tip);
        self.file
            .write_at(&bytes, self.next_slot * SLOT_STEP)
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        self.file.sync().map_err(|error| StoreError::io("sync", &self.path, error))?;
        self.generation += 1;
        self.next_slot = (self.next_slot + 1) % SLOTS;
        Ok(())
    }

    /// Checks that both slots can be read and the newest names `head`. Its place may be the end of the segment before: a
    /// new segment is recorded with its first commit.
    pub(super) fn verify(&self, keys: &JournalKeys, head: &Head) -> Result<(), StoreError> {
        let newest = (self.next_slot + 1) % SLOTS;
        self.read_slot(self.next_slot, keys)?;
        let (generation, tip) = self.read_slot(newest, keys)?;
        if generation != self.generation || tip.head != *head {
            return Err(self.damage(newest, "the newest slot is not the last one written"));
        }
        Ok(())
    }

    fn read_slot(&self, slot: u64, keys: &JournalKeys) -> Result<(u64, Tip), StoreError> {
        let mut bytes = [0; SLOT_LEN];
        let read = self
            .file
            .read_at(&mut bytes, slot * SLOT_STEP)
            .map_err(|error| StoreError::io("read", &self.path, error))?;
        if read < SLOT_LEN || bytes[..8] != *MAGIC {
            return Err(self.damage(slot, "no head stands here"));
        }
        check_version(&bytes, &self.path)?;
        if !is_mac(&keys.mac, b"head", &bytes[..MAC_AT], &bytes[MAC_AT..]) {
            return Err(self.damage(slot, "the head does not authenticate"));
        }
        let tip = Tip {
            segment: u64::from_le_bytes(field(&bytes, 24)),
            end: u64::from_le_bytes(field(&bytes, 32)),
            head: Head { seq: u64::from_le_bytes(field(&bytes, 40)), hash: Digest::from_bytes(field(&bytes, 48)) },
        };
        Ok((u64::from_le_bytes(field(&bytes, 16)), tip))
    }

    fn damage(&self, slot: u64, what: &'static str) -> StoreError {
        Damage::new(&self.path, None, slot * SLOT_STEP, what).into()
    }
}

fn encode(keys: &JournalKeys, generation: u64, tip: &Tip) -> [u8; SLOT_LEN] {
    let mut bytes = [0; SLOT_LEN];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&generation.to_le_bytes());
    bytes[24..32].copy_from_slice(&tip.segment.to_le_bytes());
    bytes[32..40].copy_from_slice(&tip.end.to_le_bytes());
    bytes[40..48].copy_from_slice(&tip.head.seq.to_le_bytes());
    bytes[48..MAC_AT].copy_from_slice(tip.head.hash.as_bytes());
    let mac = mac(&keys.mac, b"head", &bytes[..MAC_AT]);
    bytes[MAC_AT..].copy_from_slice(mac.expose());
    bytes
}

/// Name of the head file in the journal's directory.
pub(super) const FILE: &str = "head";
const MAGIC: &[u8; 8] = b"CWGJHEAD";
const SLOTS: u64 = 2;
const SLOT_STEP: u64 = 4096;
const SLOT_LEN: usize = MAC_AT + 32;
