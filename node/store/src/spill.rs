//! A temporary partition on the disk: records are pushed to one of a few shards, and each shard is read back as a whole.
//!
//! This is how a set that does not fit in memory is sorted or dealt: memory holds one buffer a shard while it is written
//! and one shard while it is read. The file has no name from its first moment on, and what it holds is sealed under a
//! key that is drawn for it and never leaves memory: nothing of it can be read once the process ends, however it ends.
//! Nothing is synced, because nothing is to survive.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::disk::{DiskFile, OsFile};
use crate::error::Damage;
use crate::seal::random;

/// Most shards of one spill.
pub const SHARDS_MAX: usize = 256;

/// A shard's buffer is sealed and written once it holds this many bytes.
const CHUNK_LEN: usize = 64 * 1024;

/// A partition being written.
#[derive(Debug)]
pub struct SpillWriter {
    spill: Spill,
    /// What is not yet written of each shard.
    buffers: Vec<Vec<u8>>,
    chunk_len: usize,
}

/// A partition, to be read.
#[derive(Debug)]
pub struct Spill {
    /// The directory: the file itself has no name.
    dir: PathBuf,
    file: Box<dyn DiskFile>,
    key: ChunkKey,
    record_len: usize,
    len: u64,
    chunks: u64,
    shards: Vec<ShardIndex>,
}

/// What is in a shard, and where.
#[derive(Clone, Debug, Default)]
struct ShardIndex {
    records: u64,
    chunks: Vec<Chunk>,
}

/// A sealed piece of a shard.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// Counted over all shards: the nonce of its seal.
    number: u64,
    offset: u64,
    /// Bytes before sealing.
    len: u32,
}

impl SpillWriter {
    /// A partition of records of `record_len` bytes into `shards`, in a file without a name in that directory.
    ///
    /// # Errors
    /// If there are more than [`SHARDS_MAX`] shards, or the disk refuses.
    ///
    /// # Panics
    /// If records have no bytes.
    pub fn new(dir: &Path, shards: usize, record_len: usize) -> Result<Self, StoreError> {
        // Mode 0600, and without a name before the first byte is written.
        let file = tempfile::tempfile_in(dir);
        let file = file.map_err(|error| StoreError::io("create a temporary file in", dir, error))?;
        Self::over(Box::new(OsFile(file)), dir, shards, record_len)
    }

    fn over(file: Box<dyn DiskFile>, dir: &Path, shards: usize, record_len: usize) -> Result<Self, StoreError> {
        assert!(record_len > 0, "a record has bytes");
        if shards > SHARDS_MAX {
            return Err(StoreError::TooManyShards { max: SHARDS_MAX });
        }
        let spill = Spill {
            dir: dir.to_owned(),
            file,
            key: ChunkKey::new(&Zeroizing::new(random()?)),
            record_len,
            len: 0,
            chunks: 0,
            shards: vec![ShardIndex::default(); shards],
        };
        // Whole records only, so that no chunk ends inside one.
        let chunk_len = (CHUNK_LEN / record_len).max(1) * record_len;
        Ok(Self { spill, buffers: vec![Vec::new(); shards], chunk_len })
    }

    /// Adds a record to a shard.
    ///
    /// # Errors
    /// If the disk refuses. The partition is to be dropped then.
    ///
    /// # Panics
    /// If there is no such shard, or the record has another length than all.
    pub fn push(&mut self, shard: usize, record: &[u8]) -> Result<(), StoreError> {
        assert!(record.len() == self.spill.record_len, "every record has the length of all");
        let buffer = &mut self.buffers[shard];
        buffer.extend_from_slice(record);
        if buffer.len() == self.chunk_len { self.flush(shard) } else { Ok(()) }
    }

    /// Writes what is left, and ends.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> Result<Spill, StoreError> {
        for shard in 0..self.buffers.len() {
            self.flush(shard)?;
            self.buffers[shard] = Vec::new();
        }
        Ok(self.spill)
    }

    fn flush(&mut self, shard: usize) -> Result<(), StoreError> {
        let buffer = &mut self.buffers[shard];
        if buffer.is_empty() {
            return Ok(());
        }
        let written = self.spill.append(shard, buffer);
        buffer.clear();
        written
    }
}

impl Spill {
    /// Records of a shard.
    pub fn count(&self, shard: usize) -> u64 {
        self.shards[shard].records
    }

