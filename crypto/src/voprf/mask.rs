//! The same exchange with masks in place of blinds, for whoever has the key's public half before it asks: each hashed input gets a
//! random multiple of the generator added, and the same multiple of the public key is taken away again (multiplicative blinding of
//! Jarecki, Krawczyk, Xu, PKC 2021, ePrint 2021/273).
//!
//! The owner cannot tell it from [`super::Blinding`]: what it is sent is uniform, and outputs are those of RFC 9497. It costs a
//! third less, as both multiplications are of fixed bases. A blind that was multiplied falls out whatever key was used; a mask
//! falls out under the right one alone, and without a proof the result would depend on it. So there is no way to an output but
//! through the proof, under a public key that was pinned.

use core::fmt;

use curve25519_dalek::ristretto::{RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar as Mask;
use zeroize::Zeroizing;

use super::blind::{check_same_inputs, vartime_verified};
use super::{FinalizeError, InputError, Output, Proof, PublicKey, check_inputs, hash_inputs, proof};
use crate::Seed;
use crate::group::Scalar;

/// A batch of masked inputs and the secrets that unmask their evaluation. About 224 bytes an input.
pub struct Masking {
    masks: Zeroizing<Vec<Mask>>,
    // As public as their encodings, kept to spare the proof's check a decoding of each.
    points: Vec<RistrettoPoint>,
    masked: Vec<[u8; 32]>,
}

impl Masking {
    /// Masks each input with a random scalar of its own. The seed serves this batch alone.
    ///
    /// # Errors
    /// If the batch or an input is out of bounds.
    pub fn of(inputs: &[impl AsRef<[u8]>], seed: Seed) -> Result<Self, InputError> {
        check_inputs(inputs)?;
        let mut rng = seed.rng();
        let masks: Zeroizing<Vec<Mask>> = Zeroizing::new(inputs.iter().map(|_| Scalar::random(&mut rng).0).collect());
        let mut points = Vec::with_capacity(inputs.len());
        for (element, mask) in hash_inputs(inputs).zip(masks.iter()) {
            points.push(element?.0 + RistrettoPoint::mul_base(mask));
        }
        let masked = points.iter().map(|point| point.compress().to_bytes()).collect();
        Ok(Self { masks, points, masked })
    }

    /// n encoded elements to send, in the order of the inputs.
    pub fn masked(&self) -> &[[u8; 32]] {
        &self.masked
    }

    /// Checks the proof for the whole batch, removes the masks and hashes, as [`super::Blinding::finalize`].
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
        check_same_inputs(inputs, self.masked.len())?;
        let sum = |weights: &[_]| proof::vartime_weighted_sum(weights, &self.points);
        let points = vartime_verified(&self.masked, sum, evaluated, proof, public)?;
        let multiples = RistrettoBasepointTable::create(&public.element().0);
        let each = inputs.iter().zip(&points).zip(self.masks.iter());
        Ok(each
            .map(|((input, point), mask)| {
                let unmasked = Zeroizing::new((point - &multiples * mask).compress().to_bytes());
                Output::of(input.as_ref(), &unmasked)
            })
            .collect())
    }
}

impl fmt::Debug for Masking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masking(..)")
    }
}
