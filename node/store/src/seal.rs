//! Sealing and passphrases: XChaCha20-Poly1305 (RFC 8439, with the 192-bit nonce of draft-irtf-cfrg-xchacha-03) and
//! Argon2id (RFC 9106). The one place of this crate that names either.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use cwg_crypto::Secret32;
use zeroize::Zeroize as _;

use crate::StoreError;

/// Bytes a sealed box is longer than what it holds.
pub(crate) const TAG_LEN: usize = 16;
/// Bytes of a nonce.
pub(crate) const NONCE_LEN: usize = 24;

/// A key that seals and opens.
pub(crate) struct SealKey(XChaCha20Poly1305);

/// A box that this key did not seal, or not with these associated bytes.
#[derive(Debug)]
pub(crate) struct NotOurs;

impl SealKey {
    pub(crate) fn new(key: &Secret32) -> Self {
        Self(XChaCha20Poly1305::new(key.expose().into()))
    }

    /// Seals `plain`. A nonce serves one box of a key and no other.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LEN], associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: &XNonce = nonce.into();
        self.0
            .encrypt(nonce, Payload { msg: plain, aad: associated })
            .expect("XChaCha20 seals up to 256 GiB and every caller has a smaller limit")
    }

    /// Opens what [`SealKey::seal`] made.
    pub(crate) fn open(&self, nonce: &[u8; NONCE_LEN], associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotOurs> {
        let nonce: &XNonce = nonce.into();
        self.0.decrypt(nonce, Payload { msg: sealed, aad: associated }).map_err(|_| NotOurs)
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// What one guess of a passphrase costs (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory in KiB, 8 to 4,194,304.
    pub memory_kib: u32,
    /// Passes over it, 1 to 64.
    pub passes: u32,
}

impl Default for PassphraseCost {
    /// 64 MiB and three passes: the second recommendation of RFC 9106 §4 with one lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3 }
    }
}

impl PassphraseCost {
    pub(crate) fn is_allowed(self) -> bool {
        (8..=4 * 1024 * 1024).contains(&self.memory_kib) && (1..=64).contains(&self.passes)
    }
}

/// The secret of a passphrase.
pub(crate) fn derive_from_passphrase(
    passphrase: &[u8],
    salt: &[u8; 16],
    cost: PassphraseCost,
) -> Result<Secret32, StoreError> {
    if !cost.is_allowed() {
        return Err(StoreError::BadCost);
    }
    let params = argon2::Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(|_| StoreError::BadCost)?;
    let mut bytes = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut bytes)
        .map_err(|_| StoreError::BadCost)?;
    let secret = Secret32::new(bytes);
    bytes.zeroize();
    Ok(secret)
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::NoEntropy)?;
    Ok(bytes)
}