    /// Shards, empty ones included.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The records of a shard, one after the other, in the order in which they were pushed.
    ///
    /// # Errors
    /// If the disk refuses, or gives back other bytes than were written.
    pub fn read(&self, shard: usize) -> Result<Vec<u8>, StoreError> {
        let mut records = Vec::with_capacity(self.shards[shard].records as usize * self.record_len);
        self.visit(shard, |chunk| records.extend_from_slice(chunk))?;
        Ok(records)
    }

    /// Gives the records of a shard to `visit`, some whole ones at a time, in the order in which they were pushed.
    ///
    /// # Errors
    /// If the disk refuses, or gives back other bytes than were written; what was visited before is sound.
    pub fn visit(&self, shard: usize, mut visit: impl FnMut(&[u8])) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for chunk in &self.shards[shard].chunks {
            bytes.resize(chunk.len as usize + TAG_LEN, 0);
            let read = self.file.read_at(&mut bytes, chunk.offset);
            let read = read.map_err(|error| StoreError::io("read a temporary file in", &self.dir, error))?;
            if read < bytes.len() {
                return Err(self.damage(*chunk, "a temporary file without a name here ends too early"));
            }
            let plain = self.key.open(chunk.number, shard, &mut bytes);
            visit(
                plain
                    .ok_or_else(|| self.damage(*chunk, "a temporary file without a name here does not authenticate"))?,
            );
        }
        Ok(())
    }

    /// Seals a chunk where it lies and writes it.
    fn append(&mut self, shard: usize, chunk: &mut Vec<u8>) -> Result<(), StoreError> {
        let (number, len) = (self.chunks, chunk.len());
        self.key.seal(number, shard, chunk);
        self.file
            .write_at(chunk, self.len)
            .map_err(|error| StoreError::io("write a temporary file in", &self.dir, error))?;
        let index = &mut self.shards[shard];
        index.records += (len / self.record_len) as u64;
        index.chunks.push(Chunk { number, offset: self.len, len: len as u32 });
        self.len += chunk.len() as u64;
        self.chunks += 1;
        Ok(())
    }

    fn damage(&self, chunk: Chunk, what: &'static str) -> StoreError {
        Damage::new(&self.dir, Some(chunk.number), chunk.offset, what).into()
    }
}

/// AES-256-GCM (NIST SP 800-38D), which is several times as fast as what seals what is kept, and of which the bytes of a
/// large set are sealed and opened twice. Nonces are counted under a key that serves one file, so none comes twice.
struct ChunkKey(LessSafeKey);

/// Bytes of a seal's tag.
const TAG_LEN: usize = 16;

impl ChunkKey {
    fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the cipher's keys have 32 bytes")))
    }

    /// Seals a chunk where it lies and puts the tag behind it.
    fn seal(&self, number: u64, shard: usize, chunk: &mut Vec<u8>) {
        let sealed = self.0.seal_in_place_append_tag(nonce(number), associated(shard), chunk);
        sealed.expect("a chunk is shorter than the cipher's limit of 64 GiB");
    }

    /// What was sealed as that chunk of that shard, or `None`.
    fn open<'a>(&self, number: u64, shard: usize, sealed: &'a mut [u8]) -> Option<&'a [u8]> {
        self.0.open_in_place(nonce(number), associated(shard), sealed).ok().map(|plain| &*plain)
    }
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkKey(..)")
    }
}

