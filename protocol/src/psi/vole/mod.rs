//! `vole`: sets of any size by a vector OLE over GF(2^128) and an oblivious key-value store, secure against malicious sides
//! (2021/266, 2022/320; `docs/spec/vole.md`).
//!
//! The receiver encodes its items' hashes into a vector and sends it under a one-time mask a; both hold parts of a
//! correlation c = b + a·Δ, of which Δ and b are the sender's. From the masked vector the sender can compute one tag for any
//! item, the receiver from c the tag of each item it encoded. The sender sends the tags of its items, sorted and coded.
//!
//! | part | where |
//! |---|---|
//! | base transfers, the extension, its check | `cwg_crypto::ot` |
//! | batches of the correlation, their check, the code | `cwg_crypto::vole` |
//! | the vector | `cwg_crypto::okvs` |
//! | sizes of everything, from the padded set sizes | `plan` |
//! | flow of a shard on either side | `receiver_shard`, `sender_shard` |
//! | coding of tags | `tags` |
//! | labels of a bucket | `labels` |
//!
//! Sets above 2^20 items are dealt into shards by a hash under the session's key; two shards are under way at a time, so
//! memory is bounded by them. `vole-labelled` is the same with a label for each item of the sender, sealed under a key that the
//! correlation gives beside the tag (`labels`, `docs/spec/vole-labelled.md`). Left out: tests that a receiver encoded no more items than it declared: it may
//! encode as many as its vector has blocks (`docs/leakage.md`).

mod bins;
mod keys;
mod labels;
mod message;
mod plan;
mod profile;
mod receiver;
mod receiver_shard;
mod sender;
mod sender_shard;
mod tags;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use cwg_crypto::ot::{self, OtError};
use cwg_crypto::vole::{Batches, Code};
use cwg_crypto::{Block, Digest, Seed};
use rand_core::Rng as _;

use self::message::Message;
use self::plan::Plan;
use self::profile::Profile;
use super::{
    Binding, Cost, Fact, GivenUp, Job, JobId, Leakage, Party, ProtocolId, PsiProtocol, PsiRole, SetSizes, Shard, Step,
};
use crate::violation::Violation;
use crate::wire::limits::{VOLE_ITEMS_MAX, VOLE_TAG_BYTES_PER_FRAME};

/// The protocol, in one of its profiles. See the module.
pub struct Vole(Profile);

impl Vole {
    /// As the network runs it.
    pub const MALICIOUS: Self = Self(profile::MALICIOUS);

    /// With the parameters that other programs are measured with. Never for a run between members.
    pub const SEMI_HONEST: Self = Self(profile::SEMI_HONEST);

    /// With a label for each item of the sender, of which the receiver learns those of its matches.
    pub const LABELLED: Self = Self(profile::LABELLED);
}

const ASSUMPTION: &str = "learning parity with noise over GF(2^128) with a field-mixed expand-convolute code (2023/882, a \
                          young assumption; estimates in docs/spec/vole.md), AES as an ideal cipher, computational \
                          Diffie-Hellman in ristretto255 with a random oracle for the base transfers";

const LABELLED_ASSUMPTION: &str = "learning parity with noise over GF(2^128) with a field-mixed expand-convolute code (2023/882, a young assumption; estimates \
     in docs/spec/vole.md), AES as an ideal cipher, BLAKE3 as a keyed random function, computational Diffie-Hellman in \
     ristretto255 with a random oracle for the base transfers";

impl PsiProtocol for Vole {
    fn id(&self) -> ProtocolId {
        self.0.id
    }

