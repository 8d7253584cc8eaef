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

/// A public key. Decoding refuses what is not a point in canonical form, and points of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 32]", into = "[u8; 32]")]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key with this encoding.
    ///
    /// # Errors
    /// If the bytes are not the canonical encoding of a point, or encode one of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, BadVerifyingKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| BadVerifyingKey)?;
        // RFC 8032 §5.1.3 refuses y >= p; the decoder beneath reduces it. One key must not have two forms.
        let canonical = key.to_edwards().compress().to_bytes() == bytes;
        if key.is_weak() || !canonical {
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
    pub fn verify(&self, domain: Domain, parts: &[&[u8]], signature: &Signature) -> Result<(), BadSignature> {
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
        let (r, s): (&[u8; 32], &[u8; 32]) =
            (self.0[..32].try_into().expect("half of 64 bytes"), self.0[32..].try_into().expect("half of 64 bytes"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{array, bytes};

    fn key(number: u8) -> SigningKey {
        SigningKey::from_secret(&Secret32::new([number; 32]))
    }

    #[test]
    fn raw_signatures_match_rfc_8032() {
        let check = |secret: &str, public: &str, message: &str, signature: &str| {
            let key = SigningKey::from_secret(&Secret32::new(array(&secret.into())));
            assert_eq!(*key.verifying_key().as_bytes(), array(&public.into()));
            assert_eq!(*key.sign_raw(&bytes(&message.into())).as_bytes(), array(&signature.into()));
        };
        // RFC 8032 §7.1, tests 1 to 3.
        check(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        );
        check(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        check(
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        );
    }

    #[test]
    fn weak_and_non_canonical_keys_are_refused() {
        for encoding in [
            // The eight points of small order.
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            // Other forms of three of them.
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ] {
            let bytes: [u8; 32] = array(&encoding.into());
            assert_eq!(VerifyingKey::from_bytes(bytes), Err(BadVerifyingKey), "{encoding}");
            let json = serde_json::to_string(&bytes).unwrap();
            assert!(serde_json::from_str::<VerifyingKey>(&json).is_err(), "{encoding}");
        }
        // y = p + k for every k that fits in 255 bits, with either sign: a second form of y = k.
        for (low, high) in (0xed..=0xff_u8).flat_map(|low| [(low, 0x7f), (low, 0xff)]) {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            assert_eq!(VerifyingKey::from_bytes(bytes), Err(BadVerifyingKey), "{low:x} {high:x}");
        }
    }

    #[test]
    fn a_signature_binds_key_domain_and_parts() {
        let parts: &[&[u8]] = &[b"ab", b"c"];
        let signature = key(1).sign(Domain::Item, parts);
        let check = |number: u8, domain: Domain, parts: &[&[u8]], signature: &Signature, expected| {
            assert_eq!(key(number).verifying_key().verify(domain, parts, signature), expected);
        };
        check(1, Domain::Item, parts, &signature, Ok(()));
        check(2, Domain::Item, parts, &signature, Err(BadSignature));
        check(1, Domain::PlainItem, parts, &signature, Err(BadSignature));
        check(1, Domain::Item, &[b"a", b"bc"], &signature, Err(BadSignature));
        check(1, Domain::Item, &[b"abc"], &signature, Err(BadSignature));
        for bit in 0..512 {
            let mut bytes = *signature.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            check(1, Domain::Item, parts, &Signature::from_bytes(bytes), Err(BadSignature));
        }
    }

    #[test]
    fn a_signature_has_no_second_form() {
        let signature = key(1).sign(Domain::Item, &[b"x"]);
        // s + order, which a lax verifier takes as well.
        let order: [u8; 32] = array(&"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010".into());
        let mut bytes = *signature.as_bytes();
        let mut carry = 0;
        for (byte, order) in bytes[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(
            key(1).verifying_key().verify(Domain::Item, &[b"x"], &Signature::from_bytes(bytes)),
            Err(BadSignature)
        );
    }

    #[test]
    fn keys_and_signatures_survive_encoding() {
        let verifying_key = key(1).verifying_key();
        let json = serde_json::to_string(&verifying_key).unwrap();
        assert_eq!(serde_json::from_str::<VerifyingKey>(&json).unwrap(), verifying_key);
        let signature = key(1).sign(Domain::Item, &[]);
        let json = serde_json::to_string(&signature).unwrap();
        assert_eq!(serde_json::from_str::<Signature>(&json).unwrap(), signature);
    }

    #[test]
    fn a_signing_key_prints_its_name_only() {
        assert_eq!(format!("{:?} {:?}", key(1), key(1).sign_raw(b"")), "SigningKey(..) Signature(..)");
    }
}
