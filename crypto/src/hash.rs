//! Hashes under a domain: SHA-256 (FIPS 180-4) for digests, BLAKE3 in its key-derivation mode for keys and items.
//!
//! Both frame their input the same way: each part after its length as eight little-endian bytes, so no two lists of
//! parts give the same input.

use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Domain, Secret32};

/// 32 bytes that are public and may be compared, sorted and printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// SHA-256 over the domain and the parts.
pub fn digest(domain: Domain, parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::new(domain);
    for part in parts {
        hasher.part(part);
    }
    hasher.finish()
}

/// [`digest`], part by part.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts a hash under a domain.
    pub fn new(domain: Domain) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.part(domain.text().as_bytes());
        hasher
    }

    /// Adds one part.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The digest of all parts so far.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// A secret derived from a secret, under a domain, bound to the parts.
pub fn derive(domain: Domain, secret: &Secret32, parts: &[&[u8]]) -> Secret32 {
    let mut hasher = blake3::Hasher::new_derive_key(domain.text());
    hasher.update(secret.expose());
    absorb(&mut hasher, parts);
    let mut bytes = [0; 32];
    hasher.finalize_xof().fill(&mut bytes);
    Secret32::new(bytes)
}

/// 32 public bytes derived from the parts, under a domain, by the same function as [`derive`] with no secret.
pub fn derive_public(domain: Domain, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(domain.text());
    absorb(&mut hasher, parts);
    Digest(*hasher.finalize().as_bytes())
}

fn absorb(hasher: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}
