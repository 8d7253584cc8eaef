//! A shared key as members know it: its public half, who holds the shares, and the signatures of all of them.
//!
//! Holders sign what their ceremony came to before anyone uses it ([`super::ceremony`]). So whoever sees their signatures knows
//! that this key was dealt among these members, and that the hub has not put one of its own in its place.

use cwg_crypto::threshold::{Index, SharedKey};
use cwg_crypto::voprf::PublicKey;
use cwg_crypto::{Digest, Domain, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use super::limits::{KEY_LEN_MAX, SHARED_KEY_LEN_MAX};
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedVec, decode_canonical, encode};
use crate::{NetworkId, NodeKey, PilotId};

/// The number of a shared key within a pilot, from 1: a key serves one period, and refreshes do not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyPeriod(pub u32);

/// What holders sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBody {
    /// The network.
    pub network: NetworkId,
    /// The pilot.
    pub pilot: PilotId,
    /// The period that the key serves.
    pub period: KeyPeriod,
    /// The ceremony that made these shares.
    pub ceremony: Digest,
    /// The digest of all its messages.
    pub transcript: Digest,
    /// The public half.
    pub key: BoundedVec<u8, SHARED_KEY_LEN_MAX>,
    /// Who holds the shares, in the order of their numbers.
    pub holders: BoundedVec<NodeKey, MEMBERS_MAX>,
}

/// A key as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedKey {
    body: BoundedVec<u8, KEY_LEN_MAX>,
    /// One of each holder, in their order.
    signatures: BoundedVec<Signature, MEMBERS_MAX>,
}

/// A key that all its holders have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKey {
    body: KeyBody,
    key: SharedKey,
    signed: SignedKey,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the canonical encoding, or no shared key in it.
    #[error("the shared key is malformed")]
    Malformed,
    /// Of another network or pilot.
    #[error("the shared key belongs to another pilot")]
    OtherPilot,
    /// Not as many holders as shares, or one of them twice.
    #[error("the shared key does not name one holder for each share")]
    Holders,
    /// A holder has not signed it.
    #[error("holder {} has not signed the shared key", holder.number())]
    Unsigned {
        /// The holder's number.
        holder: Index,
    },
}

impl KeyError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "key-malformed",
            Self::OtherPilot => "key-other-pilot",
            Self::Holders => "key-holders",
            Self::Unsigned { .. } => "key-unsigned",
        }
    }
}

impl KeyBody {
    /// A holder's signature.
    pub(super) fn sign(&self, holder: &SigningKey) -> Signature {
        holder.sign(Domain::SharedKey, &[&encode(self)])
    }
}

impl SignedKey {
    /// Puts the holders' signatures to what they signed, in the order of their numbers.
    ///
    /// # Errors
    /// As for [`HeldKey::verify`].
    pub(super) fn of(body: &KeyBody, signatures: Vec<Signature>) -> Result<Self, KeyError> {
        let body = encode(body).try_into().map_err(|_| KeyError::Malformed)?;
        Ok(Self { body, signatures: signatures.try_into().map_err(|_| KeyError::Holders)? })
    }
}

impl HeldKey {
    /// Checks the signatures of all holders.
    ///
    /// # Errors
    /// If form, pilot or holders are wrong, or names the first holder who has not signed.
    pub fn verify(signed: &SignedKey, network: NetworkId, pilot: PilotId) -> Result<Self, KeyError> {
        let body: KeyBody = decode_canonical(&signed.body, KEY_LEN_MAX).map_err(|_| KeyError::Malformed)?;
        if (body.network, body.pilot) != (network, pilot) {
            return Err(KeyError::OtherPilot);
        }
        let key = SharedKey::decode(&body.key).map_err(|_| KeyError::Malformed)?;
        let one_each = body.holders.iter().enumerate().all(|(at, holder)| !body.holders[..at].contains(holder));
        let holders = usize::from(key.holders());
        if !one_each || body.holders.len() != holders || signed.signatures.len() != holders {
            return Err(KeyError::Holders);
        }
        for (number, (holder, signature)) in (1..).zip(body.holders.iter().zip(signed.signatures.iter())) {
            let verified = holder.0.verify(Domain::SharedKey, &[&signed.body], signature);
            let holder = Index::new(number).map_err(|_| KeyError::Holders)?;
            verified.map_err(|_| KeyError::Unsigned { holder })?;
        }
        Ok(Self { body, key, signed: signed.clone() })
    }

    /// What was signed.
    pub fn body(&self) -> &KeyBody {
        &self.body
    }

    /// The public half.
    pub fn key(&self) -> &SharedKey {
        &self.key
    }

    /// The public key of the whole.
    pub fn public(&self) -> PublicKey {
        self.key.group()
    }

    /// As it travels.
    pub fn signed(&self) -> &SignedKey {
        &self.signed
    }

    /// The number of a holder.
    pub fn index_of(&self, holder: NodeKey) -> Option<Index> {
        let at = self.body.holders.iter().position(|held| *held == holder)?;
        Index::new(u8::try_from(at).ok()? + 1).ok()
    }

    /// The holder with this number.
    pub fn holder(&self, index: Index) -> Option<NodeKey> {
        self.body.holders.get(usize::from(index.number()) - 1).copied()
    }
}
