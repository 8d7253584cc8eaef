//! What the function gives for one input.

use core::fmt;

use sha2::{Digest as _, Sha512};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Secret32;

/// The function's value of one input: 64 bytes that look random to everyone without the key.
///
/// Its first 16 bytes serve as a tag, its last 32 as a key. Knowing the one says nothing of the other.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Output([u8; 64]);

impl Output {
    /// The last step of Finalize and Evaluate of RFC 9497 §3.3.1.
    pub(super) fn of(input: &[u8], unblinded: &[u8; 32]) -> Self {
        let input_len = u16::try_from(input.len()).expect("inputs were checked against INPUT_LEN_MAX");
        let mut hasher = Sha512::new();
        hasher.update(input_len.to_be_bytes());
        hasher.update(input);
        hasher.update(32_u16.to_be_bytes());
        hasher.update(unblinded);
        hasher.update(b"Finalize");
        Self(hasher.finalize().into())
    }

    /// All 64 bytes.
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }

    /// Bytes 0 to 15, to be compared with other tags of the same key.
    pub fn tag16(&self) -> [u8; 16] {
        *self.0.first_chunk().expect("64 bytes have 16")
    }

    /// Bytes 32 to 63, as a secret to derive keys from.
    pub fn key32(&self) -> Secret32 {
        Secret32::new(*self.0.last_chunk().expect("64 bytes have 32"))
    }
}

impl ConstantTimeEq for Output {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output(..)")
    }
}
