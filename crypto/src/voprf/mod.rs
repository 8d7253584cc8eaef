//! Verifiable oblivious pseudorandom function: RFC 9497, mode 0x01, suite ristretto255-SHA512, in batches.
//!
//! One side blinds its inputs ([`Blinding::of`]), the owner of an [`EvaluationKey`] evaluates what it is sent and proves with
//! one proof for the whole batch that it used that key ([`evaluate`]), and the first side checks the proof and removes the
//! blinds ([`Blinding::finalize`]), or does both with [`Masking`], which costs less where the public key is pinned. The key's owner computes the same outputs of its own inputs with [`evaluate_own`].
//!
//! ```
//! use cwg_crypto::Seed;
//! use cwg_crypto::voprf::{Blinding, EvaluationKey, evaluate, evaluate_own};
//!
//! let key = EvaluationKey::from_seed(&Seed::new([1; 32]));
//! let inputs = [b"one".as_slice(), b"two"];
//!
//! let blinding = Blinding::of(&inputs, Seed::new([2; 32]))?;
//! let (evaluated, proof) = evaluate(&key, blinding.blinded(), Seed::new([3; 32]))?;
//! let outputs = blinding.finalize(&inputs, &evaluated, &proof, &key.public())?;
//!
//! let own = evaluate_own(&key, &inputs[1..])?;
//! assert_eq!(own[0].tag16(), outputs[1].tag16());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately left out: refusal of repeated or echoed elements, budgets, and the life of a key, which belong to whoever
//! knows about sessions; and threads: batches are independent, so a caller spreads them over cores.
//!
//! Multiplication by a key, a blind or its inverse is constant time, and so is hashing of inputs of equal length. Only the
//! random combination of elements that both sides see anyway runs in variable time. Encoding is batched by multiplying by half
//! the scalar and encoding the double, for which one inversion serves a whole batch.

mod blind;
mod evaluate;
mod key;
mod mask;
mod output;
mod proof;

#[cfg(test)]
mod tests;

use crate::group::{Dst, Element, Expander};

pub use blind::{Blinding, FinalizeError};
pub use evaluate::{EvaluateError, evaluate, evaluate_own};
pub use key::{BadPublicKey, DeriveKeyError, EvaluationKey, PublicKey};
pub use mask::Masking;
pub use output::Output;
pub use proof::{BadProofEncoding, Proof};

/// Inputs of one batch, at most. A batch of 1024 already has all the gain of batching.
pub const BATCH_MAX: usize = 4096;

/// Bytes of one input, at most (RFC 9497 §1.2: an input's length is encoded in two bytes).
pub const INPUT_LEN_MAX: usize = u16::MAX as usize;

/// Why a batch of inputs was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The batch is empty or has more than [`BATCH_MAX`] inputs.
    #[error("a batch has 1 to {BATCH_MAX} inputs, this one {len}")]
    BatchLen {
        /// Inputs in the batch.
        len: usize,
    },
    /// An input is longer than [`INPUT_LEN_MAX`] bytes.
    #[error("input {index} of the batch is longer than {INPUT_LEN_MAX} bytes")]
    TooLong {
        /// Its place in the batch.
        index: usize,
    },
    /// An input hashes to the identity, RFC 9497's InvalidInputError.
    #[error("input {index} of the batch hashes to the identity of the group")]
    HashedToIdentity {
        /// Its place in the batch.
        index: usize,
    },
}

/// The hash of each input to the group.
fn hash_inputs(inputs: &[impl AsRef<[u8]>]) -> impl Iterator<Item = Result<Element, InputError>> {
    let expander = Expander::new(HASH_TO_GROUP);
    inputs.iter().enumerate().map(move |(index, input)| {
        expander.element(&[input.as_ref()]).map_err(|_| InputError::HashedToIdentity { index })
    })
}

fn check_inputs(inputs: &[impl AsRef<[u8]>]) -> Result<(), InputError> {
    if !batch_len_allowed(inputs.len()) {
        return Err(InputError::BatchLen { len: inputs.len() });
    }
    match inputs.iter().position(|input| input.as_ref().len() > INPUT_LEN_MAX) {
        Some(index) => Err(InputError::TooLong { index }),
        None => Ok(()),
    }
}

const fn batch_len_allowed(len: usize) -> bool {
    len >= 1 && len <= BATCH_MAX
}

// RFC 9497 §3.1: contextString is "OPRFV1-", the mode, "-" and the suite's name.
macro_rules! dst {
    ($prefix:literal) => {
        Dst::new(concat!($prefix, "OPRFV1-\x01-ristretto255-SHA512").as_bytes())
    };
}

const HASH_TO_GROUP: Dst = dst!("HashToGroup-");
const HASH_TO_SCALAR: Dst = dst!("HashToScalar-");
const DERIVE_KEY_PAIR: Dst = dst!("DeriveKeyPair");
const SEED_DST: &[u8] = b"Seed-OPRFV1-\x01-ristretto255-SHA512";
