//! The key of the function and its public half.

use core::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::IsIdentity as _;
use serde::{Deserialize, Serialize};

use super::DERIVE_KEY_PAIR;
use crate::group::{Element, Expander, Scalar};
use crate::{Digest, Secret32, Seed};

/// The secret key of one function.
pub struct EvaluationKey {
    scalar: Scalar,
    // Half the key: multiplying by it leaves a doubling for the batched encoding.
    half: Scalar,
    public: PublicKey,
}

impl EvaluationKey {
    /// A uniform key from a seed.
    pub fn from_seed(seed: &Seed) -> Self {
        Self::from_scalar(Scalar::random(&mut seed.rng())).expect("a random scalar is not zero")
    }

    /// DeriveKeyPair of RFC 9497 §3.2.1: the same seed and public bytes always give the same key.
    ///
    /// # Errors
    /// If `info` is longer than 65,535 bytes, or no key is found, which nobody can bring about.
    pub fn derive(seed: &Secret32, info: &[u8]) -> Result<Self, DeriveKeyError> {
        let info_len = u16::try_from(info.len()).map_err(|_| DeriveKeyError::InfoTooLong { len: info.len() })?;
        let info_len = info_len.to_be_bytes();
        let expander = Expander::new(DERIVE_KEY_PAIR);
        (0..=u8::MAX)
            .find_map(|counter| {
                let parts = [seed.expose(), info_len.as_slice(), info, &[counter]];
                Self::from_scalar(expander.scalar(&parts))
            })
            .ok_or(DeriveKeyError::NoKey)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    pub(super) fn half(&self) -> &Scalar {
        &self.half
    }

    /// None if the scalar is zero.
    pub(crate) fn from_scalar(scalar: Scalar) -> Option<Self> {
        let public = PublicKey(Element::generator_times(&scalar)?.encode());
        let half = Scalar(scalar.0.div_by_2());
        Some(Self { scalar, half, public })
    }
}

impl fmt::Debug for EvaluationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EvaluationKey(..)")
    }
}

/// The public half of an [`EvaluationKey`]: 32 bytes that encode an element other than the identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 32]", into = "[u8; 32]")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The public key with this encoding.
    ///
    /// # Errors
    /// If the bytes are not the canonical encoding of an element, or are that of the identity.
    pub fn decode(bytes: [u8; 32]) -> Result<Self, BadPublicKey> {
        Element::decode(&bytes).map_err(|_| BadPublicKey)?;
        Ok(Self(bytes))
    }

    /// Its encoding.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// None if it is the identity.
    pub(crate) fn from_point(point: &RistrettoPoint) -> Option<Self> {
        (!point.is_identity()).then(|| Self(point.compress().to_bytes()))
    }

    pub(crate) fn element(&self) -> Element {
        Element::decode(&self.0).expect("a public key was checked when it was made")
    }
}

impl TryFrom<[u8; 32]> for PublicKey {
    type Error = BadPublicKey;

    fn try_from(bytes: [u8; 32]) -> Result<Self, BadPublicKey> {
        Self::decode(bytes)
    }
}

impl From<PublicKey> for [u8; 32] {
    fn from(key: PublicKey) -> Self {
        key.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", Digest::from_bytes(self.0))
    }
}

/// Bytes that are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the public key of an oblivious function")]
pub struct BadPublicKey;

/// Why no key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeriveKeyError {
    /// The public bytes are too long for their length field.
    #[error("{len} bytes are too many to derive a key from: at most 65535")]
    InfoTooLong {
        /// How many there were.
        len: usize,
    },
    /// All 256 tries gave zero.
    #[error("no key can be derived from this seed")]
    NoKey,
}
