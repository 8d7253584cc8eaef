//! What the side with the inputs does: blind them, then check what came back and remove the blinds.

use core::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar as Blind;
use zeroize::Zeroizing;

use super::{InputError, Output, Proof, PublicKey, check_inputs, hash_inputs, proof};
use crate::Seed;
use crate::group::{Scalar, decode_all, double_and_encode};

/// A batch of blinded inputs and the secrets that unblind their evaluation. About 224 bytes an input.
pub struct Blinding {
    blinds: Zeroizing<Vec<Blind>>,
    // Half of each blinded element, kept to spare the proof's check a decoding of each. As public as the elements.
    halves: Vec<RistrettoPoint>,
    blinded: Vec<[u8; 32]>,
}

impl Blinding {
    /// Blinds each input with a random scalar of its own: Blind of RFC 9497 §3.3.1. The seed serves this batch alone.
    ///
    /// # Errors
    /// If the batch or an input is out of bounds.
    pub fn of(inputs: &[impl AsRef<[u8]>], seed: Seed) -> Result<Self, InputError> {
        check_inputs(inputs)?;
        let mut rng = seed.rng();
        let blinds = Zeroizing::new(inputs.iter().map(|_| Scalar::random(&mut rng).0).collect());
        Self::with_blinds(inputs, blinds)
    }

    /// n encoded elements to send, in the order of the inputs.
    pub fn blinded(&self) -> &[[u8; 32]] {
        &self.blinded
    }

    /// Checks the proof for the whole batch, removes the blinds and hashes: Finalize of RFC 9497 §3.3.2.
    ///
    /// `inputs` are those that were blinded, in the same order: the output binds them. There is no output at all unless every
    /// evaluated element is valid and the proof holds.
    ///
    /// # Errors
    /// If counts differ, names the first evaluated element that is not canonical or is the identity, or if the proof does not
    /// hold for this public key.
    pub fn finalize(
        self,
        inputs: &[impl AsRef<[u8]>],
        evaluated: &[[u8; 32]],
        proof: &Proof,
        public: &PublicKey,
    ) -> Result<Vec<Output>, FinalizeError> {
        self.check_same_inputs(inputs)?;
        let points = self.vartime_verified(evaluated, proof, public)?;
        Ok(self.unblind(inputs, &points, &Blind::ONE))
    }

    /// Whether these may be the inputs that were blinded: as many, each within bounds.
    pub(crate) fn check_same_inputs(&self, inputs: &[impl AsRef<[u8]>]) -> Result<(), FinalizeError> {
        check_same_inputs(inputs, self.blinded.len())
    }

    /// The evaluated elements, if the proof holds for all of them.
    pub(crate) fn vartime_verified(
        &self,
        evaluated: &[[u8; 32]],
        proof: &Proof,
        public: &PublicKey,
    ) -> Result<Vec<RistrettoPoint>, FinalizeError> {
        let sum = |weights: &[_]| {
            let half = proof::vartime_weighted_sum(weights, &self.halves);
            half + half
        };
        vartime_verified(&self.blinded, sum, evaluated, proof, public)
    }

    /// The outputs of the inputs that were blinded, from verified points that are a public nonzero multiple of the evaluated
    /// elements: `multiple` times.
    pub(crate) fn unblind(
        mut self,
        inputs: &[impl AsRef<[u8]>],
        points: &[RistrettoPoint],
        multiple: &Blind,
    ) -> Vec<Output> {
        Blind::invert_batch_alloc(&mut self.blinds);
        let half = (multiple + multiple).invert();
        let halves = Zeroizing::new(
            points.iter().zip(self.blinds.iter()).map(|(point, inverse)| point * (inverse * half)).collect::<Vec<_>>(),
        );
        let unblinded = Zeroizing::new(double_and_encode(&halves));
        inputs.iter().zip(unblinded.iter()).map(|(input, unblinded)| Output::of(input.as_ref(), unblinded)).collect()
    }

    /// Blinds with given scalars, one for each input, none zero. The vectors of the RFC fix them.
    pub(super) fn with_blinds(inputs: &[impl AsRef<[u8]>], blinds: Zeroizing<Vec<Blind>>) -> Result<Self, InputError> {
        let mut halves = Vec::with_capacity(inputs.len());
        for (element, blind) in hash_inputs(inputs).zip(blinds.iter()) {
            halves.push(element?.0 * blind.div_by_2());
        }
        let blinded = double_and_encode(&halves);
        Ok(Self { blinds, halves, blinded })
    }
}

/// Whether these may be the inputs of a batch of so many: each within bounds.
pub(super) fn check_same_inputs(inputs: &[impl AsRef<[u8]>], expected: usize) -> Result<(), FinalizeError> {
    if inputs.len() != expected {
        return Err(FinalizeError::InputCount { expected, got: inputs.len() });
    }
    Ok(check_inputs(inputs)?)
}

/// The evaluated elements, if the proof holds for all of them. `sum` is the weighted sum of the elements that were sent.
pub(super) fn vartime_verified(
    sent: &[[u8; 32]],
    sum: impl FnOnce(&[Blind]) -> RistrettoPoint,
    evaluated: &[[u8; 32]],
    proof: &Proof,
    public: &PublicKey,
) -> Result<Vec<RistrettoPoint>, FinalizeError> {
    if evaluated.len() != sent.len() {
        return Err(FinalizeError::EvaluatedCount { expected: sent.len(), got: evaluated.len() });
    }
    let points = decode_all(evaluated).map_err(|index| FinalizeError::BadElement { index })?;
    let weights = proof::weights(public, sent, evaluated);
    let image = proof::vartime_weighted_sum(&weights, &points);
    if !proof::vartime_proof_holds(public, &sum(&weights), &image, proof) {
        return Err(FinalizeError::ProofRefused);
    }
    Ok(points)
}

impl fmt::Debug for Blinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinding(..)")
    }
}

/// Why an evaluation gave no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinalizeError {
    /// The caller gave another number of inputs than were blinded.
    #[error("{expected} inputs were blinded, {got} are given to finalize")]
    InputCount {
        /// Inputs that were blinded.
        expected: usize,
        /// Inputs given now.
        got: usize,
    },
    /// The inputs given now are not those that were blinded: one is out of bounds.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The peer sent another number of elements than it was asked for.
    #[error("{expected} evaluated elements were asked for, {got} came")]
    EvaluatedCount {
        /// Elements sent to be evaluated.
        expected: usize,
        /// Evaluated elements received.
        got: usize,
    },
    /// An element is not canonical or is the identity.
    #[error("evaluated element {index} of the batch is not a valid group element")]
    BadElement {
        /// Its place in the batch.
        index: usize,
    },
    /// Not all elements were evaluated under the key of this public key.
    #[error("the proof of evaluation does not hold for this batch and public key")]
    ProofRefused,
}
