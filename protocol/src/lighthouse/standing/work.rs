//! The heavy work of an evaluation, as jobs over one batch: the bank blinds, the hub evaluates with a proof, the bank checks the
//! proof of the whole batch and removes the blinds. It has pinned the public key, so these are masks. Who may ask, and what is charged, is the engine's.

use core::fmt;
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_crypto::voprf::{EvaluateError, FinalizeError, Masking, PublicKey};

use super::{Charge, ChargeMismatch, OwnOutput, PeriodKey};
use crate::Item;
use crate::psi::{Job, JobOutput};
use crate::violation::Violation;
use crate::wire::limits::EVALUATION_BATCH_MAX;
use crate::wire::{BoundedVec, Evaluated};

/// Blinded elements of a batch, or their evaluation, in the order of the items.
pub type Elements = BoundedVec<[u8; 32], EVALUATION_BATCH_MAX>;

/// Items that are blinded and wait for their evaluation.
pub struct BlindedItems {
    items: Vec<Item>,
    masking: Masking,
}

/// The hub's job: evaluates a batch that was charged. Its output opens with [`evaluated`].
///
/// # Panics
/// If the charge is for another period or number of elements: the caller has just made it for these.
pub fn evaluation(key: Arc<PeriodKey>, charge: Charge, number: u32, elements: Elements, seed: Seed) -> Job {
    Job::new(elements.len(), move || match key.evaluate(charge, &elements, seed) {
        Ok((evaluated, proof)) => {
            let elements = evaluated.try_into().expect("as many as were asked for");
            Ok(Evaluated { number, elements, proof })
        }
        Err(ChargeMismatch::Batch(EvaluateError::BadElement { index })) => {
            Err(Violation::BadElement { batch: number, index: index as u32 })
        }
        Err(ChargeMismatch::Batch(EvaluateError::BatchLen { len })) => {
            Err(Violation::CountMismatch { what: "elements", expected: 1, got: len as u64 })
        }
        Err(ChargeMismatch::Charge) => unreachable!("the charge was made for this batch"),
    })
}

/// What [`evaluation`] made.
///
/// # Errors
/// If an element was none.
pub fn evaluated(output: JobOutput) -> Result<Evaluated, Violation> {
    output.open()
}

/// The bank's first job: blinds 1 to [`EVALUATION_BATCH_MAX`] items. The seed serves this batch alone. Its output opens with
/// [`BlindedItems::of`].
///
/// # Panics
/// In the job, if there are none or more.
pub fn blinding(items: Vec<Item>, seed: Seed) -> Job {
    Job::new(items.len(), move || {
        let masking = Masking::of(&inputs(&items), seed).expect("a batch of items is within bounds");
        Ok(BlindedItems { items, masking })
    })
}

impl BlindedItems {
    /// What [`blinding`] made.
    ///
    /// # Panics
    /// Never: blinding has nothing of a peer's to refuse.
    pub fn of(output: JobOutput) -> Self {
        output.open().expect("blinding meets no peer")
    }

    /// What the hub is sent. It is uniform whatever the items are, and may be sent again where an answer was lost.
    ///
    /// # Panics
    /// Never: a batch has at most that many.
    pub fn elements(&self) -> Elements {
        self.masking.masked().to_vec().try_into().expect("a batch has at most that many")
    }

    /// The bank's second job: checks the proof under the pinned key and removes the blinds. Its output opens with [`outputs`].
    pub fn finishing(self, answer: Evaluated, public: PublicKey) -> Job {
        Job::new(self.items.len(), move || {
            let Evaluated { number, elements, proof } = answer;
            let outputs = self.masking.finalize(&inputs(&self.items), &elements, &proof, &public);
            let outputs = outputs.map_err(|error| violation(number, error))?;
            Ok(outputs.iter().map(OwnOutput::of).collect::<Vec<_>>())
        })
    }
}

/// What [`BlindedItems::finishing`] made: an output for each item, in their order.
///
/// # Errors
/// If the hub has evaluated otherwise than under the pinned key.
pub fn outputs(output: JobOutput) -> Result<Vec<OwnOutput>, Violation> {
    output.open()
}

impl fmt::Debug for BlindedItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindedItems(..)")
    }
}

fn inputs(items: &[Item]) -> Vec<&[u8]> {
    items.iter().map(|item| item.0.as_slice()).collect()
}

fn violation(batch: u32, error: FinalizeError) -> Violation {
    match error {
        FinalizeError::EvaluatedCount { expected, got } => {
            Violation::CountMismatch { what: "evaluated elements", expected: expected as u64, got: got as u64 }
        }
        FinalizeError::BadElement { index } => Violation::BadElement { batch, index: index as u32 },
        FinalizeError::ProofRefused => Violation::BadProof { batch },
        FinalizeError::InputCount { .. } | FinalizeError::Input(_) => {
            unreachable!("the items are those that were blinded")
        }
    }
}
