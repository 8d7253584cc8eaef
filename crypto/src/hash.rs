//! Hashes under a domain: SHA-256 (FIPS 180-4) for digests, BLAKE3 in its key-derivation mode for keys and items.
//!
//! Both frame their input the same way: each part after its length as eight little-endian bytes, so no two lists of
//! parts give the same input.

use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

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

    /// Its first half: a block, or a key of AES-128.
    pub fn first_half(&self) -> [u8; 16] {
        *self.0.first_chunk().expect("32 bytes have a first half")
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

/// A digest of much, by BLAKE3 in its key-derivation mode: for transcripts and sets, where SHA-256 would cost as much as what
/// is hashed. Equal to [`derive_public`] of the same parts.
#[derive(Clone)]
pub struct BulkHasher {
    hasher: blake3::Hasher,
    /// Small parts that wait, framed: BLAKE3 hashes several of its chunks side by side only if they come together.
    waiting: Vec<u8>,
}

/// Bytes that wait at most, and those of a part that may wait.
const WAITING_LEN_MAX: usize = 64 * 1024;
const SMALL_LEN_MAX: usize = 1024;

impl BulkHasher {
    /// Starts a hash under a domain.
    pub fn new(domain: Domain) -> Self {
        Self { hasher: blake3::Hasher::new_derive_key(domain.text()), waiting: Vec::new() }
    }

    /// Adds one part.
    pub fn part(&mut self, bytes: &[u8]) {
        if bytes.len() > SMALL_LEN_MAX {
            self.hash_waiting();
            return absorb(&mut self.hasher, &[bytes]);
        }
        if self.waiting.len() + LEN_LEN + bytes.len() > WAITING_LEN_MAX {
            self.hash_waiting();
        }
        self.waiting.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.waiting.extend_from_slice(bytes);
    }

    /// The digest of all parts so far.
    pub fn finish(mut self) -> Digest {
        self.hash_waiting();
        Digest(*self.hasher.finalize().as_bytes())
    }

    fn hash_waiting(&mut self) {
        self.hasher.update(&self.waiting);
        self.waiting.clear();
    }
}

/// Bytes of the length before a part.
const LEN_LEN: usize = 8;

/// A secret derived from a secret, under a domain, bound to the parts.
pub fn derive(domain: Domain, secret: &Secret32, parts: &[&[u8]]) -> Secret32 {
    let mut bytes = [0; 32];
    derive_long(domain, secret, parts).fill(&mut bytes);
    Secret32::new(bytes)
}

/// [`derive()`] with an output of any length: its first 32 bytes are the same.
pub(crate) fn derive_long(domain: Domain, secret: &Secret32, parts: &[&[u8]]) -> SecretOutput {
    let mut hasher = blake3::Hasher::new_derive_key(domain.text());
    hasher.update(secret.expose());
    absorb(&mut hasher, parts);
    SecretOutput(hasher.finalize_xof())
}

/// The output of a derivation, from its beginning on.
pub(crate) struct SecretOutput(blake3::OutputReader);

impl SecretOutput {
    /// The next bytes. Whole blocks of 64 cost the least.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

impl Drop for SecretOutput {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// 32 public bytes derived from the parts, under a domain, by the same function as [`derive()`] with no secret.
pub fn derive_public(domain: Domain, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(domain.text());
    absorb(&mut hasher, parts);
    Digest(*hasher.finalize().as_bytes())
}

/// The first 64 bytes of the output that [`derive_public`] has the first 32 of, for a scalar.
pub(crate) fn derive_public_long(domain: Domain, parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = blake3::Hasher::new_derive_key(domain.text());
    absorb(&mut hasher, parts);
    let mut bytes = [0; 64];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn absorb(hasher: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: Domain = Domain::Item;

    /// The input that both hashes frame, written out by hand.
    fn framed(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().flat_map(|part| [(part.len() as u64).to_le_bytes().as_slice(), part].concat()).collect()
    }

    #[test]
    fn a_digest_is_sha_256_of_the_framed_domain_and_parts() {
        let parts: &[&[u8]] = &[b"one", b"", b"three"];
        let input = [framed(&[DOMAIN.text().as_bytes()]), framed(parts)].concat();
        assert_eq!(digest(DOMAIN, parts).as_bytes()[..], Sha256::digest(input)[..]);

        let mut hasher = Hasher::new(DOMAIN);
        parts.iter().for_each(|part| hasher.part(part));
        assert_eq!(hasher.finish(), digest(DOMAIN, parts));
    }

    #[test]
    fn derivation_is_blake3_of_the_secret_and_the_framed_parts() {
        let parts: &[&[u8]] = &[b"one", b"", b"three"];
        let input = [&[5; 32], framed(parts).as_slice()].concat();
        let secret = derive(DOMAIN, &Secret32::new([5; 32]), parts);
        assert_eq!(*secret.expose(), blake3::derive_key(DOMAIN.text(), &input));
        assert_eq!(*derive_public(DOMAIN, parts).as_bytes(), blake3::derive_key(DOMAIN.text(), &framed(parts)));
    }

    #[test]
    fn a_bulk_digest_is_derived_from_its_parts() {
        // None, some that wait, as many as wait and more, and those that do not wait between those that do.
        let small = [7; 32].as_slice();
        let lens = [SMALL_LEN_MAX, SMALL_LEN_MAX + 1, 3, WAITING_LEN_MAX + 1, 0];
        let large: Vec<Vec<u8>> = lens.iter().map(|len| vec![5; *len]).collect();
        let cases: [Vec<&[u8]>; 5] = [
            vec![],
            vec![b"one", b"", b"three"],
            vec![small; WAITING_LEN_MAX / (LEN_LEN + small.len())],
            vec![small; 5000],
            large.iter().map(Vec::as_slice).collect(),
        ];
        for parts in cases {
            let mut hasher = BulkHasher::new(DOMAIN);
            parts.iter().for_each(|part| hasher.part(part));
            assert_eq!(hasher.finish(), derive_public(DOMAIN, &parts), "{} parts", parts.len());
        }
    }

    #[test]
    fn every_domain_has_its_own_hashes() {
        let secret = Secret32::new([1; 32]);
        let mut all: Vec<_> = Domain::ALL
            .iter()
            .flat_map(|domain| {
                let derived = Digest::from_bytes(*derive(*domain, &secret, &[b"x"]).expose());
                [digest(*domain, &[b"x"]), derive_public(*domain, &[b"x"]), derived]
            })
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_digest_prints_as_hexadecimal() {
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(digest.to_string(), "ab".repeat(32));
        assert_eq!(format!("{digest:?}"), format!("Digest({digest})"));
    }

    type Parts = Vec<Vec<u8>>;

    fn few_parts() -> impl proptest::strategy::Strategy<Value = Parts> {
        proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..3), 0..4)
    }

    proptest::proptest! {
        #[test]
        fn framing_is_unambiguous(a in few_parts(), b in few_parts()) {
            let secret = Secret32::new([1; 32]);
            let hashes = |parts: &Parts| {
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                (digest(DOMAIN, &parts), derive_public(DOMAIN, &parts), *derive(DOMAIN, &secret, &parts).expose())
            };
            let (of_a, of_b) = (hashes(&a), hashes(&b));
            proptest::prop_assert_eq!(a == b, of_a.0 == of_b.0);
            proptest::prop_assert_eq!(a == b, of_a.1 == of_b.1);
            proptest::prop_assert_eq!(a == b, of_a.2 == of_b.2);
        }
    }
}
