//! Sorted rows in sealed chunks: the form shared by set files and by the runs a load is merged from
//! (`docs/spec/store.md` §5.2).

use std::path::{Path, PathBuf};

use cwg_crypto::{Domain, Secret32, derive, digest};
use cwg_engine::io::IndicatorRow;
use cwg_protocol::{Item, LoadId};

use super::row;
use crate::boxes::Kind;
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;
use crate::seal::{NONCE_LEN, SealKey, TAG_LEN, random};
use crate::{StoreError, field};

/// What a chunked file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Set = 1,
    Run = 2,
}

/// The first bytes of a file; associated data of every chunk in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) purpose: Purpose,
    pub(super) load: LoadId,
    file_id: [u8; 16],
}

impl FileHeader {
    pub(super) fn draw(purpose: Purpose, load: LoadId) -> Result<Self, StoreError> {
        Ok(Self { purpose, load, file_id: random()? })
    }

    fn encode(&self) -> [u8; FILE_HEADER_LEN] {
        let mut bytes = [0; FILE_HEADER_LEN];
        bytes[..8].copy_from_slice(KIND.magic);
        bytes[8..10].copy_from_slice(&KIND.version.to_le_bytes());
        bytes[10] = self.purpose as u8;
        bytes[16..24].copy_from_slice(&self.load.0);
        bytes[24..].copy_from_slice(&self.file_id);
        bytes
    }

    /// Reads the header of a set file; that it is genuine, the first box opened under it shows.
    pub(super) fn read(file: &dyn DiskFile, path: &Path, load: LoadId) -> Result<Self, StoreError> {
        let bytes = KIND.head(file, path)?;
        let header = Self { purpose: Purpose::Set, load, file_id: field(&*bytes, 24) };
        if header.encode() != *bytes {
            return Err(Damage::new(path, None, 10, "the file is not the set file of its load").into());
        }
        Ok(header)
    }

    /// The key of this file alone, so that box numbers serve as nonces.
    pub(super) fn key(&self, sets_key: &Secret32) -> SealKey {
        SealKey::new(&derive(Domain::SetKey, sets_key, &[&self.encode()]))
    }

    pub(super) fn seal(&self, key: &SealKey, number: u64, plain: &[u8]) -> Vec<u8> {
        key.seal(&nonce(number), &self.associated(number), plain)
    }

    pub(super) fn open(&self, key: &SealKey, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        key.open(&nonce(number), &self.associated(number), sealed).ok()
    }

    fn associated(&self, number: u64) -> [u8; FILE_HEADER_LEN + 8] {
        let mut bytes = [0; FILE_HEADER_LEN + 8];
        bytes[..FILE_HEADER_LEN].copy_from_slice(&self.encode());
        bytes[FILE_HEADER_LEN..].copy_from_slice(&number.to_le_bytes());
        bytes
    }
}

/// Where a chunk is and what it starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkPlace {
    pub(super) first: Item,
    pub(super) offset: u64,
    pub(super) sealed_len: u32,
    pub(super) rows: u32,
    /// Digest of the rows, so that the file's digest names its content.
    pub(super) content: [u8; 32],
}

/// Writes rows, which come sorted, chunk after chunk.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    pub(super) path: PathBuf,
    pub(super) header: FileHeader,
    pub(super) key: SealKey,
    file: Box<dyn DiskFile>,
    pub(super) offset: u64,
    plain: Vec<u8>,
    rows: u32,
    first: Option<Item>,
    pub(super) places: Vec<ChunkPlace>,
}

impl ChunkWriter {
    pub(super) fn create(
        disk: &dyn Disk,
        path: PathBuf,
        header: FileHeader,
        sets_key: &Secret32,
    ) -> Result<Self, StoreError> {
        let file = disk.create(&path).map_err(|error| StoreError::io("create", &path, error))?;
        let mut writer = Self {
            path,
            header,
            key: header.key(sets_key),
            file,
            offset: 0,
            plain: Vec::with_capacity(CHUNK_LEN + row::LEN_MAX),
            rows: 0,
            first: None,
            places: Vec::new(),
        };
        writer.write(&header.encode())?;
        Ok(writer)
    }

    /// Adds a row: its length and its bytes, as [`row::encode`] makes them.
    pub(super) fn push(&mut self, item: Item, encoded: &[u8]) -> Result<(), StoreError> {
        self.first.get_or_insert(item);
        self.plain.extend_from_slice(encoded);
        self.rows += 1;
        if self.plain.len() >= CHUNK_LEN { self.end_chunk() } else { Ok(()) }
    }

