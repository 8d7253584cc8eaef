//! The receiver: blinds its items batch by batch, verifies and unblinds the answers, compares tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_crypto::voprf::{Blinding, FinalizeError, PublicKey};

use super::message::{Encoded, Message, Tag};
use super::{Input, batch_len, batches, padded_inputs};
use crate::psi::compare::Comparison;
use crate::psi::{Binding, Job, JobId, JobOutput, Loaded, Outcome, Party, SetSizes, Shard, Step};
use crate::violation::Violation;
use crate::wire::limits::{TAGS_PER_FRAME, VOPRF_BATCH, VOPRF_WINDOW};

/// A batch on its way, named after what it awaits.
enum Batch {
    /// Its blinding is being computed.
    Blinding,
    /// It was sent.
    Evaluation(Blinding),
    /// Its proof and its outputs are being computed.
    Finalizing,
}

pub(super) struct Receiver {
    binding: Binding,
    sizes: SetSizes,
    /// Own items, then dummies; nothing before they are loaded.
    inputs: Arc<[Input]>,
    own: usize,
    seed: Seed,
    public: Option<Arc<PublicKey>>,
    under_way: BTreeMap<u32, Batch>,
    next_batch: u32,
    finalized: u32,
    /// Tags by place: own items, then dummies.
    own_tags: Vec<Tag>,
    sender_tags: Vec<Tag>,
}

/// What a blinding job returns.
type Blinded = Blinding;

impl Receiver {
    pub(super) fn new(binding: Binding, sizes: SetSizes, seed: Seed) -> Self {
        Self {
            binding,
            sizes,
            inputs: Arc::new([]),
            own: 0,
            seed,
            public: None,
            under_way: BTreeMap::new(),
            next_batch: 0,
            finalized: 0,
            own_tags: Vec::new(),
            sender_tags: Vec::new(),
        }
    }

    fn padded(&self) -> u32 {
        self.sizes.receiver
    }

    fn range(&self, batch: u32) -> core::ops::Range<usize> {
        let start = batch as usize * VOPRF_BATCH;
        start..start + batch_len(self.padded(), batch)
    }

    /// Starts batches until the window is full.
    fn fill_window(&mut self, step: &mut Step) {
        while self.next_batch < batches(self.padded()) && self.under_way.len() < VOPRF_WINDOW {
            let batch = self.next_batch;
            self.next_batch += 1;
            self.under_way.insert(batch, Batch::Blinding);
            let (inputs, range) = (Arc::clone(&self.inputs), self.range(batch));
            let seed = self.seed.fork("blinds", u64::from(batch));
            let job = Job::new(range.len(), move || {
                Ok::<Blinded, _>(Blinding::of(&inputs[range], seed).expect("inputs have 65 bytes, batches 1024"))
            });
            step.jobs.push((JobId(batch), job));
        }
    }

    fn on_evaluated(
        &mut self,
        batch: u32,
        proof: cwg_crypto::voprf::Proof,
        elements: Vec<Encoded>,
    ) -> Result<Step, Violation> {
        let public = self.public.clone().ok_or(Violation::Unexpected { awaiting: "opening" })?;
        let expected = batch_len(self.padded(), batch);
        let Some(awaited @ Batch::Evaluation(_)) = self.under_way.get_mut(&batch) else {
            return Err(Violation::UnawaitedBatch { batch });
        };
        if elements.len() != expected {
            return Err(Violation::CountMismatch {
                what: "evaluated elements",
                expected: expected as u64,
                got: elements.len() as u64,
            });
        }
        let Batch::Evaluation(blinding) = core::mem::replace(awaited, Batch::Finalizing) else {
            unreachable!("matched above")
        };
        let (inputs, range) = (Arc::clone(&self.inputs), self.range(batch));
        let job = Job::new(elements.len(), move || {
            let outputs =
                blinding.finalize(&inputs[range], &elements, &proof, &public).map_err(|error| match error {
                    FinalizeError::BadElement { index } => Violation::BadElement { batch, index: index as u32 },
                    _ => Violation::BadProof { batch },
                })?;
            Ok(outputs.iter().map(|output| output.tag16()).collect::<Vec<Tag>>())
        });
        Ok(Step { jobs: vec![(JobId(batch), job)], ..Step::default() })
    }

