//! One shard of the sender: it grows the batches, takes the receiver's masked vector, and sends its own items' tags, bucket
//! after bucket.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::okvs::{Binned, RowKeys};
use cwg_crypto::ot::Delta;
use cwg_crypto::vole::{Grown, Transfers};
use cwg_crypto::{Block, LabelKeys, Prg, add_scaled};
use zeroize::Zeroizing;

use super::bins;
use super::keys::{ShardHashes, TaggedPlace, commitment};
use super::labels::{LabelCode, Sealing};
use super::message::Message;
use super::tags::TagCode;
use super::{Shared, Wanted, check_len, unexpected};
use crate::Item;
use crate::psi::{self, GivenUp, Job, Loaded, sort_uniform, sort_uniform_lists};
use crate::violation::Violation;
use crate::wire::limits::{VOLE_BLOCKS_PER_FRAME, VOLE_TAG_BYTES_PER_FRAME, VOLE_WINDOW};

/// What a job of a shard comes back with.
pub(super) enum Done {
    Grown(u32, Box<Grown>, Vec<u8>, Vec<Block>),
    /// The answer for a batch, and its memory.
    Answered(u32, [u8; 32], Vec<Block>),
    Binned(u32, Arc<Binned>),
    /// Tags, and with labels their keys and the places of their items.
    Tags(bins::Outputs, Vec<u32>),
    /// Coded tags of a bucket, or none if they do not fit; and what is to be sealed.
    Coded(Option<Vec<u8>>, Option<Arc<Sealing>>),
    /// Frames of sealed labels, from that one on.
    Sealed(u32, Vec<Vec<u8>>),
}

/// A shard's part of the correlation.
pub(super) struct Correlation {
    /// q of all its entries.
    pub(super) q: Zeroizing<Vec<Block>>,
    /// The receiver's corrections of its batches' choices, batch after batch.
    pub(super) corrections: Vec<u8>,
}

pub(super) struct Shard {
    index: u32,
    shared: Arc<Shared>,
    delta: Arc<Delta>,
    correlation: Arc<Correlation>,
    base: Option<Vec<Block>>,
    bases: Option<Vec<Block>>,
    chained: Option<Vec<Block>>,
    own_mask: Block,
    next_batch: u32,
    /// Batches that were grown and not challenged.
    grown: BTreeMap<u32, Grown>,
    /// Trees that wait for those of the batch before, and how many were sent.
    trees: BTreeMap<u32, Vec<u8>>,
    sent: u32,
    challenged: u32,
    answered: u32,
    seed: Option<Opened>,
    /// b of the vector, and of the part that is here b + Δ times the masked vector.
    vector: Vec<Block>,
    /// Memory of batches, to be used again.
    spare: Vec<Vec<Block>>,
    frames: FramePlace,
    /// The whole vector.
    complete: Option<Arc<Vec<Block>>>,
    bucket: Bucket,
}

/// What the receiver's seed opens.
#[derive(Clone)]
struct Opened {
    hashes: Arc<ShardHashes>,
    rows: Arc<RowKeys>,
    mask: Block,
}

/// The next frame of the vector: its number, its batch, and the blocks of that batch that were here before.
#[derive(Clone, Copy, Default)]
struct FramePlace {
    number: u32,
    batch: u32,
    blocks: usize,
}

/// The bucket in work.
#[derive(Default)]
struct Bucket {
    index: u32,
    requested: bool,
    binned: Option<Arc<Binned>>,
    /// Of each range of bins that is done.
    tags: Vec<Vec<u128>>,
    missing: usize,
    labels: Labels,
}

