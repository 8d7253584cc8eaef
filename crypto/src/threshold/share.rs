//! What a holder keeps, and what everyone knows of a shared key.

use core::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use super::index::{HOLDERS_MAX, Index};
use super::polynomial::lagrange;
use crate::group::Scalar;
use crate::voprf::{EvaluationKey, PublicKey};

/// One holder's share of a key.
pub struct Share {
    index: Index,
    scalar: Scalar,
}

impl Share {
    pub(super) fn new(index: Index, scalar: Scalar) -> Self {
        Self { index, scalar }
    }

    /// Whose it is.
    pub fn index(&self) -> Index {
        self.index
    }

    /// The share as a key: a partial evaluation is [`crate::voprf::evaluate`] under it.
    pub fn evaluation_key(&self) -> EvaluationKey {
        EvaluationKey::from_scalar(Scalar(self.scalar.0)).expect("a share is not zero")
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// Its encoding, to be sealed and stored: the index, then the scalar, little-endian.
    pub fn encode(&self) -> Zeroizing<[u8; SHARE_LEN]> {
        let mut bytes = Zeroizing::new([0; SHARE_LEN]);
        bytes[0] = self.index.number();
        bytes[1..].copy_from_slice(self.scalar.0.as_bytes());
        bytes
    }

    /// The share with this encoding.
    ///
    /// # Errors
    /// If the index is out of bounds, or the scalar is zero or not below the group's order.
    pub fn decode(bytes: &[u8; SHARE_LEN]) -> Result<Self, BadShare> {
        let (index, scalar) = bytes.split_first_chunk::<1>().expect("33 bytes have one");
        let index = Index::new(index[0]).map_err(|_| BadShare)?;
        let scalar = scalar.try_into().expect("32 bytes are left");
        Ok(Self { index, scalar: Scalar::decode(scalar).map_err(|_| BadShare)? })
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share(..)")
    }
}

/// Bytes of a share's encoding.
const SHARE_LEN: usize = 33;

/// Bytes that are not a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the encoding of a share of a key")]
pub struct BadShare;

/// The public half of a shared key: what all shares together evaluate under, and what each is proven against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    threshold: u8,
    group: PublicKey,
    shares: Vec<PublicKey>,
}

impl SharedKey {
    /// None if a point is the identity, which a ceremony with one honest dealer gives with probability 2^-252.
    pub(super) fn new(threshold: u8, group: &RistrettoPoint, shares: &[RistrettoPoint]) -> Option<Self> {
        let group = PublicKey::from_point(group)?;
        let shares = shares.iter().map(PublicKey::from_point).collect::<Option<Vec<_>>>()?;
        Some(Self { threshold, group, shares })
    }

    /// Shares that it takes to evaluate.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many hold a share: those with numbers 1 to this.
    pub fn holders(&self) -> u8 {
        self.shares.len() as u8
    }

    /// The public key of the whole.
    pub fn group(&self) -> PublicKey {
        self.group
    }

    /// The public key of a share, if there is one with this index.
    pub fn share(&self, index: Index) -> Option<PublicKey> {
        self.shares.get(usize::from(index.number()) - 1).copied()
    }

    /// Its encoding: threshold, number of shares, public key of the whole, public keys of the shares.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.threshold, self.holders()];
        bytes.extend(self.group.as_bytes());
        bytes.extend(self.shares.iter().flat_map(|share| share.as_bytes()));
        bytes
    }

    /// The public half with this encoding.
    ///
    /// # Errors
    /// If its form is wrong, or its keys are not those of one sharing with this threshold.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadSharedKey> {
        let (&[threshold, holders], keys) = bytes.split_first_chunk().ok_or(BadSharedKey::Form)?;
        let (keys, rest) = keys.as_chunks::<32>();
        let form = rest.is_empty() && keys.len() == usize::from(holders) + 1;
        if !form || !(2..=holders).contains(&threshold) || holders > HOLDERS_MAX {
            return Err(BadSharedKey::Form);
        }
        let mut keys = keys.iter().map(|key| PublicKey::decode(*key).map_err(|_| BadSharedKey::Form));
        let group = keys.next().ok_or(BadSharedKey::Form)??;
        let shared = Self { threshold, group, shares: keys.collect::<Result<_, _>>()? };
        if shared.vartime_is_one_sharing() { Ok(shared) } else { Err(BadSharedKey::Inconsistent) }
    }

    /// Whether each t consecutive shares give the public key of the whole. Then each next share lies on the polynomial of those
    /// before it: of two values there, the weighted sums at 0 would differ.
    fn vartime_is_one_sharing(&self) -> bool {
        let indices: Vec<_> = Index::first(self.holders()).collect();
        indices.windows(self.threshold.into()).all(|some| {
            let weighted = some.iter().map(|index| {
                let share = self.share(*index).expect("an index of a holder");
                lagrange(some, *index) * share.element().0
            });
            weighted.sum::<RistrettoPoint>() == self.group.element().0
        })
    }
}

/// Bytes that are not the public half of a shared key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSharedKey {
    /// A length, a number or an element is wrong.
    #[error("not the encoding of the public half of a shared key")]
    Form,
    /// The elements are valid each by itself.
    #[error("the public keys of the shares are not those of one sharing of the public key")]
    Inconsistent,
}
