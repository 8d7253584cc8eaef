//! Reading a set file: its footer first, then only the chunks that are asked for (`docs/spec/store.md` §5.3).

use std::path::PathBuf;
use std::sync::Arc;

use cwg_crypto::{Digest, Domain, digest};
use cwg_engine::io::IndicatorRow;
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::{Item, LoadId};

use super::chunk::{ChunkPlace, Chunks, FILE_HEADER_LEN, FileHeader, Rows};
use super::{SetRef, SetSummary, row};
use crate::disk::DiskFile;
use crate::error::Damage;
use crate::seal::TAG_LEN;
use crate::{StoreError, field};

/// One open set file. It can be read even after it was purged, until it is dropped.
#[derive(Debug)]
pub struct SetReader {
    chunks: Arc<Chunks>,
    summary: SetSummary,
}

impl SetReader {
    pub(super) fn open(
        file: Box<dyn DiskFile>,
        path: PathBuf,
        sets_key: &cwg_crypto::Secret32,
        set: &SetRef,
    ) -> Result<Self, StoreError> {
        let header = FileHeader::read(file.as_ref(), &path, set.load)?;
        let key = header.key(sets_key);
        let bytes = file.len().map_err(|error| StoreError::io("read", &path, error))?;
        let damage = |offset, what| StoreError::Damaged(Damage::new(&path, None, offset, what));
        let (footer_at, sealed) = read_footer(file.as_ref(), &path, bytes)?;
        let plain = header
            .open(&key, FOOTER_NUMBER, &sealed)
            .ok_or_else(|| damage(footer_at, "the footer does not authenticate"))?;
        if footer_digest(set.load, &plain) != set.digest {
            return Err(damage(footer_at, "the file is not the set that the journal names"));
        }
        let footer = Footer::decode(&plain).ok_or_else(|| damage(footer_at, "the footer is malformed"))?;
        let summary = SetSummary {
            load: set.load,
            items: footer.counts.iter().map(|(.., count)| count).sum(),
            rows_in: footer.rows_in,
            per_kind: footer.counts,
            digest: set.digest,
            bytes,
        };
        let chunks = Arc::new(Chunks { path, header, key, file, places: footer.places });
        Ok(Self { chunks, summary })
    }

    /// What the load said when it was finished.
    pub fn summary(&self) -> &SetSummary {
        &self.summary
    }

    /// Every row in order of its item, one chunk in memory at a time.
    pub fn rows(&self) -> impl Iterator<Item = Result<IndicatorRow, StoreError>> + Send + 'static {
        Rows::new(self.chunks.clone())
    }

    pub(super) fn into_rows(self) -> Rows<Arc<Chunks>> {
        Rows::new(self.chunks)
    }

    /// Reads every row again, and checks order and counts.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<(), StoreError> {
        let mut counts = Counts::default();
        let mut last = None;
        for row in self.rows() {
            let row = row?;
            if last.is_some_and(|last| last >= row.item) {
                return Err(Damage::new(&self.chunks.path, None, 0, "the rows are not in ascending order").into());
            }
            last = Some(row.item);
            counts.add(&row);
        }
        if counts.into_list() != self.summary.per_kind {
            return Err(Damage::new(&self.chunks.path, None, 0, "the rows are not as many as the footer says").into());
        }
        Ok(())
    }
}

/// How many items of each kind and roles.
#[derive(Debug, Default)]
pub(super) struct Counts(std::collections::BTreeMap<(IndicatorKind, Roles), u64>);

impl Counts {
    pub(super) fn add(&mut self, row: &IndicatorRow) {
        *self.0.entry((row.kind, row.roles)).or_default() += 1;
    }

    pub(super) fn into_list(self) -> Vec<(IndicatorKind, Roles, u64)> {
        self.0.into_iter().map(|((kind, roles), count)| (kind, roles, count)).collect()
    }
}

/// The last box of a set file: what is in it, and where.
pub(super) struct Footer {
    pub(super) rows_in: u64,
    pub(super) counts: Vec<(IndicatorKind, Roles, u64)>,
    pub(super) places: Vec<ChunkPlace>,
}