/// Labels of the bucket in work, where there are any.
struct Labels {
    /// Of its items.
    own: Arc<[u8]>,
    /// Keys in the order of the tags as they came, and for each the place of its item.
    keys: LabelKeys,
    items: Vec<u32>,
    /// Ranges of frames that are sealed, and how many are not.
    sealed: BTreeMap<u32, Vec<Vec<u8>>>,
    missing: usize,
    /// Whether the tags are sent, and compared.
    tags_sent: bool,
    compared: bool,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            own: Arc::from([]),
            keys: LabelKeys::with_capacity(0),
            items: Vec::new(),
            sealed: BTreeMap::new(),
            missing: 0,
            tags_sent: false,
            compared: false,
        }
    }
}

impl Shard {
    pub(super) fn new(
        index: u32,
        shared: Arc<Shared>,
        delta: Arc<Delta>,
        correlation: Correlation,
        base: Option<Vec<Block>>,
    ) -> (Self, Wanted) {
        let own_mask = super::random_block(&shared.seed.fork("mask", index.into()));
        let commitment = commitment(&shared.session, index, own_mask);
        let mut shard = Self {
            index,
            shared,
            delta,
            correlation: Arc::new(correlation),
            base,
            bases: None,
            chained: None,
            own_mask,
            next_batch: 0,
            grown: BTreeMap::new(),
            trees: BTreeMap::new(),
            sent: 0,
            challenged: 0,
            answered: 0,
            seed: None,
            vector: Vec::new(),
            spare: Vec::new(),
            frames: FramePlace::default(),
            complete: None,
            bucket: Bucket::default(),
        };
        let wanted = Wanted::message(Message::Commit { shard: index, commitment }).and(shard.grow());
        (shard, wanted)
    }

    /// Base of the next shard, once.
    pub(super) fn take_chained_base(&mut self) -> Option<Vec<Block>> {
        self.chained.take()
    }

    pub(super) fn is_through(&self) -> bool {
        self.bucket.index == self.shared.plan.buckets_of_shard()
    }

    fn job(&self, elements: usize, work: impl FnOnce() -> Done + Send + 'static) -> Job {
        let index = self.index;
        Job::new(elements, move || Ok((index, work())))
    }

    /// The base of this shard's first batch.
    pub(super) fn on_base(&mut self, base: Vec<Block>) -> Wanted {
        self.base = Some(base);
        self.grow()
    }

    /// Starts on the next batches, as far ahead of the challenges as may be.
    fn grow(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        let plan = &self.shared.plan;
        while self.next_batch < plan.batches && self.next_batch < self.challenged + VOLE_WINDOW {
            let batch = self.next_batch;
            let base = match batch {
                0 => self.base.take(),
                _ => self.bases.as_ref().map(|bases| bases[plan.base_part(batch)].to_vec()),
            };
            let Some(base) = base else { break };
            self.next_batch += 1;
            let [leaves, vector] = [(); 2].map(|()| self.spare.pop().unwrap_or_default());
            let (shared, delta, correlation) =
                (Arc::clone(&self.shared), Arc::clone(&self.delta), Arc::clone(&self.correlation));
            let index = self.index;
            wanted.jobs.push(self.job(plan.shape.outputs(), move || {
                let (plan, corrections_len) = (&shared.plan, shared.plan.shape.corrections_len());
                let place = plan.place(index, batch);
                let transfers = Transfers {
                    q: &correlation.q[plan.transfers(index, batch)],
                    corrections: &correlation.corrections[batch as usize * corrections_len..][..corrections_len],
                };
                let seed = shared.seed.fork("roots", place.batch);
                let (grown, message) = shared.batches.grow(place, &delta, transfers, &base, &seed, leaves);
                let outputs = grown.outputs(&shared.batches, vector);
                Done::Grown(batch, Box::new(grown), message, outputs)
            }));
        }
        wanted
    }

