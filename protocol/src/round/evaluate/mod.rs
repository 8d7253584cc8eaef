//! Evaluation of the shared function (`docs/spec/round-messages.md` §3, `docs/spec/round.md` §2).
//!
//! Every member has exactly as many items of each kind evaluated as the terms say, its own first and random ones for the
//! rest, in the same batches at each keyholder. So a keyholder, who may be another bank, learns no size. It charges each
//! batch against the member's allowance before it evaluates, and cannot see what it evaluates: that a batch is of one kind is
//! the member's word, and what holds is the sum.

mod allowance;
mod asking;
mod keyholder;

#[cfg(test)]
mod tests;

use core::ops::Range;

use cwg_crypto::Digest;
use cwg_crypto::voprf::Proof;
use serde::{Deserialize, Serialize};

pub use allowance::{Allowance, Charge, ChargeError, Charged};
pub use asking::{Asked, Asking, AskingStep, KeyholderFault, TooManyItems};
pub use keyholder::{EvaluateRefusal, Evaluation, Keyholder};

use super::limits::EVALUATION_BATCH;
use super::terms::RoundTerms;
use crate::indicator::IndicatorKind;
use crate::wire::BoundedVec;

/// The most elements of one batch, as a length.
const BATCH: usize = EVALUATION_BATCH as usize;

/// Names one batch of a member in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchName {
    /// The kind of its items.
    pub kind: IndicatorKind,
    /// Its number among those of the kind, from 0.
    pub number: u32,
}

/// A member asks a keyholder for one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateAsk {
    /// The digest of the round's terms.
    pub terms: Digest,
    /// The batch.
    pub batch: BatchName,
    /// Its blinded elements.
    pub blinded: BoundedVec<[u8; 32], BATCH>,
}

/// A keyholder's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateAnswer {
    /// The digest of the round's terms.
    pub terms: Digest,
    /// The batch.
    pub batch: BatchName,
    /// The evaluated elements, in the order of the request.
    pub evaluated: BoundedVec<[u8; 32], BATCH>,
    /// The proof that they were evaluated under the keyholder's share.
    pub proof: Proof,
}

/// All batches of a member in a round, in their order, each with the places of its items: a kind's items lie together.
fn batches(terms: &RoundTerms) -> Vec<(BatchName, Range<usize>)> {
    let mut first = 0;
    let mut batches = Vec::new();
    for entry in terms.body().kinds.iter() {
        let last = first + entry.items as usize;
        let starts = (first..last).step_by(BATCH);
        let of_kind = (0..)
            .zip(starts)
            .map(|(number, start)| (BatchName { kind: entry.kind, number }, start..last.min(start + BATCH)));
        batches.extend(of_kind);
        first = last;
    }
    batches
}

/// Elements of one batch; none if the terms have no such batch.
fn batch_len(terms: &RoundTerms, batch: BatchName) -> Option<u32> {
    let items = terms.items_of(batch.kind)?;
    let before = batch.number.checked_mul(EVALUATION_BATCH)?;
    items.checked_sub(before).filter(|left| *left > 0).map(|left| left.min(EVALUATION_BATCH))
}
