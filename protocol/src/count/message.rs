//! Every message of a count (`docs/spec/count.md` §3).

use core::fmt;

use cwg_crypto::commute::MaskedTag;
use cwg_crypto::{Digest, Domain, digest};
use serde::{Deserialize, Serialize};

use super::answer::SignedAnswer;
use super::limits::{COUNT_BATCH, COUNT_TERMS_LEN_MAX};
use super::terms::SignedCount;
use crate::wire::limits::TAGS_PER_FRAME;
use crate::wire::{BoundedVec, message_family};

/// Masked elements of a bank's list, to the other bank: ascending over all batches, each batch full but the last.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountElements {
    /// The digest of the terms.
    pub terms: Digest,
    /// Which batch, from 0.
    pub number: u32,
    /// The elements.
    pub elements: BoundedVec<[u8; 32], COUNT_BATCH>,
}

/// Tags of the other bank's list, to the hub: ascending over all batches, each batch full but the last.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountTags {
    /// The digest of the terms.
    pub terms: Digest,
    /// Which batch, from 0.
    pub number: u32,
    /// The tags.
    pub tags: BoundedVec<MaskedTag, TAGS_PER_FRAME>,
}

impl CountTags {
    /// The digest of all that a bank sends the hub: it stores it before it does, and after a crash sends the same or nothing.
    pub fn digest_of(batches: &[Self]) -> Digest {
        let tags: Vec<u8> = batches.iter().flat_map(|batch| batch.tags.iter().copied().flatten()).collect();
        digest(Domain::CountSent, &[&tags])
    }
}

impl fmt::Debug for CountElements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountElements({}: {})", self.number, self.elements.len())
    }
}

impl fmt::Debug for CountTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountTags({}: {})", self.number, self.tags.len())
    }
}

message_family! {
    /// A message of a count.
    CountMessage
    /// The hub offers a count to both banks.
    CountOffered(SignedCount) = 0x90, COUNT_TERMS_LEN_MAX + 128;
    /// A bank sends the other its masked list.
    CountElements(CountElements) = 0x91, 32 * COUNT_BATCH + 128;
    /// A bank sends the hub the tags of the other's list.
    CountTags(CountTags) = 0x92, 16 * TAGS_PER_FRAME + 128;
    /// The hub answers both banks.
    CountAnswered(SignedAnswer) = 0x93, 256;
}