    fn on_tags(&mut self, frame: u32, tags: &[Tag]) -> Result<(), Violation> {
        let have = self.sender_tags.len();
        let expected = (self.sizes.sender as usize - have).min(TAGS_PER_FRAME);
        if frame as usize != have.div_ceil(TAGS_PER_FRAME) || tags.len() != expected || expected == 0 {
            return Err(Violation::CountMismatch { what: "tags", expected: expected as u64, got: tags.len() as u64 });
        }
        let ascending = |pair: &[Tag]| pair[0] < pair[1];
        let joins = self.sender_tags.last().is_none_or(|last| *last < tags[0]);
        if !joins || !tags.windows(2).all(ascending) {
            return Err(Violation::TagsOutOfOrder);
        }
        self.sender_tags.extend_from_slice(tags);
        Ok(())
    }

    /// The end, once all own tags and all of the sender's are here.
    fn conclude(&self) -> Option<Outcome> {
        let complete = self.finalized == batches(self.padded()) && self.sender_tags.len() == self.sizes.sender as usize;
        complete.then(|| {
            let mut own: Vec<(Tag, u32)> = self.own_tags.iter().copied().zip(0..).collect();
            own.sort_unstable();
            let mut comparison = Comparison::of(own.into_iter());
            for tag in &self.sender_tags {
                comparison.meet(*tag);
            }
            let mut places = comparison.places();
            // What stands behind the own items are dummies.
            places.retain(|place| (*place as usize) < self.own);
            Outcome::Matched { bits: 0, places }
        })
    }
}

impl Party for Receiver {
    fn start(&mut self) -> Step {
        Step { loads: vec![Shard::WHOLE], ..Step::default() }
    }

    fn on_loaded(&mut self, _shard: Shard, loaded: Loaded) -> Step {
        self.inputs = padded_inputs(self.binding, &loaded.items, self.sizes.receiver, &self.seed).into();
        self.own = loaded.items.len();
        self.own_tags = vec![[0; super::TAG_LEN]; self.inputs.len()];
        let mut step = Step::default();
        self.fill_window(&mut step);
        step
    }

    fn on_message(&mut self, body: &[u8]) -> Result<Step, Violation> {
        match Message::decode(body)? {
            Message::Opening(key) => {
                if self.public.is_some() {
                    return Err(Violation::Unexpected { awaiting: "evaluated batch or tags" });
                }
                let key = PublicKey::decode(key).map_err(|_| Violation::BadPublicKey)?;
                self.public = Some(Arc::new(key));
                Ok(Step::default())
            }
            Message::Evaluated { batch, proof, elements } => self.on_evaluated(batch, *proof, elements),
            Message::Tags { frame, tags } => {
                self.on_tags(frame, &tags)?;
                Ok(Step { outcome: self.conclude(), ..Step::default() })
            }
            Message::Blinded { .. } => Err(Violation::Unexpected { awaiting: "evaluated batch or tags" }),
        }
    }

    fn on_computed(&mut self, job: JobId, output: JobOutput) -> Result<Step, Violation> {
        let batch = job.0;
        match self.under_way.remove(&batch) {
            Some(Batch::Blinding) => {
                let blinding: Blinded = output.open()?;
                let message = Message::Blinded { batch, elements: blinding.blinded().to_vec() };
                self.under_way.insert(batch, Batch::Evaluation(blinding));
                Ok(Step { send: vec![message.encode()], ..Step::default() })
            }
            Some(Batch::Finalizing) => {
                let tags: Vec<Tag> = output.open()?;
                let range = self.range(batch);
                self.own_tags[range].copy_from_slice(&tags);
                self.finalized += 1;
                let mut step = Step { outcome: self.conclude(), ..Step::default() };
                self.fill_window(&mut step);
                Ok(step)
            }
            _ => unreachable!("a driver returns each job once"),
        }
    }
}