    /// Writes what is left of the last chunk.
    pub(super) fn end_chunk(&mut self) -> Result<(), StoreError> {
        let Some(first) = self.first.take() else {
            return Ok(());
        };
        let number = self.places.len() as u64;
        let sealed = self.header.seal(&self.key, number, &self.plain);
        self.places.push(ChunkPlace {
            first,
            offset: self.offset,
            sealed_len: sealed.len() as u32,
            rows: self.rows,
            content: content_of(&self.plain),
        });
        self.plain.clear();
        self.rows = 0;
        self.write(&sealed)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_at(bytes, self.offset).map_err(|error| StoreError::io("write", &self.path, error))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync().map_err(|error| StoreError::io("sync", &self.path, error))
    }

    /// Ends a run, which lives no longer than the process: its places are kept in memory and it is not synced.
    pub(super) fn into_chunks(mut self) -> Result<Chunks, StoreError> {
        self.end_chunk()?;
        Ok(Chunks { path: self.path, header: self.header, key: self.key, file: self.file, places: self.places })
    }
}

/// A file of chunks, to be read.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) path: PathBuf,
    pub(super) header: FileHeader,
    pub(super) key: SealKey,
    pub(super) file: Box<dyn DiskFile>,
    pub(super) places: Vec<ChunkPlace>,
}

impl Chunks {
    /// The rows of one chunk, as bytes.
    pub(super) fn read(&self, number: usize) -> Result<Vec<u8>, StoreError> {
        let place = &self.places[number];
        if !(TAG_LEN..=CHUNK_LEN + row::LEN_MAX + TAG_LEN).contains(&(place.sealed_len as usize)) {
            return Err(self.damage(number, "the length of the chunk is outside its limits"));
        }
        let mut sealed = vec![0; place.sealed_len as usize];
        let read =
            self.file.read_at(&mut sealed, place.offset).map_err(|error| StoreError::io("read", &self.path, error))?;
        if read < sealed.len() {
            return Err(self.damage(number, "the file ends inside the chunk"));
        }
        let plain = self.header.open(&self.key, number as u64, &sealed);
        let plain = plain.ok_or_else(|| self.damage(number, "the chunk does not authenticate"))?;
        if content_of(&plain) != place.content {
            return Err(self.damage(number, "the chunk is not the one the footer names"));
        }
        Ok(plain)
    }

    pub(super) fn damage(&self, number: usize, what: &'static str) -> StoreError {
        Damage::new(&self.path, Some(number as u64), self.places[number].offset, what).into()
    }
}

/// Rows of a file in order, one chunk in memory at a time.
#[derive(Debug)]
pub(super) struct Rows<C> {
    chunks: C,
    next_chunk: usize,
    plain: Vec<u8>,
    at: usize,
}

impl<C: AsRef<Chunks>> Rows<C> {
    pub(super) fn new(chunks: C) -> Self {
        Self { chunks, next_chunk: 0, plain: Vec::new(), at: 0 }
    }

    fn advance(&mut self) -> Result<Option<IndicatorRow>, StoreError> {
        let chunks = self.chunks.as_ref();
        while self.at == self.plain.len() {
            if self.next_chunk == chunks.places.len() {
                return Ok(None);
            }
            self.plain = chunks.read(self.next_chunk)?;
            self.next_chunk += 1;
            self.at = 0;
        }
        let malformed = || chunks.damage(self.next_chunk - 1, "the chunk holds a malformed row");
        let (bytes, rest) = row::split(&self.plain[self.at..]).ok_or_else(malformed)?;
        let row = row::decode(bytes).ok_or_else(malformed)?;
        self.at = self.plain.len() - rest.len();
        Ok(Some(row))
    }
}

impl<C: AsRef<Chunks>> Iterator for Rows<C> {
    type Item = Result<IndicatorRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.advance().transpose();
        if matches!(row, Some(Err(_))) {
            self.next_chunk = self.chunks.as_ref().places.len();
            self.plain = Vec::new();
            self.at = 0;
        }
        row
    }
}

impl AsRef<Self> for Chunks {
    fn as_ref(&self) -> &Self {
        self
    }
}

fn content_of(plain: &[u8]) -> [u8; 32] {
    *digest(Domain::SetContent, &[plain]).as_bytes()
}

fn nonce(number: u64) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce
}

/// A chunk is sealed once it holds this many bytes.
const CHUNK_LEN: usize = 64 * 1024;
pub(super) const FILE_HEADER_LEN: usize = 40;
const KIND: Kind = Kind { magic: b"CWGSETS1", version: 1, stranger: "this is no set file" };
