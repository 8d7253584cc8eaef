//! One sealed file of a release's content: a head, then boxes of a fixed length, of which the last says that it is the last
//! (`docs/spec/store.md` §6.1). It grows as it is written, and any box is read on its own.

use std::path::PathBuf;

use cwg_crypto::aead::{NONCE_LEN, TAG_LEN};
use cwg_crypto::{Domain, SealKey, Secret32, derive};
use cwg_engine::record::ContentId;
use cwg_protocol::lighthouse::LabelClass;
use zeroize::Zeroizing;

use crate::boxes::{BoxPlace, Kind, open_box};
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;
use crate::seal::random;
use crate::{StoreError, field};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Encoded records, each after its length.
    Records,
    /// Items with a label of this class each.
    Entries(LabelClass),
}

/// What stands in the first bytes. The file's key is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileHeader {
    part: Part,
    content: ContentId,
    file_id: [u8; 16],
}

/// A file being written.
#[derive(Debug)]
pub(super) struct FileWriter {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    key: SealKey,
    chunk_len: usize,
    offset: u64,
    chunk: u64,
    plain: Zeroizing<Vec<u8>>,
}

/// A file to be read. That it is whole was checked when it was opened: its last box is there and is the last.
#[derive(Debug)]
pub(super) struct SealedFile {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    key: SealKey,
    part: Part,
    chunks: u64,
    /// Bytes of the last chunk before sealing.
    last_len: usize,
}

impl Part {
    /// Bytes of every chunk but the last, before sealing.
    pub(super) const fn chunk_len(self) -> usize {
        match self {
            Self::Records => RECORDS_CHUNK_LEN,
            Self::Entries(class) => CHUNK_ROWS * row_len(class),
        }
    }
}

impl FileHeader {
    fn encode(&self) -> [u8; HEADER_LEN] {
        let (part, class) = match self.part {
            Part::Records => (1, 0),
            Part::Entries(class) => (2, u16::from(class)),
        };
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(KIND.magic);
        bytes[8..10].copy_from_slice(&KIND.version.to_le_bytes());
        bytes[10] = part;
        bytes[12..14].copy_from_slice(&class.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.content.0);
        bytes[24..].copy_from_slice(&self.file_id);
        bytes
    }

    /// The head that encodes to these bytes.
    fn decode(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let part = match (bytes[10], u16::from_le_bytes(field(bytes, 12))) {
            (1, 0) => Part::Records,
            (2, class) => Part::Entries(class.try_into().ok()?),
            _ => return None,
        };
        let header = Self { part, content: ContentId(field(bytes, 16)), file_id: field(bytes, 24) };
        (header.encode() == *bytes).then_some(header)
    }

    /// The key of this file alone, so that the numbers of boxes serve as nonces.
    fn key(&self, releases_key: &Secret32) -> SealKey {
        SealKey::new(derive(Domain::ReleaseFile, releases_key, &[&self.encode()]))
    }
}