    fn name(&self) -> &'static str {
        self.0.name
    }

    fn leakage(&self) -> Leakage {
        if self.0.labelled {
            return labelled_leakage();
        }
        Leakage {
            receiver: &[Fact::OwnMatches, Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
            sender: &[Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
            observer: &[Fact::Traffic],
            not_protected: &[
                Fact::Guessing,
                Fact::InflatedSet,
                Fact::FalseInputs,
                Fact::Fairness,
                Fact::SelectiveFailure,
                Fact::NotPostQuantum,
            ],
            model: self.0.model,
            assumption: ASSUMPTION,
        }
    }

    fn cost(&self, sizes: SetSizes) -> Cost {
        cost(&Plan::new(sizes, self.0))
    }

    fn carries_labels(&self) -> bool {
        self.0.labelled
    }

    fn items_max(&self) -> u32 {
        VOLE_ITEMS_MAX
    }

    fn open(&self, role: PsiRole, binding: Binding, sizes: SetSizes, seed: Seed) -> Box<dyn Party> {
        open(role, binding, Plan::new(sizes, self.0), seed)
    }
}

/// There is one receiver, so nobody waits for a second output.
fn labelled_leakage() -> Leakage {
    Leakage {
        receiver: &[Fact::OwnMatches, Fact::MatchLabels, Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
        sender: &[Fact::PaddedSize, Fact::DeclinedSet, Fact::RunHappened],
        observer: &[Fact::Traffic],
        not_protected: &[
            Fact::Guessing,
            Fact::InflatedSet,
            Fact::FalseInputs,
            Fact::SelectiveFailure,
            Fact::SpoiltLabels,
            Fact::NotPostQuantum,
        ],
        model: profile::LABELLED.model,
        assumption: LABELLED_ASSUMPTION,
    }
}

fn open(role: PsiRole, binding: Binding, plan: Plan, seed: Seed) -> Box<dyn Party> {
    let shared = Shared::new(binding, plan, seed);
    match role {
        PsiRole::Receiver => Box::new(receiver::Receiver::new(shared)),
        PsiRole::Sender => Box::new(sender::Sender::new(shared)),
    }
}

/// What all shards of a side share.
struct Shared {
    plan: Plan,
    session: Digest,
    seed: Seed,
    batches: Batches,
}

impl Shared {
    fn new(binding: Binding, plan: Plan, seed: Seed) -> Arc<Self> {
        let session = keys::session_of(binding);
        let batches = Batches::new(&session, plan.shape, Code::new(plan.shape.outputs(), plan.profile.weight));
        Arc::new(Self { plan, session, seed, batches })
    }
}

/// Bytes of every message, from the plan.
fn cost(plan: &Plan) -> Cost {
    const BLOCK: u64 = 16;
    let (shards, batches) = (u64::from(plan.shards()), u64::from(plan.batches));
    let extends: u64 = (0..plan.shards()).map(|shard| message::HEAD + plan.extend_len(shard) as u64).sum();
    let vectors = BLOCK * plan.okvs.len() as u64 + message::LONG_HEAD * u64::from(plan.vector_frames());
    let challenges = batches * (message::LONG_HEAD + 2 * BLOCK);
    let seeds = message::HEAD + 32 + BLOCK;
    let trees = batches * (message::LONG_HEAD + plan.shape.message_len() as u64);
    let answers = batches * (message::LONG_HEAD + 32);
    let masks = 2 * message::HEAD + 32 + BLOCK;
    let tag_frames = plan.tags.len().div_ceil(VOLE_TAG_BYTES_PER_FRAME) as u64;
    let buckets = 1_u64 << plan.bucket_bits;
    let tags = buckets * (plan.tags.len() as u64 + message::LONG_HEAD * tag_frames);
    let labels = plan.labels.map_or(0, |labels| labels.len() + message::LONG_HEAD * u64::from(labels.frames()));
    let compared = plan.labels.map_or(0, |_| message::HEAD);
    Cost {
        bytes_to_sender: 1
            + (ot::SENDER_LEN + ot::SETUP_LEN) as u64
            + extends
            + shards * (vectors + challenges + seeds)
            + buckets * compared,
        bytes_to_receiver: 1 + ot::RECEIVER_LEN as u64 + shards * (trees + answers + masks) + tags + buckets * labels,
        flights: if plan.labels.is_some() { 9 } else { 7 },
        group_operations: 5 * ot::TRANSFERS as u64,
    }
}

/// What a shard wants done after a message, a job or a load.
#[derive(Default)]
struct Wanted {
    /// Encoded.
    send: Vec<Vec<u8>>,
    jobs: Vec<Job>,
    loads: Vec<Shard>,
    given_up: Option<GivenUp>,
}

impl Wanted {
    fn job(job: Job) -> Self {
        Self { jobs: vec![job], ..Self::default() }
    }

    fn message(message: Message<'_>) -> Self {
        Self { send: vec![message.encode()], ..Self::default() }
    }

    fn given_up(given_up: GivenUp) -> Self {
        Self { given_up: Some(given_up), ..Self::default() }
    }

    /// Hands all of it over, jobs under the next numbers.
    fn pass_on(self, jobs: &mut u32, step: &mut Step) {
        step.send.extend(self.send);
        for job in self.jobs {
            *jobs += 1;
            step.jobs.push((JobId(*jobs), job));
        }
        step.loads.extend(self.loads);
        step.given_up = step.given_up.or(self.given_up);
    }

    /// This, then that.
    fn and(mut self, mut next: Self) -> Self {
        self.send.append(&mut next.send);
        self.jobs.append(&mut next.jobs);
        self.loads.append(&mut next.loads);
        self.given_up = self.given_up.or(next.given_up);
        self
    }
}

fn random_block(seed: &Seed) -> Block {
    let mut bytes = [0; 16];
    seed.rng().fill_bytes(&mut bytes);
    Block::from_bytes(bytes)
}

fn check_len(what: &'static str, expected: usize, got: usize) -> Result<(), Violation> {
    if expected == got {
        Ok(())
    } else {
        Err(Violation::CountMismatch { what, expected: expected as u64, got: got as u64 })
    }
}

fn unexpected(awaiting: &'static str) -> Violation {
    Violation::Unexpected { awaiting }
}

fn base_violation(error: OtError) -> Violation {
    match error {
        OtError::BadElement { transfer } => Violation::BadElement { batch: 0, index: transfer as u32 },
        OtError::Len { expected, got } => {
            Violation::CountMismatch { what: "bytes of base transfers", expected: expected as u64, got: got as u64 }
        }
    }
}