    fn on_grown(&mut self, batch: u32, grown: Grown, body: Vec<u8>, outputs: Vec<Block>) -> Wanted {
        let plan = &self.shared.plan;
        if batch == 0 {
            let next = plan.base_part(plan.batches);
            self.chained = (self.index + 1 < plan.shards()).then(|| outputs[next.clone()].to_vec());
            self.bases = Some(outputs[..next.start].to_vec());
        }
        let (from, to) = plan.vector_part(batch);
        self.vector.resize(plan.okvs.len(), Block::ZERO);
        self.vector[to].copy_from_slice(&outputs[from]);
        self.spare.push(outputs);
        self.grown.insert(batch, grown);
        self.trees.insert(batch, body);
        let mut wanted = self.grow();
        // Jobs end in any order, trees go out in theirs: the receiver counts them.
        while let Some(body) = self.trees.remove(&self.sent) {
            wanted.send.push(Message::Trees { shard: self.index, batch: self.sent, body: &body }.encode());
            self.sent += 1;
        }
        wanted
    }

    pub(super) fn on_challenge(&mut self, batch: u32, point: Block, lacking: Block) -> Result<Wanted, Violation> {
        let sent = batch < self.sent;
        let grown = self.grown.remove(&batch).filter(|_| sent).ok_or(Violation::UnawaitedBatch { batch })?;
        self.challenged += 1;
        let (shared, delta) = (Arc::clone(&self.shared), Arc::clone(&self.delta));
        let place = shared.plan.place(self.index, batch);
        let job = self.job(shared.plan.shape.outputs(), move || {
            let (digest, room) = grown.answer(&shared.batches, place, &delta, point, lacking);
            Done::Answered(batch, *digest.as_bytes(), room)
        });
        Ok(Wanted::job(job).and(self.grow()))
    }

    pub(super) fn on_seed(&mut self, seed: [u8; 32], mask: Block) -> Result<Wanted, Violation> {
        if self.seed.is_some() || self.answered == 0 {
            return Err(unexpected("challenge"));
        }
        let plan = &self.shared.plan;
        let hashes = ShardHashes::new(&self.shared.session, self.index, &seed, plan);
        let rows = RowKeys::new(&bins::row_seed(&self.shared.session, self.index, &seed));
        self.seed = Some(Opened { hashes: Arc::new(hashes), rows: Arc::new(rows), mask: mask + self.own_mask });
        Ok(self.load_bucket())
    }

    fn load_bucket(&mut self) -> Wanted {
        let plan = &self.shared.plan;
        if self.bucket.requested || self.bucket.index == plan.buckets_of_shard() {
            return Wanted::default();
        }
        self.bucket.requested = true;
        let index = self.index * plan.buckets_of_shard() + self.bucket.index;
        Wanted { loads: vec![psi::Shard { bits: plan.bucket_bits, index }], ..Wanted::default() }
    }

    pub(super) fn on_loaded(&mut self, bucket: u32, loaded: Loaded) -> Wanted {
        let Loaded { items, labels } = loaded;
        if items.len() > self.shared.plan.bucket_len as usize {
            return Wanted::given_up(GivenUp::ShardOverfull);
        }
        if let Some(code) = self.shared.plan.labels {
            if labels.len() != items.len() * code.label_len().bytes() {
                return Wanted::given_up(GivenUp::LabelsUnfit);
            }
            self.bucket.labels.own = labels;
        }
        let Some(opened) = self.seed.clone() else { return Wanted::default() };
        let keys: Vec<Block> = items.iter().map(Item::block).collect();
        let shared = Arc::clone(&self.shared);
        Wanted::job(self.job(keys.len(), move || {
            let binned = Binned::for_decoding(&shared.plan.okvs, &opened.rows, keys);
            Done::Binned(bucket, Arc::new(binned))
        }))
    }

