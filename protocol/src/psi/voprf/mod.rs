//! `voprf`: small sets by the verifiable OPRF of RFC 9497 over ristretto255 (`docs/spec/voprf.md`).
//!
//! The sender draws a fresh key for this execution and commits to it. The receiver gets F(key, item) for its own items
//! in verified batches, the sender sends F(key, item) for its own as sorted tags, and the receiver compares. Every
//! message length follows from the padded sizes alone. Deliberately left out: labels, and keys that outlive a session.

mod message;
mod receiver;
mod sender;

use cwg_crypto::Seed;
use rand_core::Rng as _;

use super::{Binding, Cost, Fact, Leakage, Model, Party, ProtocolId, PsiProtocol, PsiRole, SetSizes};
use crate::Item;
use crate::wire::limits::{TAGS_PER_FRAME, VOPRF_BATCH, VOPRF_ITEMS_MAX};

/// Bytes of a tag. False matches of a run of 2^20 by 2^20 items: below 2^-88.
pub(crate) const TAG_LEN: usize = 16;

/// The protocol. See the module.
pub struct Voprf;

impl PsiProtocol for Voprf {
    fn id(&self) -> ProtocolId {
        ProtocolId(1)
    }

    fn name(&self) -> &'static str {
        "voprf"
    }

    fn leakage(&self) -> Leakage {
        Leakage {
            receiver: &[Fact::OwnMatches, Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
            sender: &[Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
            observer: &[Fact::Traffic],
            not_protected: &[Fact::Guessing, Fact::FalseInputs, Fact::Fairness, Fact::NotPostQuantum],
            model: Model::Malicious,
            assumption: "one-more gap Diffie-Hellman in ristretto255, SHA-512 as a random oracle (RFC 9497 section 7)",
        }
    }

    fn cost(&self, sizes: SetSizes) -> Cost {
        let (receiver, sender) = (u64::from(sizes.receiver), u64::from(sizes.sender));
        let batches = receiver.div_ceil(VOPRF_BATCH as u64);
        let tag_frames = sender.div_ceil(TAGS_PER_FRAME as u64);
        Cost {
            bytes_to_sender: 32 * receiver + 5 * batches,
            bytes_to_receiver: 33 + 32 * receiver + 69 * batches + TAG_LEN as u64 * sender + 5 * tag_frames,
            flights: 3,
            group_operations: 3 * receiver + sender,
        }
    }

    fn items_max(&self) -> u32 {
        VOPRF_ITEMS_MAX
    }

    fn open(&self, role: PsiRole, binding: Binding, sizes: SetSizes, seed: Seed) -> Box<dyn Party> {
        match role {
            PsiRole::Receiver => Box::new(receiver::Receiver::new(binding, sizes, seed)),
            PsiRole::Sender => Box::new(sender::Sender::new(binding, sizes, seed)),
        }
    }
}

/// What the OPRF is evaluated on: an item bound to the session and the execution, so that an element of one session
/// means nothing in another and a side cannot send back what it was sent.
type Input = [u8; 65];

fn input_of(binding: Binding, item: &Item) -> Input {
    let mut input = [0; 65];
    input[..32].copy_from_slice(&binding.session);
    input[32] = binding.lane;
    input[33..].copy_from_slice(&item.0);
    input
}

/// The inputs of a set: its items, then random dummies up to the padded size.
fn padded_inputs(binding: Binding, items: &[Item], padded: u32, seed: &Seed) -> Vec<Input> {
    let mut rng = seed.fork("dummies", 0).rng();
    let dummies = core::iter::repeat_with(move || {
        let mut dummy = Item([0; 32]);
        rng.fill_bytes(&mut dummy.0);
        dummy
    });
    items
        .iter()
        .copied()
        .chain(dummies.take((padded as usize).saturating_sub(items.len())))
        .map(|item| input_of(binding, &item))
        .collect()
}

/// Elements in batch number `batch` of a set of `padded` items.
fn batch_len(padded: u32, batch: u32) -> usize {
    (padded as usize).saturating_sub(batch as usize * VOPRF_BATCH).min(VOPRF_BATCH)
}

/// Batches of a set of `padded` items.
fn batches(padded: u32) -> u32 {
    padded.div_ceil(VOPRF_BATCH as u32)
}
