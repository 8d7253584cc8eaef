//! One record on disk, and the header of the segment it stands in (`docs/spec/store.md` §3.1 and §3.2).

use std::path::Path;

use cwg_crypto::{Digest, Domain, Secret32, derive, digest};

use super::{Head, JournalKeys};
use crate::error::Damage;
use crate::seal::{NONCE_LEN, TAG_LEN, random};
use crate::{StoreError, field};

/// The first bytes of a segment file. Decoding checks its MAC, so the values are the ones this store wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// The number in the file's name, from 1.
    pub(super) number: u64,
    /// Random, so that two files never share associated data even if a number is used twice.
    pub(super) file_id: [u8; 16],
    /// Sequence number of the first record.
    pub(super) first_seq: u64,
    /// Hash of the record before the first.
    pub(super) prev: Digest,
}

impl SegmentHeader {
    /// The header of a new segment that goes on after `head`.
    pub(super) fn following(head: &Head, number: u64) -> Result<Self, StoreError> {
        Ok(Self { number, file_id: random()?, first_seq: head.seq + 1, prev: head.hash })
    }

    /// What the chain stands at before the first record.
    pub(super) fn before(&self) -> Head {
        Head { seq: self.first_seq - 1, hash: self.prev }
    }

    pub(super) fn encode(&self, keys: &JournalKeys) -> [u8; SEGMENT_HEADER_LEN] {
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        bytes[..8].copy_from_slice(SEGMENT_MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.file_id);
        bytes[40..48].copy_from_slice(&self.first_seq.to_le_bytes());
        bytes[48..MAC_AT].copy_from_slice(self.prev.as_bytes());
        let mac = mac(&keys.mac, b"segment", &bytes[..MAC_AT]);
        bytes[MAC_AT..].copy_from_slice(mac.expose());
        bytes
    }

    pub(super) fn decode(bytes: &[u8], keys: &JournalKeys, path: &Path) -> Result<Self, StoreError> {
        let damage = |offset, what| StoreError::Damaged(Damage::new(path, None, offset, what));
        if bytes.len() < SEGMENT_HEADER_LEN {
            return Err(damage(bytes.len() as u64, "the segment header is cut short"));
        }
        if bytes[..8] != *SEGMENT_MAGIC {
            return Err(damage(0, "this is no journal segment"));
        }
        check_version(bytes, path)?;
        if !is_mac(&keys.mac, b"segment", &bytes[..MAC_AT], &bytes[MAC_AT..SEGMENT_HEADER_LEN]) {
            return Err(damage(0, "the segment header does not authenticate"));
        }
        let header = Self {
            number: u64::from_le_bytes(field(bytes, 16)),
            file_id: field(bytes, 24),
            first_seq: u64::from_le_bytes(field(bytes, 40)),
            prev: Digest::from_bytes(field(bytes, 48)),
        };
        if header.first_seq == 0 {
            return Err(damage(40, "records are numbered from 1"));
        }
        Ok(header)
    }
}

/// Whether a record is the last one of its commit. Only whole commits survive a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InCommit {
    More,
    Last,
}

/// The bytes in front of a sealed payload.
#[derive(Clone, Debug)]
pub(super) struct FrameHeader {
    pub(super) sealed_len: u32,
    pub(super) seq: u64,
    pub(super) place: InCommit,
    pub(super) prev: Digest,
    pub(super) nonce: [u8; NONCE_LEN],
}

impl FrameHeader {
    fn encode(&self) -> [u8; FRAME_HEADER_LEN] {
        let mut bytes = [0; FRAME_HEADER_LEN];
        bytes[..4].copy_from_slice(FRAME_MAGIC);
        bytes[4..8].copy_from_slice(&self.sealed_len.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.seq.to_le_bytes());
        bytes[16] = match self.place {
            InCommit::More => 0,
            InCommit::Last => 1,
        };
        bytes[20..52].copy_from_slice(self.prev.as_bytes());
        bytes[52..].copy_from_slice(&self.nonce);
        bytes
    }

