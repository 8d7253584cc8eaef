//! One proof for a batch that every evaluated element has the same discrete logarithm to its blinded element as the public
//! key to the generator (RFC 9497 §2.2).

use core::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar as Weight;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand_core::SeedableRng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};

use super::{EvaluationKey, HASH_TO_SCALAR, PublicKey, SEED_DST};
use crate::group::{Expander, Scalar};
use crate::{Domain, Seed, derive};

/// A proof that a batch was evaluated under the key of a public key. 64 bytes: challenge, then response.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "([u8; 32], [u8; 32])", into = "([u8; 32], [u8; 32])")]
pub struct Proof {
    challenge: Weight,
    response: Weight,
}

impl Proof {
    /// The proof with this encoding. Only [`super::Blinding::finalize`] says whether it holds.
    ///
    /// # Errors
    /// If either half is not below the group's order.
    pub fn decode(bytes: &[u8; 64]) -> Result<Self, BadProofEncoding> {
        let (challenge, response) = bytes.split_at(32);
        let half = |half: &[u8]| half.try_into().expect("half of 64 bytes");
        (half(challenge), half(response)).try_into()
    }

    /// Its encoding.
    pub fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(self.challenge.as_bytes());
        bytes[32..].copy_from_slice(self.response.as_bytes());
        bytes
    }
}

impl TryFrom<([u8; 32], [u8; 32])> for Proof {
    type Error = BadProofEncoding;

    fn try_from((challenge, response): ([u8; 32], [u8; 32])) -> Result<Self, BadProofEncoding> {
        let scalar = |bytes| Option::<Weight>::from(Weight::from_canonical_bytes(bytes)).ok_or(BadProofEncoding);
        Ok(Self { challenge: scalar(challenge)?, response: scalar(response)? })
    }
}

impl From<Proof> for ([u8; 32], [u8; 32]) {
    fn from(proof: Proof) -> Self {
        (proof.challenge.to_bytes(), proof.response.to_bytes())
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// Bytes that are not two canonical scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the encoding of a proof of evaluation")]
pub struct BadProofEncoding;

/// The weights that both sides give the elements of a batch: a hash of the whole pair, its place and the public key
/// (ComputeComposites of RFC 9497 §2.2.1). Public.
pub(super) fn weights(public: &PublicKey, blinded: &[[u8; 32]], evaluated: &[[u8; 32]]) -> Vec<Weight> {
    let mut hasher = Sha512::new();
    hasher.update(ELEMENT_LEN);
    hasher.update(public.as_bytes());
    hasher.update((SEED_DST.len() as u16).to_be_bytes());
    hasher.update(SEED_DST);
    let seed: [u8; 64] = hasher.finalize().into();

    let expander = Expander::new(HASH_TO_SCALAR);
    (0_u16..)
        .zip(blinded.iter().zip(evaluated))
        .map(|(index, (blinded, evaluated))| {
            // One buffer, so that the hash sees one update: 2 + 64 + 2 + 2 + 32 + 2 + 32 + 9 bytes.
            let mut message = [0; 145];
            message[..2].copy_from_slice(&64_u16.to_be_bytes());
            message[2..66].copy_from_slice(&seed);
            message[66..68].copy_from_slice(&index.to_be_bytes());
            message[68..70].copy_from_slice(&ELEMENT_LEN);
            message[70..102].copy_from_slice(blinded);
            message[102..104].copy_from_slice(&ELEMENT_LEN);
            message[104..136].copy_from_slice(evaluated);
            message[136..].copy_from_slice(b"Composite");
            expander.scalar(&[&message]).0
        })
        .collect()
}

/// The sum of the weighted points, in variable time: weights and points are public.
pub(super) fn vartime_weighted_sum(weights: &[Weight], points: &[RistrettoPoint]) -> RistrettoPoint {
    RistrettoPoint::vartime_multiscalar_mul(weights, points)
}

/// The random scalar of a proof. It depends on the key and on the batch as well as on the seed, so that a seed used twice does
/// not give the key away.
pub(super) fn nonce(key: &EvaluationKey, combined: &RistrettoPoint, seed: Seed) -> Scalar {
    let combined = combined.compress();
    let bound = derive(Domain::ProofNonce, &seed.into_secret(), &[key.scalar().0.as_bytes(), combined.as_bytes()]);
    Scalar::random(&mut rand_chacha::ChaCha20Rng::from_seed(*bound.expose()))
}

/// GenerateProof of RFC 9497 §2.2.1 over the weighted sum of the blinded elements.
pub(super) fn prove(key: &EvaluationKey, combined: &RistrettoPoint, nonce: &Scalar) -> Proof {
    let image = combined * key.scalar().0;
    let commitments = [RistrettoPoint::mul_base(&nonce.0), combined * nonce.0];
    let challenge = challenge(&key.public(), combined, &image, &commitments);
    Proof { challenge, response: nonce.0 - challenge * key.scalar().0 }
}

/// VerifyProof of RFC 9497 §2.2.2 over the weighted sums of the blinded and of the evaluated elements. Variable time, all public.
pub(super) fn vartime_proof_holds(
    public: &PublicKey,
    combined: &RistrettoPoint,
    image: &RistrettoPoint,
    proof: &Proof,
) -> bool {
    let Proof { challenge: c, response: s } = proof;
    let commitments = [
        RistrettoPoint::vartime_double_scalar_mul_basepoint(c, &public.element().0, s),
        RistrettoPoint::vartime_multiscalar_mul([s, c], [combined, image]),
    ];
    challenge(public, combined, image, &commitments) == *c
}

fn challenge(
    public: &PublicKey,
    combined: &RistrettoPoint,
    image: &RistrettoPoint,
    commitments: &[RistrettoPoint; 2],
) -> Weight {
    let [combined, image, first, second] =
        [combined, image, &commitments[0], &commitments[1]].map(|point| point.compress().to_bytes());
    let mut message = Vec::with_capacity(5 * 34 + 9);
    for element in [public.as_bytes(), &combined, &image, &first, &second] {
        message.extend(ELEMENT_LEN);
        message.extend(element);
    }
    message.extend(b"Challenge");
    Expander::new(HASH_TO_SCALAR).scalar(&[&message]).0
}

/// An element's length as RFC 9497 encodes it.
const ELEMENT_LEN: [u8; 2] = 32_u16.to_be_bytes();
