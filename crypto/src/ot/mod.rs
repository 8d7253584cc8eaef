//! Oblivious transfer and correlated blocks, secure against malicious sides.
//!
//! [`OtSender`] and [`OtReceiver`] run 128 base transfers (2019/706, figure 8). [`CotReceiver`] and [`CotSender`] extend them
//! (SoftSpoken, 2022/192) to as many correlated entries as are asked for: with Δ the 128 choice bits as an element of
//! GF(2^128), the holder of Δ gets q, the other side a random bit u and t for each entry, and
//!
//! ```text
//! q = t + u·Δ
//! ```
//!
//! This one correlation serves for all that follows (`docs/adr/0014-one-correlation.md`): [`OtHash`] turns entries into keys of
//! oblivious transfers, and [`field_entries`] turns each run of 128 entries into one in which u is an element of the field.
//!
//! ```
//! use cwg_crypto::{Seed, digest, Domain};
//! use cwg_crypto::ot::{CotReceiver, CotSender, Delta, OtReceiver, OtSender};
//!
//! let session = digest(Domain::Session, &[b"example"]);
//! let delta = Delta::random(Seed::new([1; 32]));
//! let (ot_receiver, elements) = OtReceiver::new(&session, delta, Seed::new([2; 32]));
//! let (ot_sender, publics) = OtSender::new(&session, Seed::new([3; 32]));
//!
//! let (mut cot_receiver, setup) = CotReceiver::new(&session, ot_sender.finish(&elements)?);
//! let cot_sender = CotSender::new(&session, ot_receiver.finish(&publics)?, &setup)?;
//!
//! let (extension, correlation) = cot_receiver.extend(1000);
//! let (cot_sender, q) = cot_sender.receive(1000, &extension)?;
//! assert_eq!(q[7], correlation.t[7] + cot_sender.delta().block().masked(correlation.bit(7)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately left out: transfers of chosen messages or for chosen bits, and what a failed check costs a peer. Roles swap
//! between the two layers, as in every extension: the base receiver becomes the sender of the extension.
//!
//! Everything but the decoding of a peer's elements and the comparison of lengths takes the same time for all secrets.

mod base;
mod columns;
mod extension;
mod keys;
mod transpose;
mod tree;

#[cfg(test)]
mod tests;

use core::fmt;

use rand_core::Rng as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Block, Digest, Domain, Mmo, Seed, derive_public};

pub use base::{OtError, OtReceiver, OtSender, RECEIVER_LEN, SENDER_LEN};
pub use extension::{COUNT_MAX, Correlation, CotReceiver, CotSender, ExtensionError, extension_len};
pub use keys::{OtHash, field_entries};
pub use tree::SETUP_LEN;

/// Base transfers of one set: one for each bit of [`Delta`].
pub const TRANSFERS: usize = 128;

/// The fixed difference Δ of a correlation, never zero. Bit i, the coefficient of x^i, is the choice of base transfer i.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Delta(Block);

impl Delta {
    /// A uniform one. The seed serves nothing else.
    pub fn random(seed: Seed) -> Self {
        let mut rng = seed.rng();
        loop {
            let mut bytes = Zeroizing::new([0; 16]);
            rng.fill_bytes(bytes.as_mut());
            if let Some(delta) = Self::new(Block::from_bytes(*bytes)) {
                return delta;
            }
        }
    }

    /// The block as a difference; none if it is zero.
    pub fn new(block: Block) -> Option<Self> {
        (block != Block::ZERO).then_some(Self(block))
    }

    /// It as an element of the field.
    pub const fn block(&self) -> Block {
        self.0
    }

    /// Its bit i.
    const fn bit(&self, index: usize) -> u8 {
        (self.0.number() >> index) as u8 & 1
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delta(..)")
    }
}

/// Both keys of each of [`TRANSFERS`] base transfers: what their sender has.
pub struct KeyPairs(Zeroizing<Vec<[Block; 2]>>);

impl KeyPairs {
    /// 128 pairs: the key for choice 0, then that for choice 1.
    pub fn pairs(&self) -> &[[Block; 2]] {
        &self.0
    }
}

impl fmt::Debug for KeyPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPairs(..)")
    }
}

/// The chosen key of each of [`TRANSFERS`] base transfers, with the choices: what their receiver has.
pub struct ChosenKeys {
    choices: Delta,
    keys: Zeroizing<Vec<Block>>,
}

impl ChosenKeys {
    /// The choices.
    pub const fn choices(&self) -> &Delta {
        &self.choices
    }

    /// 128 keys.
    pub fn keys(&self) -> &[Block] {
        &self.keys
    }
}

impl fmt::Debug for ChosenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChosenKeys(..)")
    }
}

/// AES under a key of this session and purpose: the first 16 bytes of the digest of the session.
fn session_mmo(domain: Domain, session: &Digest) -> Mmo {
    Mmo::new(derive_public(domain, &[session.as_bytes()]).first_half())
}
