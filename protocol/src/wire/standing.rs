//! Messages of the standing comparison (`docs/spec/standing.md` §8): between the hub and one member.

use cwg_crypto::Digest;
use cwg_crypto::voprf::Proof;
use serde::{Deserialize, Serialize};

use super::BoundedVec;
use super::limits::{CHUNK_PATH_MAX, EVALUATION_BATCH_MAX};
use crate::PilotId;
use crate::lighthouse::limits::EDITION_CHUNK_LEN;
use crate::lighthouse::standing::{Period, SignedEdition, SignedPeriod};

/// The hub tells of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodOffer {
    /// The period.
    pub period: SignedPeriod,
}

/// The hub tells of an edition. Those of a chain come in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionOffer {
    /// Under the key of this period.
    pub period: Period,
    /// The edition's head.
    pub edition: SignedEdition,
}

/// A member asks for a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkFetch {
    /// Digest of the edition.
    pub edition: Digest,
    /// Which, from 0.
    pub chunk: u32,
}

/// A chunk with the proof that it is that of its number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Digest of the edition.
    pub edition: Digest,
    /// Which, from 0.
    pub chunk: u32,
    /// Its rows.
    pub bytes: BoundedVec<u8, EDITION_CHUNK_LEN>,
    /// Siblings, from the leaf's to those below the root.
    pub path: BoundedVec<Digest, CHUNK_PATH_MAX>,
}

/// The hub has no such chunk, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRefused {
    /// Digest of the edition.
    pub edition: Digest,
    /// Which.
    pub chunk: u32,
}

/// A member asks for the evaluation of blinded items.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluate {
    /// Under the key of this period.
    pub period: Period,
    /// The pilot whose charter allows it.
    pub pilot: PilotId,
    /// The member's number for the batch: not that of another under way.
    pub number: u32,
    /// Blinded elements.
    pub elements: BoundedVec<[u8; 32], EVALUATION_BATCH_MAX>,
}

/// An evaluation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The member's number for the batch.
    pub number: u32,
    /// Evaluated elements, in the order of the request.
    pub elements: BoundedVec<[u8; 32], EVALUATION_BATCH_MAX>,
    /// One proof for all.
    pub proof: Proof,
}

/// Why a hub does not evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EvaluateCode {
    /// No such period is open.
    Period,
    /// No live charter of that pilot allows this member the standing comparison.
    NotAllowed,
    /// Not so much is left of the allowance. Nothing was charged.
    Allowance,
    /// Too many batches of this member are under way.
    Busy,
}

impl EvaluateCode {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Period => "evaluation-period",
            Self::NotAllowed => "evaluation-not-allowed",
            Self::Allowance => "evaluation-allowance",
            Self::Busy => "evaluation-busy",
        }
    }
}

/// The hub does not evaluate a batch. It was not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateRefused {
    /// The member's number for the batch.
    pub number: u32,
    /// Why.
    pub code: EvaluateCode,
    /// Items left of the member's allowance in that period.
    pub left: u32,
}

macro_rules! only_its_size {
    ($($name:ident, $list:ident;)*) => {
        $(impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.$list.len())
            }
        })*
    };
}

only_its_size! {
    Chunk, bytes;
    Evaluate, elements;
    Evaluated, elements;
}