impl FileWriter {
    pub(super) fn create(
        disk: &dyn Disk,
        path: PathBuf,
        releases_key: &Secret32,
        part: Part,
        content: ContentId,
    ) -> Result<Self, StoreError> {
        let header = FileHeader { part, content, file_id: random()? };
        let mut file = disk.create(&path).map_err(|error| StoreError::io("create", &path, error))?;
        file.write_at(&header.encode(), 0).map_err(|error| StoreError::io("write", &path, error))?;
        let chunk_len = part.chunk_len();
        let plain = Zeroizing::new(Vec::with_capacity(chunk_len + TAG_LEN));
        let key = header.key(releases_key);
        Ok(Self { path, file, key, chunk_len, offset: HEADER_LEN as u64, chunk: 0, plain })
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            // A full chunk is sealed once more follows: only then is it known not to be the last.
            if self.plain.len() == self.chunk_len {
                self.seal(Place::Before)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.chunk_len - self.plain.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes what is left as the last box, and makes all of it durable.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.seal(Place::Last)?;
        self.file.sync().map_err(|error| StoreError::io("sync", &self.path, error))
    }

    fn seal(&mut self, place: Place) -> Result<(), StoreError> {
        let tag = self.key.seal_in_place(&nonce(self.chunk, place), &[], &mut self.plain);
        self.plain.extend_from_slice(&tag);
        let written = self.file.write_at(&self.plain, self.offset);
        written.map_err(|error| StoreError::io("write", &self.path, error))?;
        self.offset += self.plain.len() as u64;
        self.chunk += 1;
        self.plain.clear();
        Ok(())
    }
}

impl SealedFile {
    /// Opens a file, which must be of this content, and checks that it is whole.
    pub(super) fn open(
        file: Box<dyn DiskFile>,
        path: PathBuf,
        releases_key: &Secret32,
        content: ContentId,
    ) -> Result<Self, StoreError> {
        let damage = |offset, what| StoreError::Damaged(Damage::new(&path, None, offset, what));
        let bytes = KIND.head(file.as_ref(), &path)?;
        let header = FileHeader::decode(&bytes).filter(|header| header.content == content);
        let header = header.ok_or_else(|| damage(10, "the file is not of the content of its name"))?;
        let len = file.len().map_err(|error| StoreError::io("read", &path, error))?;
        let sealed_len = (header.part.chunk_len() + TAG_LEN) as u64;
        let chunks = len.saturating_sub(HEADER_LEN as u64).div_ceil(sealed_len).max(1);
        let last_at = HEADER_LEN as u64 + (chunks - 1) * sealed_len;
        let last_len = len.saturating_sub(last_at).checked_sub(TAG_LEN as u64).filter(|len| chunks == 1 || *len > 0);
        let last_len = last_len.ok_or_else(|| damage(len, "the file is cut short"))? as usize;
        let key = header.key(releases_key);
        let sealed = Self { path, file, key, part: header.part, chunks, last_len };
        sealed.chunk(chunks - 1)?;
        Ok(sealed)
    }

    pub(super) const fn part(&self) -> Part {
        self.part
    }

    pub(super) const fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Bytes of all chunks before sealing.
    pub(super) const fn len(&self) -> u64 {
        (self.chunks - 1) * self.part.chunk_len() as u64 + self.last_len as u64
    }

    /// A chunk, which the file must have.
    pub(super) fn chunk(&self, number: u64) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (len, place) = if number + 1 == self.chunks {
            (self.last_len, Place::Last)
        } else {
            (self.part.chunk_len(), Place::Before)
        };
        let place = BoxPlace { chunk: number, offset: self.offset(number), len, nonce: nonce(number, place) };
        open_box(self.file.as_ref(), &self.path, &self.key, &place)
    }

    pub(super) fn damage(&self, chunk: u64, what: &'static str) -> StoreError {
        Damage::new(&self.path, Some(chunk), self.offset(chunk), what).into()
    }

    const fn offset(&self, chunk: u64) -> u64 {
        HEADER_LEN as u64 + chunk * (self.part.chunk_len() + TAG_LEN) as u64
    }
}

/// Whether a chunk ends its file. Without it, a file cut at the edge of a chunk would be a shorter good one.
#[derive(Clone, Copy, Debug)]
enum Place {
    Before = 0,
    Last = 1,
}

/// A chunk's number and place serve one seal of the file's key and no other. The key binds the head.
fn nonce(number: u64, place: Place) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce[8] = place as u8;
    nonce
}

/// Bytes of an item and its label.
pub(super) const fn row_len(class: LabelClass) -> usize {
    ITEM_LEN + class.len()
}

/// Rows of every chunk of entries but the last.
pub(super) const CHUNK_ROWS: usize = 1024;
pub(super) const ITEM_LEN: usize = 32;
const RECORDS_CHUNK_LEN: usize = 64 * 1024;
const HEADER_LEN: usize = 40;
const KIND: Kind = Kind { magic: b"CWGRELS1", version: 1, stranger: "this is no file of a release's content" };
