//! The group ristretto255 (RFC 9496) and hashing to it and to its scalars (RFC 9380 §5.3.1, appendix B).
//!
//! An [`Element`] is valid by type: its decoding refuses every encoding that is not canonical, and the identity
//! (RFC 9497 §3.3 requires both of what a peer sends).

use core::fmt;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::IsIdentity;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// An element of the group other than its identity.
#[derive(Clone, Copy, Zeroize)]
pub struct Element(pub(crate) RistrettoPoint);

impl Element {
    /// The element with this encoding (RFC 9496 §4.3.1).
    ///
    /// # Errors
    /// If the encoding is not canonical or is that of the identity.
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, BadEncoding> {
        let point = CompressedRistretto(*bytes).decompress().ok_or(BadEncoding)?;
        Self::new(point).ok_or(BadEncoding)
    }

    /// Its one encoding (RFC 9496 §4.3.2).
    pub fn encode(&self) -> [u8; 32] {
        self.0.compress().to_bytes()
    }

    /// The generator times a nonzero scalar, in constant time.
    pub(crate) fn generator_times(scalar: &Scalar) -> Option<Self> {
        Self::new(RistrettoPoint::mul_base(&scalar.0))
    }

    fn new(point: RistrettoPoint) -> Option<Self> {
        // RFC 9497 §3.3: the identity is never a valid input.
        (!point.is_identity()).then_some(Self(point))
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Element(..)")
    }
}

/// A secret integer modulo the group's order.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Scalar(pub(crate) curve25519_dalek::Scalar);

impl Scalar {
    /// A uniform scalar other than zero.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        loop {
            let scalar = curve25519_dalek::Scalar::random(rng);
            if scalar != curve25519_dalek::Scalar::ZERO {
                return Self(scalar);
            }
        }
    }

    /// The scalar with this little-endian encoding.
    ///
    /// # Errors
    /// If it is zero, or not below the group's order.
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, BadEncoding> {
        let scalar = Option::<curve25519_dalek::Scalar>::from(curve25519_dalek::Scalar::from_canonical_bytes(*bytes))
            .ok_or(BadEncoding)?;
        if scalar == curve25519_dalek::Scalar::ZERO {
            return Err(BadEncoding);
        }
        Ok(Self(scalar))
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scalar(..)")
    }
}

/// Bytes that encode no usable element or scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding of a group element or scalar, or that of the neutral one")]
pub struct BadEncoding;

/// An input whose hash is the identity of the group. Nobody can find one, but RFC 9497 §3.3 names the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input hashes to the identity of the group")]
pub struct HashedToIdentity;

