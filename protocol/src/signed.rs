//! What the hub says to everyone alike: a body in its canonical encoding, and the hub's signature.

use cwg_crypto::{Digest, Domain, Signature, SigningKey, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::NodeKey;
use crate::wire::{BoundedVec, decode_canonical, encode};

/// A body of up to `N` bytes as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<const N: usize> {
    body: BoundedVec<u8, N>,
    signature: Signature,
}

/// Why a body was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// Not signed by this node.
    Signer,
    /// Not the canonical encoding.
    Form,
}

impl<const N: usize> Signed<N> {
    /// None if the body is longer than its limit.
    pub(crate) fn sign(body: &impl Serialize, domain: Domain, key: &SigningKey) -> Option<Self> {
        let body: BoundedVec<u8, N> = encode(body).try_into().ok()?;
        let signature = key.sign(domain, &[&body]);
        Some(Self { body, signature })
    }

    pub(crate) fn open<T: Serialize + DeserializeOwned>(&self, domain: Domain, signer: NodeKey) -> Result<T, Unopened> {
        signer.0.verify(domain, &[&self.body], &self.signature).map_err(|_| Unopened::Signer)?;
        decode_canonical(&self.body, N).map_err(|_| Unopened::Form)
    }

    pub(crate) fn digest(&self, domain: Domain) -> Digest {
        digest(domain, &[&self.body])
    }
}