    /// Checks the form only; [`open_frame`] says whether it is ours.
    pub(super) fn decode(bytes: &[u8; FRAME_HEADER_LEN]) -> Result<Self, &'static str> {
        if bytes[..4] != *FRAME_MAGIC {
            return Err("no record starts here");
        }
        let sealed_len = u32::from_le_bytes(field(bytes, 4));
        if !(TAG_LEN..=RECORD_LEN_MAX + TAG_LEN).contains(&(sealed_len as usize)) {
            return Err("the length of the record is outside its limits");
        }
        let place = match bytes[16..20] {
            [0, 0, 0, 0] => InCommit::More,
            [1, 0, 0, 0] => InCommit::Last,
            _ => return Err("the record has an unknown flag"),
        };
        Ok(Self {
            sealed_len,
            seq: u64::from_le_bytes(field(bytes, 8)),
            place,
            prev: Digest::from_bytes(field(bytes, 20)),
            nonce: field(bytes, 52),
        })
    }

    /// Length of the whole frame in bytes.
    pub(super) fn frame_len(&self) -> u64 {
        FRAME_HEADER_LEN as u64 + u64::from(self.sealed_len)
    }
}

/// Appends one sealed frame to `out` and returns where the chain stands after it.
pub(super) fn seal_frame(
    keys: &JournalKeys,
    segment: &SegmentHeader,
    before: &Head,
    place: InCommit,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<Head, StoreError> {
    let header = FrameHeader {
        sealed_len: (payload.len() + TAG_LEN) as u32,
        seq: before.seq + 1,
        place,
        prev: before.hash,
        nonce: random()?,
    };
    let head_bytes = header.encode();
    let sealed = keys.seal.seal(&header.nonce, &associated(segment, &head_bytes), payload);
    let start = out.len();
    out.extend_from_slice(&head_bytes);
    out.extend_from_slice(&sealed);
    Ok(Head { seq: header.seq, hash: chain(&out[start..]) })
}

/// Opens the payload of a whole frame.
pub(super) fn open_frame(
    keys: &JournalKeys,
    segment: &SegmentHeader,
    header: &FrameHeader,
    frame: &[u8],
) -> Result<Vec<u8>, &'static str> {
    let (head_bytes, sealed) = frame.split_at(FRAME_HEADER_LEN);
    keys.seal
        .open(&header.nonce, &associated(segment, head_bytes), sealed)
        .map_err(|_| "the record does not authenticate")
}

/// The chain's hash after a frame: it covers the hash before, which stands in the frame.
pub(super) fn chain(frame: &[u8]) -> Digest {
    digest(Domain::JournalChain, &[frame])
}

/// File number, file id, and the whole frame header: length, sequence, place in its commit, previous hash, nonce.
fn associated(segment: &SegmentHeader, head_bytes: &[u8]) -> [u8; 24 + FRAME_HEADER_LEN] {
    let mut bytes = [0; 24 + FRAME_HEADER_LEN];
    bytes[..8].copy_from_slice(&segment.number.to_le_bytes());
    bytes[8..24].copy_from_slice(&segment.file_id);
    bytes[24..].copy_from_slice(head_bytes);
    bytes
}

pub(super) fn check_version(bytes: &[u8], path: &Path) -> Result<(), StoreError> {
    let found = u16::from_le_bytes(field(bytes, 8));
    if found != VERSION {
        return Err(StoreError::Version { file: path.to_owned(), found, supported: VERSION });
    }
    Ok(())
}

pub(super) fn mac(key: &Secret32, purpose: &[u8], bytes: &[u8]) -> Secret32 {
    derive(Domain::JournalMac, key, &[purpose, bytes])
}

/// Whoever can change the file can read the MAC in it, so the comparison need not hide where it fails.
pub(super) fn is_mac(key: &Secret32, purpose: &[u8], bytes: &[u8], claimed: &[u8]) -> bool {
    mac(key, purpose, bytes).expose() == claimed
}

pub(super) const SEGMENT_HEADER_LEN: usize = MAC_AT + 32;
pub(super) const FRAME_HEADER_LEN: usize = 76;
pub(super) const MAC_AT: usize = 80;
/// Longest payload of one record in bytes.
pub const RECORD_LEN_MAX: usize = 16 * 1024 * 1024;
pub(super) const VERSION: u16 = 1;
const SEGMENT_MAGIC: &[u8; 8] = b"CWGJRNL1";
const FRAME_MAGIC: &[u8; 4] = b"CWGr";
