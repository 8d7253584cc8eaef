//! Sealing with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, RFC 8439).
//!
//! Whatever goes with a sealed message but is not in it is given as parts. Each is framed by its length, so no two lists of
//! parts bind the same bytes. A nonce of 24 bytes may be drawn at random; a counter or a position serves as well, as long as
//! no nonce is used twice under one key.
//!
//! This is not a commitment to the key: someone who knows two keys can make one message that opens under both. Where that
//! matters, put a digest of the key or of the content into the parts.

use core::fmt;

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::{Zeroize as _, Zeroizing};

use crate::Secret32;

/// A key that seals and opens.
pub struct SealKey(Secret32);

impl SealKey {
    /// The key with this secret, which must serve nothing else: derive one for each purpose.
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }

    /// Seals a message: as many bytes as it has, then 16 of tag.
    pub fn seal(&self, nonce: &[u8; NONCE_LEN], aad_parts: &[&[u8]], plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plaintext.len() + TAG_LEN);
        sealed.extend_from_slice(plaintext);
        let tag = self.seal_in_place(nonce, aad_parts, &mut sealed);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// If it is shorter than a tag, or was not sealed under this key, nonce and parts.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad_parts: &[&[u8]],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(OpenError::TooShort { len: sealed.len() })?;
        let mut opened = Zeroizing::new(ciphertext.to_vec());
        self.open_in_place(nonce, aad_parts, &mut opened, tag)?;
        Ok(opened)
    }

    /// Seals a buffer where it lies and returns the tag.
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad_parts: &[&[u8]], buffer: &mut [u8]) -> [u8; TAG_LEN] {
        self.seal_raw(nonce, &framed(aad_parts), buffer)
    }

    /// Opens a buffer where it lies. On an error it holds nothing of the message.
    ///
    /// # Errors
    /// If it was not sealed under this key, nonce, parts and tag.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad_parts: &[&[u8]],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), OpenError> {
        self.cipher()
            .decrypt_inout_detached(nonce.into(), &framed(aad_parts), (&mut *buffer).into(), tag.into())
            .map_err(|_| {
                buffer.zeroize();
                OpenError::Refused
            })
    }

    /// Seals with associated bytes as they are: the vector of the draft has no frames.
    fn seal_raw(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buffer: &mut [u8]) -> [u8; TAG_LEN] {
        self.cipher()
            .encrypt_inout_detached(nonce.into(), aad, buffer.into())
            .expect("a message in memory is shorter than RFC 8439's limit of 256 GiB")
            .into()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose().into())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// Why a sealed message was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It cannot even hold a tag.
    #[error("a sealed message has at least {TAG_LEN} bytes, this one {len}")]
    TooShort {
        /// Bytes it has.
        len: usize,
    },
    /// Key, nonce, parts or bytes are not those it was sealed with.
    #[error("the sealed message does not open under this key and what it is bound to")]
    Refused,
}

/// Bytes of a nonce.
pub const NONCE_LEN: usize = 24;

/// Bytes of a tag: what sealing adds.
pub const TAG_LEN: usize = 16;

/// The parts, each after its length as eight little-endian bytes.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        framed.extend_from_slice(&(part.len() as u64).to_le_bytes());
        framed.extend_from_slice(part);
    }
    framed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{array, bytes, vectors};

    const NONCE: [u8; 24] = [7; 24];

    fn key() -> SealKey {
        SealKey::new(Secret32::new([1; 32]))
    }

    #[test]
    fn sealing_matches_the_draft() {
        let case = vectors(include_str!("../vectors/xchacha20-poly1305.json"));
        let key = SealKey::new(Secret32::new(array(&case["key"])));
        let mut buffer = bytes(&case["plaintext"]);
        let tag = key.seal_raw(&array(&case["nonce"]), &bytes(&case["aad"]), &mut buffer);
        assert_eq!(buffer, bytes(&case["ciphertext"]));
        assert_eq!(tag, array(&case["tag"]));
    }

    #[test]
    fn what_was_sealed_opens() {
        for len in [0, 1, 15, 16, 17, 64, 65, 4096, 100_000] {
            let plaintext = vec![0xab; len];
            let sealed = key().seal(&NONCE, &[b"file", b"7"], &plaintext);
            assert_eq!(sealed.len(), len + TAG_LEN);
            assert_eq!(*key().open(&NONCE, &[b"file", b"7"], &sealed).unwrap(), plaintext);

            let mut buffer = plaintext.clone();
            let tag = key().seal_in_place(&NONCE, &[b"file", b"7"], &mut buffer);
            assert_eq!([buffer.as_slice(), &tag].concat(), sealed);
            key().open_in_place(&NONCE, &[b"file", b"7"], &mut buffer, &tag).unwrap();
            assert_eq!(buffer, plaintext);
        }
    }

    #[test]
    fn any_change_is_refused() {
        let parts: &[&[u8]] = &[b"ab", b"c"];
        let sealed = key().seal(&NONCE, parts, b"message");
        let check = |key: SealKey, nonce: [u8; 24], parts: &[&[u8]], sealed: &[u8], expected: OpenError| {
            assert_eq!(key.open(&nonce, parts, sealed).unwrap_err(), expected);
        };
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(key(), NONCE, parts, &changed, OpenError::Refused);
        }
        check(SealKey::new(Secret32::new([2; 32])), NONCE, parts, &sealed, OpenError::Refused);
        check(key(), [8; 24], parts, &sealed, OpenError::Refused);
        for other in [&[b"a".as_slice(), b"bc"] as &[&[u8]], &[b"abc"], &[b"c", b"ab"], &[b"ab", b"c", b""], &[]] {
            check(key(), NONCE, other, &sealed, OpenError::Refused);
        }
        check(key(), NONCE, parts, &sealed[..sealed.len() - 1], OpenError::Refused);
        check(key(), NONCE, parts, &sealed[..15], OpenError::TooShort { len: 15 });
        check(key(), NONCE, parts, &[], OpenError::TooShort { len: 0 });
    }

    #[test]
    fn a_refused_buffer_holds_nothing() {
        let mut buffer = *b"message";
        let mut tag = key().seal_in_place(&NONCE, &[], &mut buffer);
        tag[0] ^= 1;
        assert_eq!(key().open_in_place(&NONCE, &[], &mut buffer, &tag), Err(OpenError::Refused));
        assert_eq!(buffer, [0; 7]);
    }

    #[test]
    fn a_key_prints_its_name_only() {
        assert_eq!(format!("{:?}", key()), "SealKey(..)");
    }
}