    /// The next blocks of the masked vector: each batch's in frames of their own.
    pub(super) fn on_vector(&mut self, frame: u32, blocks: &[Block]) -> Result<Wanted, Violation> {
        let plan = &self.shared.plan;
        let place = self.frames;
        if self.seed.is_none() || frame != place.number || place.batch >= plan.batches {
            return Err(unexpected("the next frame of a vector"));
        }
        // A receiver masks with what it has checked.
        if self.answered <= place.batch {
            return Err(unexpected("challenge"));
        }
        let part = plan.vector_part(place.batch).1;
        let len = part.len();
        let expected = (len - place.blocks).min(VOLE_BLOCKS_PER_FRAME);
        check_len("blocks of a vector", expected, blocks.len())?;
        let here = &mut self.vector[part][place.blocks..place.blocks + expected];
        add_scaled(here, blocks, self.delta.block());
        self.frames = FramePlace { number: frame + 1, blocks: place.blocks + expected, ..place };
        if self.frames.blocks == len {
            self.frames = FramePlace { number: frame + 1, batch: place.batch + 1, blocks: 0 };
        }
        if self.frames.batch < plan.batches {
            return Ok(Wanted::default());
        }
        self.complete = Some(Arc::new(core::mem::take(&mut self.vector)));
        self.spare = Vec::new();
        let mask = Message::Mask { shard: self.index, mask: self.own_mask };
        Ok(Wanted::message(mask).and(self.evaluate()))
    }

    /// Starts on the tags of the bucket that is loaded, once the vector is whole.
    fn evaluate(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        let (Some(vector), Some(opened)) = (&self.complete, &self.seed) else { return wanted };
        let Some(binned) = self.bucket.binned.take() else { return wanted };
        for range in bins::ranges(&self.shared.plan.okvs) {
            let (delta, vector, opened, binned) =
                (Arc::clone(&self.delta), Arc::clone(vector), opened.clone(), Arc::clone(&binned));
            wanted.jobs.push(self.job(binned.keys_of(range.clone()).len(), move || {
                let outputs =
                    bins::outputs(&binned, &opened.hashes, &vector, range.clone(), Some(delta.block()), opened.mask);
                let labelled = !outputs.label_keys.is_empty();
                let items = if labelled { binned.places()[binned.keys_of(range)].to_vec() } else { Vec::new() };
                Done::Tags(outputs, items)
            }));
        }
        self.bucket.missing = wanted.jobs.len();
        wanted
    }

    fn on_binned(&mut self, bucket: u32, binned: Arc<Binned>) -> Wanted {
        debug_assert_eq!(bucket, self.bucket.index, "one bucket is in work at a time");
        self.bucket.binned = Some(binned);
        self.evaluate()
    }

    fn on_tags(&mut self, outputs: bins::Outputs, items: Vec<u32>) -> Wanted {
        self.bucket.tags.push(outputs.tags);
        self.bucket.labels.keys.extend(&outputs.label_keys);
        self.bucket.labels.items.extend(items);
        self.bucket.missing -= 1;
        if self.bucket.missing > 0 {
            return Wanted::default();
        }
        if self.bucket.index + 1 == self.shared.plan.buckets_of_shard() {
            self.complete = None;
        }
        let (mut tags, bucket) = (core::mem::take(&mut self.bucket.tags), self.bucket.index);
        let labels = core::mem::take(&mut self.bucket.labels);
        let shared = Arc::clone(&self.shared);
        let number = u64::from(self.index) << 32 | u64::from(bucket);
        Wanted::job(self.job(shared.plan.bucket_len as usize, move || {
            // A random tag looks like that of an item the receiver does not have.
            let plan = &shared.plan;
            let mut random = Prg::new(super::random_block(&shared.seed.fork("dummies", number)));
            let own: usize = tags.iter().map(Vec::len).sum();
            let mut dummies = vec![Block::ZERO; plan.bucket_len as usize - own];
            random.fill(&mut dummies);
            tags.push(dummies.iter().map(|dummy| plan.tags.cut(dummy.number())).collect());
            if let Some(code) = plan.labels {
                return code_labelled(plan.tags, code, &tags, labels, &mut random);
            }
            let mut coder = plan.tags.coder();
            sort_uniform_lists(tags, |tags| tags.iter().for_each(|tag| coder.put(*tag)));
            Done::Coded(coder.finish(), None)
        }))
    }

