//! The key of a period, and what a bank keeps of one evaluation.

use core::fmt;

use cwg_crypto::voprf::{EvaluateError, EvaluationKey, InputError, Output, Proof, PublicKey, evaluate, evaluate_own};
use cwg_crypto::{Block, Domain, Seed, derive};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Charge;
use crate::Item;

/// The consecutive number of a key: 30 to 90 days of one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period(pub u32);

/// The hub's key of a period. It serves nothing else.
pub struct PeriodKey {
    period: Period,
    key: EvaluationKey,
}

/// A charge that is not for what is to be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeMismatch {
    /// It was made for another period, or another number of items.
    #[error("the charge is for other items than are to be evaluated")]
    Charge,
    /// The batch itself is refused.
    #[error(transparent)]
    Batch(#[from] EvaluateError),
}

impl PeriodKey {
    /// A new key. The seed comes from the operating system and is used once.
    pub fn from_seed(period: Period, seed: &Seed) -> Self {
        Self { period, key: EvaluationKey::from_seed(seed) }
    }

    /// Its number.
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Its public half, pinned by members.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Evaluates blinded elements that were charged, with one proof for all; see [`evaluate`].
    ///
    /// # Errors
    /// If the charge is for other items, or the batch is refused. The charge is spent either way.
    pub fn evaluate(
        &self,
        charge: Charge,
        blinded: &[[u8; 32]],
        seed: Seed,
    ) -> Result<(Vec<[u8; 32]>, Proof), ChargeMismatch> {
        if charge.period() != self.period || charge.items() as usize != blinded.len() {
            return Err(ChargeMismatch::Charge);
        }
        Ok(evaluate(&self.key, blinded, seed)?)
    }

    /// The outputs of the hub's own items, in their order.
    ///
    /// # Errors
    /// If the batch is empty or too long.
    pub fn outputs_of(&self, items: &[Item]) -> Result<Vec<OwnOutput>, InputError> {
        let inputs: Vec<&[u8]> = items.iter().map(|item| item.0.as_slice()).collect();
        Ok(evaluate_own(&self.key, &inputs)?.iter().map(OwnOutput::of).collect())
    }
}

impl fmt::Debug for PeriodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeriodKey({})", self.period.0)
    }
}

/// What is kept of the function's output of an item: a tag to compare, and a secret that opens its labels. 32 bytes.
///
/// Who has it can tell whether the hub publishes the item and read what it says of it, for the whole period.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct OwnOutput {
    tag: [u8; 16],
    secret: Block,
}

impl OwnOutput {
    /// Bytes of its encoding.
    pub const LEN: usize = 32;

    /// The first 16 bytes, and half of a key derived from the last 32.
    pub fn of(output: &Output) -> Self {
        let secret = derive(Domain::StandingLabel, &output.key32(), &[]);
        let half = *secret.expose().first_chunk().expect("32 bytes have a first half");
        Self { tag: output.tag16(), secret: Block::from_bytes(half) }
    }

    /// The tag, of which editions show the first bytes.
    pub const fn tag(&self) -> &[u8; 16] {
        &self.tag
    }

    /// Tag and secret, to be sealed at rest.
    pub fn expose(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(&self.tag);
        bytes[16..].copy_from_slice(&self.secret.to_bytes());
        bytes
    }

    /// What [`Self::expose`] gave.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (tag, secret) = bytes.split_at(16);
        let half = |half: &[u8]| half.try_into().expect("half of 32 bytes");
        Self { tag: half(tag), secret: Block::from_bytes(half(secret)) }
    }

    pub(super) const fn secret(&self) -> Block {
        self.secret
    }
}

impl fmt::Debug for OwnOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnOutput(..)")
    }
}