/// A chunk's number serves one seal of the file's key and no other.
fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// With the number in the nonce: a chunk opens as that chunk of that shard only.
fn associated(shard: usize) -> Aad<[u8; 8]> {
    Aad::from((shard as u64).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk as _;
    use crate::faults::{Dice, Fault, FaultDisk};
    use crate::{Blame, StoreError};

    const DIR: &str = "/spill";
    const FILE: &str = "/spill/file";

    fn on(disk: &FaultDisk, shards: usize, record_len: usize) -> Result<SpillWriter, StoreError> {
        let file = disk.create(Path::new(FILE)).map_err(|error| StoreError::io("create", Path::new(FILE), error))?;
        SpillWriter::over(file, Path::new(DIR), shards, record_len)
    }

    /// Pushes records to shards by dice, and returns what each shard should hold.
    fn fill(writer: &mut SpillWriter, records: usize, record_len: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let shards = writer.buffers.len();
        let mut dice = Dice(9);
        let mut expected = vec![Vec::new(); shards];
        for _ in 0..records {
            let shard = dice.up_to(shards - 1);
            let record: Vec<u8> = (0..record_len).map(|_| dice.roll() as u8).collect();
            writer.push(shard, &record)?;
            expected[shard].extend(record);
        }
        Ok(expected)
    }

    #[test]
    fn each_shard_gives_back_its_records_in_order() {
        let dir = tempfile::tempdir().expect("a directory");
        for (shards, record_len, records) in [(1, 1, 0), (1, 36, 4000), (3, 36, 8000), (256, 7, 1000), (2, 70_000, 5)] {
            let mut writer = SpillWriter::new(dir.path(), shards, record_len).expect("a file");
            let expected = fill(&mut writer, records, record_len).expect("nothing fails");
            let spill = writer.finish().expect("nothing fails");
            assert_eq!(spill.shards(), shards);
            for (shard, expected) in expected.iter().enumerate() {
                assert!(spill.read(shard).expect("nothing fails") == *expected, "{shards} {record_len} {shard}");
                assert_eq!(spill.count(shard), (expected.len() / record_len) as u64);
            }
        }
    }

    #[test]
    fn the_file_has_no_name_and_holds_nothing_in_the_clear() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut writer = SpillWriter::new(dir.path(), 1, 32).expect("a file");
        writer.push(0, &[7; 32]).expect("nothing fails");
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0);

        let disk = FaultDisk::default();
        let mut writer = on(&disk, 1, 32).expect("nothing fails");
        writer.push(0, &[7; 32]).expect("nothing fails");
        let _spill = writer.finish().expect("nothing fails");
        disk.damage(Path::new(FILE), |bytes| assert!(!bytes.windows(8).any(|window| window == [7; 8])));
    }

    #[test]
    fn more_shards_than_buffers_are_allowed_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = SpillWriter::new(dir.path(), SHARDS_MAX + 1, 1).expect_err("one too many");
        assert!(matches!(error, StoreError::TooManyShards { max: SHARDS_MAX }));
        assert!(SpillWriter::new(dir.path(), SHARDS_MAX, 1).is_ok());
    }

    #[test]
    fn a_full_disk_and_a_failed_operation_are_named() {
        for fault in [Fault::Full, Fault::Error] {
            let mut failed = 0;
            for at in 1.. {
                let disk = FaultDisk::default();
                let mut writer = on(&disk, 2, 36).expect("nothing fails");
                disk.arm(at, fault);
                let read = fill(&mut writer, 6000, 36)
                    .and_then(|_| writer.finish())
                    .and_then(|spill| (0..2).try_for_each(|shard| spill.read(shard).map(drop)));
                if !disk.met() {
                    break;
                }
                // A full disk does not keep what is there from being read.
                let Err(error) = read else { continue };
                failed += 1;
                assert_eq!(error.blame(), Blame::Machine);
                assert_eq!(matches!(error, StoreError::DiskFull { .. }), fault == Fault::Full, "{error}");
            }
            assert!(failed >= 4, "only {failed} failures");
        }
    }

    #[test]
    fn a_changed_or_missing_byte_is_named_and_so_is_a_chunk_in_anothers_place() {
        let disk = FaultDisk::default();
        let mut writer = on(&disk, 2, 3).expect("nothing fails");
        for record in [[1; 3], [2; 3]] {
            (0..2).for_each(|shard| writer.push(shard, &record).expect("nothing fails"));
        }
        let spill = writer.finish().expect("nothing fails");
        let mut whole = Vec::new();
        disk.damage(Path::new(FILE), |bytes| whole.clone_from(bytes));
        let check = |changed: &[u8], shard: usize| {
            disk.damage(Path::new(FILE), |bytes| *bytes = changed.to_vec());
            let error = spill.read(shard).expect_err("it is damaged");
            assert!(matches!(error, StoreError::Damaged(_)), "{error}");
        };
        let half = whole.len() / 2;
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            check(&changed, at / half);
            check(&whole[..at], 1);
        }
        let crossed = [&whole[half..], &whole[..half]].concat();
        check(&crossed, 0);
        check(&crossed, 1);
        disk.damage(Path::new(FILE), |bytes| bytes.clone_from(&whole));
        assert_eq!(spill.read(1).expect("it is whole again"), [1, 1, 1, 2, 2, 2]);
    }
}
