//! One sealed file of a table: a head, then chunks of two boxes each: tags, which every merge reads, and the rest of the rows,
//! which is opened where a tag matched.

use std::path::{Path, PathBuf};

use cwg_crypto::aead::{NONCE_LEN, TAG_LEN};
use cwg_crypto::{Domain, SealKey, Secret32, derive};
use cwg_protocol::lighthouse::standing::Period;
use zeroize::Zeroizing;

use crate::boxes::{BoxPlace, Kind, open_box};
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;
use crate::seal::random;
use crate::{StoreError, field};

/// What stands in the first bytes: it is bound into every box, and half of the file's key.
#[derive(Debug)]
pub(super) struct FileHeader {
    period: Period,
    /// Rows of the file.
    pub(super) rows: u64,
    salt: Zeroizing<[u8; 32]>,
}

/// Rows being written, in order of their tags.
#[derive(Debug)]
pub(super) struct FileWriter {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    header: FileHeader,
    key: SealKey,
    offset: u64,
    chunks: u64,
    tags: Vec<u8>,
    rests: Vec<u8>,
}

/// A file to be read.
#[derive(Debug)]
pub(super) struct TableFile {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    header: FileHeader,
    key: SealKey,
}

impl FileHeader {
    fn encode(&self) -> Zeroizing<[u8; FILE_HEADER_LEN]> {
        let mut bytes = Zeroizing::new([0; FILE_HEADER_LEN]);
        bytes[..8].copy_from_slice(KIND.magic);
        bytes[8..10].copy_from_slice(&KIND.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.period.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.rows.to_le_bytes());
        bytes[32..].copy_from_slice(&*self.salt);
        bytes
    }

    fn key(&self, tables_key: &Secret32) -> SealKey {
        SealKey::new(derive(Domain::StandingTable, tables_key, &[&*self.encode()]))
    }
}

impl FileWriter {
    pub(super) fn create(
        disk: &dyn Disk,
        path: PathBuf,
        tables_key: &Secret32,
        period: Period,
        rows: u64,
    ) -> Result<Self, StoreError> {
        let header = FileHeader { period, rows, salt: Zeroizing::new(random()?) };
        let mut file = disk.create(&path).map_err(|error| StoreError::io("create", &path, error))?;
        file.write_at(&*header.encode(), 0).map_err(|error| StoreError::io("write", &path, error))?;
        let key = header.key(tables_key);
        let (tags, rests) = (Vec::new(), Vec::new());
        Ok(Self { path, file, header, key, offset: FILE_HEADER_LEN as u64, chunks: 0, tags, rests })
    }

    /// Adds a row: its tag first, then the rest.
    pub(super) fn push(&mut self, row: &[u8]) -> Result<(), StoreError> {
        let (tag, rest) = row.split_at(TAG_BYTES);
        self.tags.extend_from_slice(tag);
        self.rests.extend_from_slice(rest);
        if self.tags.len() == CHUNK_ROWS * TAG_BYTES { self.end_chunk() } else { Ok(()) }
    }

    /// Writes what is left, and makes all of it durable.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.end_chunk()?;
        let written = self.offset - FILE_HEADER_LEN as u64;
        debug_assert_eq!(written, (0..self.chunks).map(|chunk| sealed_len(self.header.rows, chunk)).sum::<u64>());
        self.file.sync().map_err(|error| StoreError::io("sync", &self.path, error))
    }

    fn end_chunk(&mut self) -> Result<(), StoreError> {
        if self.tags.is_empty() {
            return Ok(());
        }
        for (half, plain) in [(0, &mut self.tags), (1, &mut self.rests)] {
            let tag = self.key.seal_in_place(&nonce(2 * self.chunks + half), &[], plain);
            plain.extend_from_slice(&tag);
            self.file.write_at(plain, self.offset).map_err(|error| StoreError::io("write", &self.path, error))?;
            self.offset += plain.len() as u64;
            plain.clear();
        }
        self.chunks += 1;
        Ok(())
    }
}

impl TableFile {
    pub(super) fn open(
        disk: &dyn Disk,
        path: PathBuf,
        tables_key: &Secret32,
        period: Period,
    ) -> Result<Self, StoreError> {
        let file = disk.open(&path).map_err(|error| StoreError::io("open", &path, error))?;
        let bytes = KIND.head::<FILE_HEADER_LEN>(file.as_ref(), &path)?;
        let rows = u64::from_le_bytes(field(&*bytes, 16));
        let header = FileHeader { period, rows, salt: Zeroizing::new(field(&*bytes, 32)) };
        if *header.encode() != *bytes {
            return Err(Damage::new(&path, None, 10, "the file is not of the table of its name").into());
        }
        let len = file.len().map_err(|error| StoreError::io("read", &path, error))?;
        let whole = rows.checked_mul(super::ROW_LEN as u64).filter(|least| *least < len).map(|_| {
            let (chunks, last) = (rows / CHUNK_ROWS as u64, rows % CHUNK_ROWS as u64);
            let boxes = chunks * sealed_len(u64::MAX, 0) + if last > 0 { sealed_len(last, 0) } else { 0 };
            FILE_HEADER_LEN as u64 + boxes
        });
        if whole != Some(len) {
            return Err(Damage::new(&path, None, len, "the file is longer or shorter than its rows").into());
        }
        let key = header.key(tables_key);
        Ok(Self { path, file, header, key })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rows(&self) -> u64 {
        self.header.rows
    }

    pub(super) fn chunks(&self) -> u64 {
        self.header.rows.div_ceil(CHUNK_ROWS as u64)
    }

    /// The tags of a chunk, one after the other.
    pub(super) fn tags(&self, chunk: u64) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.read(chunk, 0, TAG_BYTES)
    }

    /// The rests of the rows of a chunk, one after the other.
    pub(super) fn rests(&self, chunk: u64) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.read(chunk, 1, REST_BYTES)
    }

    fn read(&self, chunk: u64, half: u64, each: usize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let rows = rows_of(self.header.rows, chunk) as usize;
        let start = FILE_HEADER_LEN as u64 + chunk * sealed_len(u64::MAX, 0);
        let offset = start + half * (rows * TAG_BYTES + TAG_LEN) as u64;
        let place = BoxPlace { chunk, offset, len: rows * each, nonce: nonce(2 * chunk + half) };
        open_box(self.file.as_ref(), &self.path, &self.key, &place)
    }
}

/// Rows of a chunk of a file with so many.
fn rows_of(rows: u64, chunk: u64) -> u64 {
    rows.saturating_sub(chunk * CHUNK_ROWS as u64).min(CHUNK_ROWS as u64)
}

/// Bytes of both boxes of a chunk.
fn sealed_len(rows: u64, chunk: u64) -> u64 {
    rows_of(rows, chunk) * super::ROW_LEN as u64 + 2 * TAG_LEN as u64
}

/// A box's number serves one seal of the file's key and no other. The key binds the head.
fn nonce(number: u64) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce
}

/// Rows of every chunk but the last.
pub(super) const CHUNK_ROWS: usize = 1024;
/// Bytes of a tag, and of a row's rest: label secret, item.
pub(super) const TAG_BYTES: usize = 16;
pub(super) const REST_BYTES: usize = super::ROW_LEN - TAG_BYTES;
pub(super) const FILE_HEADER_LEN: usize = 64;
const KIND: Kind = Kind { magic: b"CWGTABL1", version: 1, stranger: "this is no file of a table, or it was destroyed" };
