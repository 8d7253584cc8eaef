//! Joining of partial evaluations: outputs of RFC 9497 under a key that nobody has.

use curve25519_dalek::ristretto::RistrettoPoint;

use super::index::Index;
use super::polynomial::{integer_weights, small, vartime_small_times};
use super::share::SharedKey;
use crate::voprf::{Blinding, FinalizeError, Output, Proof, PublicKey};

/// What one holder answered to a batch: [`crate::voprf::evaluate`] under its share.
#[derive(Clone, Copy, Debug)]
pub struct Partial<'a> {
    /// The holder.
    pub index: Index,
    /// The evaluated elements, in the order of the batch.
    pub evaluated: &'a [[u8; 32]],
    /// The proof that they were evaluated under the holder's share.
    pub proof: &'a Proof,
}

/// What the function is evaluated on for an item of 32 bytes: the public key, then the item. So a value of one key says nothing
/// under another, even where the same item is asked for.
pub fn input(group: &PublicKey, item: &[u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(group.as_bytes());
    bytes[32..].copy_from_slice(item);
    bytes
}

/// Checks as many answers as the threshold says, each against the public key of its share, joins them and removes the blinds.
///
/// With more answers than it takes, the first ones are used. There is no output unless every one of these is proven. The
/// outputs are those of RFC 9497 under the whole key, whichever holders answered.
///
/// # Errors
/// If there are too few answers, two of one holder, or one of nobody; or names the holder whose answer is not what it should
/// be. The blinding is given back, to be joined with other answers.
pub fn combine(
    blinding: Blinding,
    inputs: &[impl AsRef<[u8]>],
    partials: &[Partial<'_>],
    key: &SharedKey,
) -> Result<Vec<Output>, (CombineError, Blinding)> {
    match vartime_joined(&blinding, inputs, partials, key) {
        Ok((points, denominator)) => Ok(blinding.unblind(inputs, &points, &small(denominator))),
        Err(error) => Err((error, blinding)),
    }
}

/// For each input a multiple of the element evaluated under the whole key, and which multiple.
///
/// Lagrange's weights are small integers over one small denominator. So the sum costs a few additions of elements that
/// everyone has seen, and the denominator goes into the one multiplication that removes the blind.
fn vartime_joined(
    blinding: &Blinding,
    inputs: &[impl AsRef<[u8]>],
    partials: &[Partial<'_>],
    key: &SharedKey,
) -> Result<(Vec<RistrettoPoint>, i128), CombineError> {
    let needed = key.threshold();
    let partials = partials.get(..needed.into()).ok_or(CombineError::TooFew { needed, got: partials.len() })?;
    blinding.check_same_inputs(inputs).map_err(CombineError::Inputs)?;
    let mut indices = Vec::with_capacity(partials.len());
    let mut answers = Vec::with_capacity(partials.len());
    for partial in partials {
        let index = partial.index;
        let public = key.share(index).filter(|_| !indices.contains(&index)).ok_or(CombineError::Index { index })?;
        let points = blinding.vartime_verified(partial.evaluated, partial.proof, &public);
        answers.push(points.map_err(|error| CombineError::Answer { index, error })?);
        indices.push(index);
    }
    let (weights, denominator) = integer_weights(&indices);
    let mut of_one = vec![RistrettoPoint::default(); answers.len()];
    let joined = (0..answers[0].len()).map(|place| {
        of_one.iter_mut().zip(&answers).for_each(|(point, answer)| *point = answer[place]);
        vartime_small_times(&weights, &of_one)
    });
    Ok((joined.collect(), denominator))
}

/// Why answers were not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// Fewer answers than the threshold.
    #[error("{needed} holders must answer, {got} did")]
    TooFew {
        /// The threshold.
        needed: u8,
        /// Answers there are.
        got: usize,
    },
    /// An answer of a holder that has answered already, or of one that the key does not have.
    #[error("holder {} has no share of this key, or answered twice", index.number())]
    Index {
        /// The number given.
        index: Index,
    },
    /// An answer is not the evaluation of the batch under the share of its holder.
    #[error("the answer of holder {} is refused: {error}", index.number())]
    Answer {
        /// The holder.
        index: Index,
        /// What is wrong with it.
        error: FinalizeError,
    },
    /// The caller gave other inputs than were blinded.
    #[error(transparent)]
    Inputs(FinalizeError),
}