    fn on_coded(&mut self, bytes: Option<Vec<u8>>, sealing: Option<Arc<Sealing>>) -> Wanted {
        let Some(bytes) = bytes else { return Wanted::given_up(GivenUp::TagsUnfit) };
        let bucket = self.index * self.shared.plan.buckets_of_shard() + self.bucket.index;
        let send = (0u32..)
            .zip(bytes.chunks(VOLE_TAG_BYTES_PER_FRAME))
            .map(|(frame, bytes)| Message::Tags { bucket, frame, bytes }.encode())
            .collect();
        let mut wanted = Wanted { send, ..Wanted::default() };
        let (Some(sealing), Some(code)) = (sealing, self.shared.plan.labels) else {
            return wanted.and(self.next_bucket());
        };
        self.bucket.labels.tags_sent = true;
        for frames in Sealing::ranges(code) {
            let sealing = Arc::clone(&sealing);
            self.bucket.labels.missing += 1;
            wanted
                .jobs
                .push(self.job(sealing.rows(frames.clone()), move || Done::Sealed(frames.start, sealing.seal(frames))));
        }
        wanted
    }

    fn next_bucket(&mut self) -> Wanted {
        self.bucket = Bucket { index: self.bucket.index + 1, ..Bucket::default() };
        self.load_bucket()
    }

    /// The receiver knows which of the bucket's labels it wants to open.
    pub(super) fn on_compared(&mut self, bucket: u32) -> Result<Wanted, Violation> {
        let labels = &mut self.bucket.labels;
        if bucket != self.bucket.index || !labels.tags_sent || labels.compared {
            return Err(unexpected("a bucket compared"));
        }
        labels.compared = true;
        Ok(self.send_labels())
    }

    /// Sends the labels of a bucket that are all sealed, once they are asked for.
    fn send_labels(&mut self) -> Wanted {
        let labels = &mut self.bucket.labels;
        if !labels.compared || labels.missing > 0 {
            return Wanted::default();
        }
        let bucket = self.index * self.shared.plan.buckets_of_shard() + self.bucket.index;
        let frames = core::mem::take(&mut labels.sealed).into_values().flatten();
        let send =
            (0u32..).zip(frames).map(|(frame, rows)| Message::Labels { bucket, frame, rows: &rows }.encode()).collect();
        Wanted { send, ..Wanted::default() }.and(self.next_bucket())
    }

    pub(super) fn on_done(&mut self, done: Done) -> Wanted {
        match done {
            Done::Grown(batch, grown, body, outputs) => self.on_grown(batch, *grown, body, outputs),
            Done::Answered(batch, digest, room) => {
                self.answered += 1;
                self.spare.push(room);
                Wanted::message(Message::Answer { shard: self.index, batch, digest })
            }
            Done::Binned(bucket, binned) => self.on_binned(bucket, binned),
            Done::Tags(outputs, items) => self.on_tags(outputs, items),
            Done::Coded(bytes, sealing) => self.on_coded(bytes, sealing),
            Done::Sealed(first, frames) => {
                self.bucket.labels.sealed.insert(first, frames);
                self.bucket.labels.missing -= 1;
                self.send_labels()
            }
        }
    }
}

/// Codes the tags of a bucket, and puts its labels in their order. A dummy's key is random, as its tag is.
fn code_labelled(tags_code: TagCode, code: LabelCode, tags: &[Vec<u128>], labels: Labels, random: &mut Prg) -> Done {
    let Labels { own, mut keys, items, .. } = labels;
    let tags = tags.iter().flatten();
    let mut tagged: Vec<TaggedPlace> = (0u32..).zip(tags).map(|(place, tag)| TaggedPlace::new(*tag, place)).collect();
    keys.extend_random(tagged.len() - keys.len(), random);
    sort_uniform(&mut tagged);
    let mut coder = tags_code.coder();
    tagged.iter().for_each(|tagged| coder.put(tagged.tag()));
    Done::Coded(coder.finish(), Some(Arc::new(Sealing::new(code, tagged, keys, items, own))))
}