/// A domain separation tag of RFC 9380 §3.1. The length is checked where the tag is made, at compile time for constants.
#[derive(Clone, Copy, Debug)]
pub struct Dst(&'static [u8]);

impl Dst {
    /// A tag of 1 to 255 bytes.
    ///
    /// # Panics
    /// If the length is outside these bounds.
    pub const fn new(tag: &'static [u8]) -> Self {
        assert!(!tag.is_empty() && tag.len() <= 255, "RFC 9380 §5.3.1: a tag has 1 to 255 bytes");
        Self(tag)
    }
}

/// hash_to_ristretto255 with expand_message_xmd and SHA-512 (RFC 9380 appendix B) of the parts, one after the other.
/// The parts are not framed.
///
/// # Errors
/// If the result is the identity.
pub fn hash_to_group(parts: &[&[u8]], dst: Dst) -> Result<Element, HashedToIdentity> {
    Expander::new(dst).element(parts)
}

/// HashToScalar of RFC 9497 §4.1: 64 bytes from expand_message_xmd, reduced as a little-endian integer. The parts are not
/// framed. Zero is a possible result, as improbable as any other.
pub fn hash_to_scalar(parts: &[&[u8]], dst: Dst) -> Scalar {
    Expander::new(dst).scalar(parts)
}

/// Decodes what a peer sent; an error is the index of the first bad element.
pub(crate) fn decode_all(encoded: &[[u8; 32]]) -> Result<Vec<RistrettoPoint>, usize> {
    encoded
        .iter()
        .enumerate()
        .map(|(index, bytes)| Element::decode(bytes).map(|element| element.0).map_err(|_| index))
        .collect()
}

/// The encodings of twice each point: one inversion serves the whole batch.
pub(crate) fn double_and_encode(points: &[RistrettoPoint]) -> Vec<[u8; 32]> {
    RistrettoPoint::double_and_compress_batch(points).iter().map(CompressedRistretto::to_bytes).collect()
}

/// expand_message_xmd with SHA-512 for one tag. Its first block is the same for every message and is hashed once.
pub(crate) struct Expander {
    after_padding: Sha512,
    dst: Dst,
}

impl Expander {
    pub(crate) fn new(dst: Dst) -> Self {
        let mut after_padding = Sha512::new();
        after_padding.update([0; BLOCK_LEN]);
        Self { after_padding, dst }
    }

    /// `N` uniform bytes, 1 to 16,320, from the parts.
    pub(crate) fn bytes<const N: usize>(&self, parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
        const { assert!(N > 0 && N <= 255 * HASH_LEN, "RFC 9380 §5.3.1: at most 255 blocks") };
        let mut hasher = self.after_padding.clone();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.update((N as u16).to_be_bytes());
        hasher.update([0]);
        self.finish_tag(&mut hasher);
        let first = hasher.finalize();

        let mut bytes = Zeroizing::new([0; N]);
        let mut mixed: [u8; HASH_LEN] = first.into();
        for (number, out) in (1_u8..).zip(bytes.chunks_mut(HASH_LEN)) {
            let mut hasher = Sha512::new();
            hasher.update(mixed);
            hasher.update([number]);
            self.finish_tag(&mut hasher);
            let block = hasher.finalize();
            out.copy_from_slice(&block[..out.len()]);
            for ((mixed, first), block) in mixed.iter_mut().zip(&first).zip(&block) {
                *mixed = first ^ block;
            }
        }
        bytes
    }

    pub(crate) fn element(&self, parts: &[&[u8]]) -> Result<Element, HashedToIdentity> {
        Element::new(self.point(parts)).ok_or(HashedToIdentity)
    }

    /// The hash as a point, for sums to which the identity is no harm.
    pub(crate) fn point(&self, parts: &[&[u8]]) -> RistrettoPoint {
        RistrettoPoint::from_uniform_bytes(&self.bytes(parts))
    }

    pub(crate) fn scalar(&self, parts: &[&[u8]]) -> Scalar {
        Scalar(curve25519_dalek::Scalar::from_bytes_mod_order_wide(&self.bytes(parts)))
    }

    // DST_prime: the tag, then its length in one byte.
    fn finish_tag(&self, hasher: &mut Sha512) {
        hasher.update(self.dst.0);
        hasher.update([self.dst.0.len() as u8]);
    }
}

/// SHA-512 (FIPS 180-4): bytes of a block and of a digest.
const BLOCK_LEN: usize = 128;
const HASH_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{array, bytes, text, vectors};

    #[test]
    fn expansion_matches_rfc_9380() {
        let file = vectors(include_str!("../vectors/rfc9380-expand-message-xmd-sha512.json"));
        let dst = Dst::new(b"QUUX-V01-CS02-with-expander-SHA512-256");
        assert_eq!(text(&file["dst"]).as_bytes(), dst.0);
        let expander = Expander::new(dst);
        for case in file["cases"].as_array().unwrap() {
            let msg = text(&case["msg"]).as_bytes();
            // Framing is by position alone: any cut of the message gives the same bytes.
            let (head, tail) = msg.split_at(msg.len() / 2);
            match case["len"].as_u64().unwrap() {
                32 => assert_eq!(expander.bytes::<32>(&[head, tail])[..], bytes(&case["uniform_bytes"])[..]),
                128 => assert_eq!(expander.bytes::<128>(&[msg])[..], bytes(&case["uniform_bytes"])[..]),
                other => panic!("no case for {other} bytes"),
            }
        }
    }

    #[test]
    fn element_derivation_matches_rfc_9496() {
        let file = vectors(include_str!("../vectors/rfc9496-ristretto255.json"));
        for case in file["derived"].as_array().unwrap() {
            let point = RistrettoPoint::from_uniform_bytes(&array(&case["uniform"]));
            assert_eq!(Element(point).encode(), array(&case["element"]));
        }
    }

    #[test]
    fn every_bad_encoding_of_rfc_9496_is_refused() {
        let file = vectors(include_str!("../vectors/rfc9496-ristretto255.json"));
        let refused = file["refused"].as_array().unwrap();
        assert_eq!(refused.len(), 29);
        for case in refused {
            assert_eq!(Element::decode(&array(&case["encoding"])).err(), Some(BadEncoding), "{}", case["defect"]);
        }
    }

    #[test]
    fn the_identity_is_refused() {
        assert_eq!(Element::decode(&[0; 32]).err(), Some(BadEncoding));
        let mut high_bit = [0; 32];
        high_bit[31] = 0x80;
        assert_eq!(Element::decode(&high_bit).err(), Some(BadEncoding));
    }

    #[test]
    fn an_element_has_one_encoding() {
        let element = hash_to_group(&[b"some", b"thing"], Dst::new(b"test")).unwrap();
        assert_eq!(Element::decode(&element.encode()).unwrap().encode(), element.encode());
    }

    #[test]
    fn scalars_outside_the_order_and_zero_are_refused() {
        // RFC 9496 §4.4: the order, little-endian.
        let order: [u8; 32] =
            bytes(&"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010".into()).try_into().unwrap();
        let mut below = order;
        below[0] -= 1;
        let mut above = order;
        above[0] += 1;
        assert!(Scalar::decode(&below).is_ok());
        for bad in [[0; 32], order, above, [0xff; 32]] {
            assert_eq!(Scalar::decode(&bad).err(), Some(BadEncoding));
        }
    }

    #[test]
    fn neither_element_nor_scalar_prints_its_value() {
        let element = hash_to_group(&[b"x"], Dst::new(b"test")).unwrap();
        let scalar = hash_to_scalar(&[b"x"], Dst::new(b"test"));
        assert_eq!(format!("{element:?} {scalar:?}"), "Element(..) Scalar(..)");
    }
}
