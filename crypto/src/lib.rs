//! Cryptographic functions over values. Nothing here knows what a peer, a role, a round or a session is.
//!
//! No entropy is read: whatever is random takes a [`Seed`]. Secrets are [`Secret32`] or types built on it: they are
//! zeroized on drop, never printed, never cloned and compared in constant time only.

#![forbid(unsafe_code)]

pub mod aead;
mod domain;
pub mod group;
mod hash;
mod passphrase;
mod secret;
mod sign;
mod transcript;
pub mod voprf;

#[cfg(test)]
mod vectors;

pub use aead::{OpenError, SealKey};
pub use domain::Domain;
pub use hash::{Digest, Hasher, derive, derive_public, digest};
pub use passphrase::{
    BadCost, PASSPHRASE_LEN_MAX, PassphraseCost, PassphraseError, derive_from_passphrase,
};
pub use secret::{Secret32, Seed, ct_eq};
pub use sign::{BadSignature, BadVerifyingKey, Signature, SigningKey, VerifyingKey};
pub use transcript::{Lane, Transcript};
