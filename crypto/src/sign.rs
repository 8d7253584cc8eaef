//! Ed25519 (RFC 8032) under a domain. Verification is strict: small-order keys and non-canonical forms are refused.

use core::fmt;

use ed25519_dalek::Signer as _;
use serde::{Deserialize, Serialize};

use crate::{Digest, Domain, Secret32, digest};

/// A key that signs.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key with this 32-byte secret (RFC 8032 §5.1.5).
    pub fn from_secret(secret: &Secret32) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret.expose()))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs the parts under a domain.
    pub fn sign(&self, domain: Domain, parts: &[&[u8]]) -> Signature {
        Signature(self.0.sign(message(domain, parts).as_bytes()).to_bytes())
    }

    /// Signs raw bytes with no domain of ours: for TLS, which has its own (RFC 8446 §4.4.3).
    pub fn sign_raw(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A public key. Decoding refuses what is not a point; verification refuses points of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 32]", into = "[u8; 32]")]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key with this encoding.
    ///
    /// # Errors
    /// If the bytes are not the encoding of a point, or of one of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, BadVerifyingKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| BadVerifyingKey)?;
        if key.is_weak() {
            return Err(BadVerifyingKey);
        }
        Ok(Self(bytes))
    }

    /// Its encoding.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature over the parts under a domain.
    ///
    /// # Errors
    /// If it is not this key's.
    pub fn verify(
        &self,
        domain: Domain,
        parts: &[&[u8]],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .and_then(|key| {
                key.verify_strict(
                    message(domain, parts).as_bytes(),
                    &ed25519_dalek::Signature::from_bytes(&signature.0),
                )
            })
            .map_err(|_| BadSignature)
    }
}

impl TryFrom<[u8; 32]> for VerifyingKey {
    type Error = BadVerifyingKey;

    fn try_from(bytes: [u8; 32]) -> Result<Self, BadVerifyingKey> {
        Self::from_bytes(bytes)
    }
}

impl From<VerifyingKey> for [u8; 32] {
    fn from(key: VerifyingKey) -> Self {
        key.0
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", Digest::from_bytes(self.0))
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// The signature with these bytes. Only verification says whether it is one.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

// serde has no arrays of 64: two halves of 32 have the same encoding.
impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (r, s): (&[u8; 32], &[u8; 32]) = (
            self.0[..32].try_into().expect("half of 64 bytes"),
            self.0[32..].try_into().expect("half of 64 bytes"),
        );
        (r, s).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (r, s) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&r);
        bytes[32..].copy_from_slice(&s);
        Ok(Self(bytes))
    }
}

/// Bytes that are not a usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key")]
pub struct BadVerifyingKey;

/// A signature that the key did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

fn message(domain: Domain, parts: &[&[u8]]) -> Digest {
    digest(domain, parts)
}
