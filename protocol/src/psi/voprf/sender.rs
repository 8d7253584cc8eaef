//! The sender: commits to a fresh key, evaluates what the receiver blinded, sends its own tags sorted.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_crypto::voprf::{EvaluateError, EvaluationKey, Proof, evaluate, evaluate_own};

use super::message::{Encoded, Message, Tag};
use super::{batch_len, batches, padded_inputs};
use crate::psi::{Binding, Job, JobId, JobOutput, Loaded, Outcome, Party, SetSizes, Shard, Step};
use crate::violation::Violation;
use crate::wire::limits::{TAGS_PER_FRAME, VOPRF_BATCH};

pub(super) struct Sender {
    binding: Binding,
    sizes: SetSizes,
    /// Own items, then dummies; nothing before they are loaded.
    inputs: Arc<[super::Input]>,
    key: Arc<EvaluationKey>,
    seed: Seed,
    /// Batches of the receiver that were asked for once; each may be asked for no second time.
    seen: BTreeSet<u32>,
    /// Every element that was sent to us: a repeated one would be a probe for a constant answer.
    elements: HashSet<Encoded>,
    evaluated: u32,
    own_tags: Vec<Tag>,
    own_started: u32,
    own_batches: u32,
    tags_sent: bool,
}

/// Own batches under way at once: few, so that what the receiver asks for is not behind all of them in the queue.
const OWN_BATCHES_UNDER_WAY: usize = 4;

/// What an evaluation job returns.
type Evaluated = (Vec<Encoded>, Proof);

impl Sender {
    pub(super) fn new(binding: Binding, sizes: SetSizes, seed: Seed) -> Self {
        Self {
            binding,
            sizes,
            inputs: Arc::new([]),
            key: Arc::new(EvaluationKey::from_seed(&seed.fork("key", 0))),
            seed,
            seen: BTreeSet::new(),
            elements: HashSet::new(),
            evaluated: 0,
            own_tags: Vec::new(),
            own_started: 0,
            own_batches: 0,
            tags_sent: false,
        }
    }

    /// Own batches are numbered after the receiver's.
    fn own_job(&self, batch: u32) -> JobId {
        JobId(batches(self.sizes.receiver) + batch)
    }

    /// Starts the next own batch, if there is one.
    fn start_own(&mut self) -> Option<(JobId, Job)> {
        let batch = self.own_started;
        if batch == self.own_batch_count() {
            return None;
        }
        self.own_started += 1;
        let start = batch as usize * VOPRF_BATCH;
        let range = start..self.inputs.len().min(start + VOPRF_BATCH);
        let (inputs, key) = (Arc::clone(&self.inputs), Arc::clone(&self.key));
        let job = Job::new(range.len(), move || {
            let outputs = evaluate_own(&key, &inputs[range]).expect("inputs have 65 bytes, batches 1024");
            Ok(outputs.iter().map(|output| output.tag16()).collect::<Vec<Tag>>())
        });
        Some((self.own_job(batch), job))
    }

    fn own_batch_count(&self) -> u32 {
        batches(self.sizes.sender)
    }

    fn on_blinded(&mut self, batch: u32, elements: Vec<Encoded>) -> Result<Step, Violation> {
        if batch >= batches(self.sizes.receiver) || !self.seen.insert(batch) {
            return Err(Violation::UnawaitedBatch { batch });
        }
        let expected = batch_len(self.sizes.receiver, batch);
        if elements.len() != expected {
            return Err(Violation::CountMismatch {
                what: "blinded elements",
                expected: expected as u64,
                got: elements.len() as u64,
            });
        }
        if !elements.iter().all(|element| self.elements.insert(*element)) {
            return Err(Violation::RepeatedElement { batch });
        }
        let key = Arc::clone(&self.key);
        let seed = self.seed.fork("proof", u64::from(batch));
        let job = Job::new(elements.len(), move || {
            evaluate(&key, &elements, seed).map_err(|error| match error {
                EvaluateError::BadElement { index } => Violation::BadElement { batch, index: index as u32 },
                EvaluateError::BatchLen { .. } => unreachable!("the count was checked against the terms"),
            })
        });
        Ok(Step { jobs: vec![(JobId(batch), job)], ..Step::default() })
    }

    /// All own tags, sorted, so that their order says nothing about the order of the set.
    fn tag_messages(&mut self) -> Vec<Vec<u8>> {
        self.own_tags.sort_unstable();
        self.tags_sent = true;
        (0u32..)
            .zip(self.own_tags.chunks(TAGS_PER_FRAME))
            .map(|(frame, tags)| Message::Tags { frame, tags: tags.to_vec() }.encode())
            .collect()
    }

    fn conclude(&self) -> Option<Outcome> {
        (self.tags_sent && self.evaluated == batches(self.sizes.receiver)).then_some(Outcome::Nothing)
    }
}

impl Party for Sender {
    fn start(&mut self) -> Step {
        let opening = Message::Opening(*self.key.public().as_bytes());
        Step { send: vec![opening.encode()], loads: vec![Shard::WHOLE], ..Step::default() }
    }

    fn on_loaded(&mut self, _shard: Shard, loaded: Loaded) -> Step {
        self.inputs = padded_inputs(self.binding, &loaded.items, self.sizes.sender, &self.seed).into();
        let jobs = (0..OWN_BATCHES_UNDER_WAY).filter_map(|_| self.start_own()).collect();
        Step { jobs, ..Step::default() }
    }

    fn on_message(&mut self, body: &[u8]) -> Result<Step, Violation> {
        match Message::decode(body)? {
            Message::Blinded { batch, elements } => self.on_blinded(batch, elements),
            _ => Err(Violation::Unexpected { awaiting: "blinded batch" }),
        }
    }

    fn on_computed(&mut self, job: JobId, output: JobOutput) -> Result<Step, Violation> {
        let mut step = Step::default();
        if job < self.own_job(0) {
            let (elements, proof): Evaluated = output.open()?;
            step.send.push(Message::Evaluated { batch: job.0, proof: Box::new(proof), elements }.encode());
            self.evaluated += 1;
        } else {
            self.own_tags.extend(output.open::<Vec<Tag>>()?);
            self.own_batches += 1;
            step.jobs.extend(self.start_own());
            if self.own_batches == self.own_batch_count() {
                step.send = self.tag_messages();
            }
        }
        step.outcome = self.conclude();
        Ok(step)
    }
}