impl Footer {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 11 * self.counts.len() + PLACE_LEN * self.places.len());
        bytes.extend_from_slice(&self.rows_in.to_le_bytes());
        bytes.extend_from_slice(&(self.counts.len() as u32).to_le_bytes());
        for (kind, roles, count) in &self.counts {
            bytes.extend_from_slice(&(*kind as u16).to_le_bytes());
            bytes.push(row::roles_byte(*roles));
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes.extend_from_slice(&(self.places.len() as u32).to_le_bytes());
        for place in &self.places {
            bytes.extend_from_slice(&place.first.0);
            bytes.extend_from_slice(&place.offset.to_le_bytes());
            bytes.extend_from_slice(&place.sealed_len.to_le_bytes());
            bytes.extend_from_slice(&place.rows.to_le_bytes());
            bytes.extend_from_slice(&place.content);
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_at_checked(12)?;
        let rows_in = u64::from_le_bytes(field(fixed, 0));
        let count = u32::from_le_bytes(field(fixed, 8)) as usize;
        let (counts, rest) = rest.split_at_checked(count.checked_mul(11)?)?;
        let counts = counts
            .chunks_exact(11)
            .map(|bytes| {
                let kind = row::kind_of(u16::from_le_bytes(field(bytes, 0)))?;
                Some((kind, row::roles_of(bytes[2])?, u64::from_le_bytes(field(bytes, 3))))
            })
            .collect::<Option<Vec<_>>>()?;
        let (count, rest) = rest.split_at_checked(4)?;
        let count = u32::from_le_bytes(field(count, 0)) as usize;
        if rest.len() != count.checked_mul(PLACE_LEN)? {
            return None;
        }
        let places = rest
            .chunks_exact(PLACE_LEN)
            .map(|bytes| ChunkPlace {
                first: Item(field(bytes, 0)),
                offset: u64::from_le_bytes(field(bytes, 32)),
                sealed_len: u32::from_le_bytes(field(bytes, 40)),
                rows: u32::from_le_bytes(field(bytes, 44)),
                content: field(bytes, 48),
            })
            .collect();
        Some(Self { rows_in, counts, places })
    }
}

/// The digest that the journal keeps of a set: it covers every row through the digests of the chunks.
pub(super) fn footer_digest(load: LoadId, footer: &[u8]) -> Digest {
    digest(Domain::SetContent, &[&load.0, footer])
}

/// The last bytes of a set file, which say where its footer is.
pub(super) fn trailer(footer_at: u64) -> [u8; TRAILER_LEN] {
    let mut bytes = [0; TRAILER_LEN];
    bytes[..8].copy_from_slice(&footer_at.to_le_bytes());
    bytes[8..].copy_from_slice(END_MAGIC);
    bytes
}

fn read_footer(file: &dyn DiskFile, path: &std::path::Path, bytes: u64) -> Result<(u64, Vec<u8>), StoreError> {
    let io = |error| StoreError::io("read", path, error);
    let damage = |what| StoreError::Damaged(Damage::new(path, None, bytes.saturating_sub(TRAILER_LEN as u64), what));
    let Some(trailer_at) = bytes.checked_sub(TRAILER_LEN as u64) else {
        return Err(damage("the file is cut short"));
    };
    let mut end = [0; TRAILER_LEN];
    if file.read_at(&mut end, trailer_at).map_err(io)? < TRAILER_LEN || end[8..] != *END_MAGIC {
        return Err(damage("the file has no end"));
    }
    let footer_at = u64::from_le_bytes(field(&end, 0));
    let allowed = trailer_at.saturating_sub(FOOTER_LEN_MAX).max(FILE_HEADER_LEN as u64);
    if footer_at < allowed || footer_at.saturating_add(TAG_LEN as u64) > trailer_at {
        return Err(damage("the file's end points outside the file"));
    }
    let mut sealed = vec![0; (trailer_at - footer_at) as usize];
    if file.read_at(&mut sealed, footer_at).map_err(io)? < sealed.len() {
        return Err(damage("the file is cut short"));
    }
    Ok((footer_at, sealed))
}

/// The footer's number among the boxes of a file; no chunk has it.
pub(super) const FOOTER_NUMBER: u64 = u64::MAX;
/// A longer footer is not written: 80 bytes for each chunk of 64 KiB, so sets up to about 200 GiB.
pub(super) const FOOTER_LEN_MAX: u64 = 256 * 1024 * 1024;
const PLACE_LEN: usize = 80;
const TRAILER_LEN: usize = 16;
const END_MAGIC: &[u8; 8] = b"CWGSETZZ";
