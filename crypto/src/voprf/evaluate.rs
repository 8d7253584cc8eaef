//! What the owner of a key does: evaluate blinded elements with a proof, and its own inputs directly.

use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use super::{BATCH_MAX, EvaluationKey, InputError, Output, Proof, batch_len_allowed, check_inputs, hash_inputs, proof};
use crate::Seed;
use crate::group::{Scalar, decode_all, double_and_encode};

/// Evaluates a batch of blinded elements and proves that the key was used for all of them: BlindEvaluate of RFC 9497 §3.3.2.
///
/// The first list has the evaluated elements in the order of the request. The seed serves this batch alone.
///
/// # Errors
/// If the batch is empty or too long, or names the first element that is not canonical or is the identity. Nothing was
/// evaluated then.
pub fn evaluate(
    key: &EvaluationKey,
    blinded: &[[u8; 32]],
    seed: Seed,
) -> Result<(Vec<[u8; 32]>, Proof), EvaluateError> {
    evaluate_with(key, blinded, |combined| proof::nonce(key, combined, seed))
}

/// Evaluates the key owner's own inputs, in their order: Evaluate of RFC 9497 §3.3.1.
///
/// # Errors
/// If the batch or an input is out of bounds.
pub fn evaluate_own(key: &EvaluationKey, inputs: &[impl AsRef<[u8]>]) -> Result<Vec<Output>, InputError> {
    check_inputs(inputs)?;
    let mut points = Zeroizing::new(Vec::with_capacity(inputs.len()));
    for element in hash_inputs(inputs) {
        points.push(element?.0 * key.half().0);
    }
    let encoded = Zeroizing::new(double_and_encode(&points));
    Ok(inputs.iter().zip(encoded.iter()).map(|(input, unblinded)| Output::of(input.as_ref(), unblinded)).collect())
}

/// [`evaluate`] with the proof's random scalar chosen by a function of the weighted sum: the vectors of the RFC fix it.
pub(super) fn evaluate_with(
    key: &EvaluationKey,
    blinded: &[[u8; 32]],
    nonce: impl FnOnce(&RistrettoPoint) -> Scalar,
) -> Result<(Vec<[u8; 32]>, Proof), EvaluateError> {
    if !batch_len_allowed(blinded.len()) {
        return Err(EvaluateError::BatchLen { len: blinded.len() });
    }
    let points = decode_all(blinded).map_err(|index| EvaluateError::BadElement { index })?;
    let half = key.half().0;
    let halves: Vec<_> = points.iter().map(|point| point * half).collect();
    let evaluated = double_and_encode(&halves);

    let weights = proof::weights(&key.public(), blinded, &evaluated);
    let combined = proof::vartime_weighted_sum(&weights, &points);
    let proof = proof::prove(key, &combined, &nonce(&combined));
    Ok((evaluated, proof))
}

/// Why a batch of blinded elements was not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The batch is empty or has more than [`BATCH_MAX`] elements.
    #[error("a batch has 1 to {BATCH_MAX} blinded elements, this one {len}")]
    BatchLen {
        /// Elements in the batch.
        len: usize,
    },
    /// An element is not canonical or is the identity.
    #[error("blinded element {index} of the batch is not a valid group element")]
    BadElement {
        /// Its place in the batch.
        index: usize,
    },
}
