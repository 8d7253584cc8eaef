//! Cryptographic functions over values. Nothing here knows what a peer, a role, a round or a session is.
//!
//! No entropy is read: whatever is random takes a [`Seed`]. Secrets are [`Secret32`] or types built on it: they are
//! zeroized on drop, never printed, never cloned and compared in constant time only.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`Domain`] | every domain-separation string | |
//! | [`digest`], [`derive`](derive()) | SHA-256; BLAKE3 deriving keys | FIPS 180-4; BLAKE3 paper §2.3 |
//! | [`merkle`] | trees and proofs of inclusion | RFC 9162 §2.1 |
//! | [`SigningKey`], [`VerifyingKey`] | Ed25519, strict | RFC 8032 |
//! | [`group`] | ristretto255, hashing to it | RFC 9496, RFC 9380 §5.3.1 and appendix B |
//! | [`voprf`] | verifiable oblivious function in batches | RFC 9497, mode 0x01, ristretto255-SHA512 |
//! | [`threshold`] | a key of that function shared among holders | Feldman 1987; 2017/363 |
//! | [`ticket`] | unlinkable right to a place | RFC 9578 |
//! | [`collect`] | what at least k of fifteen lists hold | arXiv 2510.12045 |
//! | [`commute`] | masks of two keys that commute, for counting | Meadows 1986; Huberman, Franklin, Hogg 1999 |
//! | [`hpke`] | sealing to a public key | RFC 9180 |
//! | [`SealKey`] | XChaCha20-Poly1305 | draft-irtf-cfrg-xchacha-03, RFC 8439 |
//! | [`derive_from_passphrase`] | Argon2id | RFC 9106 |
//! | [`Block`], [`products`] and other slices | 128 bits, GF(2^128) | |
//! | [`Mmo`], [`expand_pairs`], [`davies_meyer`], [`Prg`] | AES-128 as a hash and as a generator | FIPS 197; 2019/074 |
//! | [`label`] | labels sealed under keys of their own | 2019/074; BLAKE3 paper §2.3 |
//! | [`okvs`] | oblivious key-value store | 2022/320 §3 |
//! | [`ot`] | base oblivious transfer and its extension, against malicious sides | 2019/706, 2022/192, 2019/074 |
//! | [`vole`] | silent VOLE: trees, code, checked batches | 2019/1159, 2023/882, 2022/320 |
//! | [`Transcript`] | running hash over two lanes of messages | |
//!
//! # Time
//!
//! | constant time | in | as far as |
//! |---|---|---|
//! | multiplication by a key, a blind, its half or inverse | [`voprf`] | curve25519-dalek's constant-time paths; batch sizes are public |
//! | hashing an input to the group or to an [`voprf::Output`] | [`voprf`], [`group`] | an input's length is not hidden |
//! | encoding of unblinded and own elements, in batches | [`voprf`] | |
//! | the proof's random scalar and response | [`voprf::evaluate`] | |
//! | all that depends on choices, bits, Δ, keys or seeds | [`ot`] | as far as AES, BLAKE3 and the products of blocks are |
//! | multiplication by a share, a polynomial's coefficients, opening of a share | [`threshold`] | numbers of holders are public |
//! | derivation of keys, tags and shares of items | [`collect`] | as far as BLAKE3 is; the draw of a coefficient is repeated once in 2^61 |
//! | multiplication by a mask's key | [`commute`] | sizes are public; hashing of inputs of equal length |
//! | signing | [`SigningKey`] | |
//! | sealing, opening, the comparison of tags | [`SealKey`] | lengths are not hidden, nor whether a box opens |
//! | sealing and opening of labels | [`LabelKeys`] | lengths and places are not hidden, nor which rows open |
//! | equality of secrets | [`ct_eq`], `ConstantTimeEq` of [`Secret32`] and [`voprf::Output`] | lengths are not hidden |
//!
//! | variable time | in | why it may be |
//! |---|---|---|
//! | decoding of elements, public keys and proofs: stops at the first bad one | [`voprf`], [`ot`], [`group`] | a peer sent them |
//! | weighted sums of blinded and evaluated elements, the proof's check | [`voprf`] | both sides know them |
//! | verification of signatures | [`VerifyingKey`] | public |
//! | `==` and order of [`Digest`], [`voprf::PublicKey`], [`Signature`] | | public; use [`ct_eq`] where a digest is of a secret |
//! | joining of evaluated elements, verdicts, proofs' checks | [`threshold`] | everyone sees them |
//! | laying out of a list, and where that looks | [`collect`] | only on the own machine; a peer must not be let time it |
//! | the search | [`collect`] | the collector sees all of it |
//! | encoding, and where reading looks | [`okvs`] | only on the own machine; a peer must not be let time it |
//! | second half of Argon2id's first pass and all later ones | [`derive_from_passphrase`] | RFC 9106 §3.4.1.3: memory access depends on the passphrase |
//!
//! Two branches on secrets remain: a random scalar or Δ that is zero is drawn again, and an input that hashes to the identity
//! is refused. Neither happens with a probability above 2^-128.
//!
//! What is erased: keys, seeds, correlated entries, blinds, unblinded elements, outputs, passphrase memory and opened
//! plaintext. Not erased: what the crates beneath keep on the stack or in generators while they work.

#![deny(unsafe_code)]

pub mod aead;
mod block;
pub mod collect;
pub mod commute;
mod domain;
mod field;
pub mod group;
mod hash;
pub mod hpke;
pub mod label;
pub mod merkle;
mod mmo;
pub mod okvs;
pub mod ot;
mod passphrase;
mod secret;
mod sign;
#[allow(unsafe_code)]
mod simd;
pub mod threshold;
pub mod ticket;
mod transcript;
pub mod vole;
pub mod voprf;

#[cfg(test)]
mod vectors;

pub use aead::{OpenError, SealKey};
pub use block::Block;
pub use domain::Domain;
pub use field::{add_polynomial, add_scaled, inner_product, power_sum, powers, products};
pub use hash::{BulkHasher, Digest, Hasher, derive, derive_public, digest};
pub use label::LabelKeys;
pub use merkle::{InclusionProof, MerkleTree};
pub use mmo::{Mmo, Prg, davies_meyer, expand_pairs};
pub use passphrase::{BadCost, PASSPHRASE_LEN_MAX, PassphraseCost, PassphraseError, derive_from_passphrase};
pub use secret::{Secret32, Seed, ct_eq};
pub use sign::{BadSignature, BadVerifyingKey, Signature, SigningKey, VerifyingKey};
pub use simd::Level;
pub use transcript::{Lane, Transcript};
