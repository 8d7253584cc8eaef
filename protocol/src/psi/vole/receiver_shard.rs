//! One shard of the receiver: its items are encoded while the correlation grows, the vector goes out masked batch by batch
//! as each was checked, and the sender's tags are compared with the own ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::okvs::{Binned, OkvsError, RowKeys};
use cwg_crypto::ot::Correlation;
use cwg_crypto::vole::{Outputs, Positions, Room, Taken};
use cwg_crypto::{Block, Digest, LabelKeys, Prg};
use zeroize::Zeroizing;

use super::bins::{self, Encoded};
use super::keys::{ShardHashes, TaggedPlace, commitment};
use super::labels::{Compared, LabelCode, Opened};
use super::message::Message;
use super::{Shared, Wanted, unexpected};
use crate::Item;
use crate::psi::compare::Comparison;
use crate::psi::{self, GivenUp, Job, Model, sort_uniform_lists};
use crate::violation::Violation;
use crate::wire::limits::{VOLE_BLOCKS_PER_FRAME, VOLE_TAG_BYTES_PER_FRAME, VOLE_WINDOW};

/// Seeds that are tried: the first does for all but one shard in 2^40.
const ATTEMPTS_MAX: u64 = 4;

/// Batches whose outputs are held or in work: one to send, one to compute while the answer for the next is on its way.
const HELD_MAX: u32 = 2;

/// What a job of a shard comes back with.
pub(super) enum Done {
    /// Items in bins under the seed of an attempt, or why not.
    Binned(u64, Result<(Arc<Binned>, Arc<ShardHashes>), OkvsError>),
    /// A part of the vector of an attempt, or why not.
    Encoded(u64, Result<Encoded, OkvsError>),
    Taken(u32, Box<Taken>),
    Grown(u32, Outputs),
    Own(usize, bins::Outputs),
    /// Own tags, sorted, and the keys of labels by place; none where there are no labels.
    Sorted(Vec<TaggedPlace>, LabelKeys),
    Matched(Vec<u32>),
    /// A bucket whose labels are to come.
    Compared(Arc<Compared>),
    /// A frame of labels, by its bucket and number.
    Opened((u32, u32), Opened),
}

/// What a shard found.
pub(super) struct Found {
    /// Its items.
    pub(super) items: u32,
    /// Places of the matches, ascending.
    pub(super) places: Vec<u32>,
    /// Their labels, in that order, where there are any.
    pub(super) labels: Zeroizing<Vec<u8>>,
    /// Whether a label of a match did not open.
    pub(super) spoilt: bool,
}

/// A batch under way.
enum Batch {
    Taking,
    /// The expected answer, and the outputs once they are computed.
    Challenged {
        expected: Digest,
        verified: bool,
        outputs: Option<Outputs>,
    },
}

pub(super) struct Shard {
    index: u32,
    shared: Arc<Shared>,
    items: Option<u32>,
    attempt: u64,
    encoding: Encoding,
    correlation: Option<Arc<Correlation>>,
    positions: BTreeMap<u32, Positions>,
    /// a and c of the bases of all batches, once they are known: the first batch's, then those the first batch made.
    base: Option<Vec<[Block; 2]>>,
    bases: Option<Vec<[Block; 2]>>,
    chained: Option<Vec<[Block; 2]>>,
    commitment: Option<[u8; 32]>,
    trees: BTreeMap<u32, Vec<u8>>,
    next_trees: u32,
    batches: BTreeMap<u32, Batch>,
    started: u32,
    /// Memory of batches, to be used again.
    spare: Vec<Room>,
    sent_batches: u32,
    sent_frames: u32,
    own_mask: Block,
    comparing: Comparing,
    result: Option<Found>,
}

/// How far the vector is.
enum Encoding {
    AwaitItems,
    Binning,
    Bins {
        binned: Arc<Binned>,
        hashes: Arc<ShardHashes>,
        vector: Vec<Block>,
        missing: usize,
    },
    /// The vector, in which c takes the place of what was sent.
    Encoded {
        binned: Arc<Binned>,
        hashes: Arc<ShardHashes>,
        vector: Vec<Block>,
    },
}

/// How far the comparison is.
#[derive(Default)]
struct Comparing {
    masked: bool,
    /// Tags and keys of labels of each range of bins.
    own: BTreeMap<usize, bins::Outputs>,
    missing: usize,
    sorted: Option<Arc<Vec<TaggedPlace>>>,
    /// The bucket whose tags come in, and its bytes so far.
    bucket: u32,
    bytes: Vec<u8>,
    /// Whole buckets that wait for the own tags.
    waiting: Vec<Vec<u8>>,
    compared: u32,
    matched: Vec<u32>,
    opening: Opening,
}

/// How far the labels are, where there are any: those of a bucket come between its tags and the next bucket's.
#[derive(Default)]
struct Opening {
    keys: Option<Arc<LabelKeys>>,
    /// The bucket and frame that come next, and what the bucket's labels need.
    bucket: u32,
    frame: u32,
    compared: Option<Arc<Compared>>,
    opened: BTreeMap<(u32, u32), Opened>,
}

impl Shard {
    pub(super) fn new(index: u32, shared: Arc<Shared>) -> Self {
        let own_mask = super::random_block(&shared.seed.fork("mask", index.into()));
        Self {
            index,
            shared,
            items: None,
            attempt: 0,
            encoding: Encoding::AwaitItems,
            correlation: None,
            positions: BTreeMap::new(),
            base: None,
            bases: None,
            chained: None,
            commitment: None,
            trees: BTreeMap::new(),
            next_trees: 0,
            batches: BTreeMap::new(),
            started: 0,
            spare: Vec::new(),
            sent_batches: 0,
            sent_frames: 0,
            own_mask,
            comparing: Comparing::default(),
            result: None,
        }
    }

    pub(super) fn is_extended(&self) -> bool {
        self.correlation.is_some()
    }

    /// Whether all of its vector is sent.
    pub(super) fn is_sent(&self) -> bool {
        self.sent_batches == self.shared.plan.batches
    }

    /// Base of the next shard, once.
    pub(super) fn take_chained_base(&mut self) -> Option<Vec<[Block; 2]>> {
        self.chained.take()
    }

    /// What it found, once it is through.
    pub(super) fn take_result(&mut self) -> Option<Found> {
        self.result.take()
    }

    /// Its part of the correlation: the corrections of its batches' choices.
    pub(super) fn extend(&mut self, correlation: Correlation, base: Option<Vec<[Block; 2]>>) -> Vec<u8> {
        let plan = &self.shared.plan;
        let mut corrections = Vec::new();
        for batch in 0..plan.batches {
            let first = plan.transfers(self.index, batch).start;
            let seed = self.shared.seed.fork("batch", plan.place(self.index, batch).batch);
            let bits = |transfer| correlation.bit(first + transfer);
            let (positions, correction) = self.shared.batches.choose(bits, &seed);
            self.positions.insert(batch, positions);
            corrections.extend(correction);
        }
        self.correlation = Some(Arc::new(correlation));
        self.base = base;
        corrections
    }

    fn job(&self, elements: usize, work: impl FnOnce() -> Done + Send + 'static) -> Job {
        let index = self.index;
        Job::new(elements, move || Ok((index, work())))
    }

    pub(super) fn on_items(&mut self, items: &[Item]) -> Wanted {
        if items.len() > self.shared.plan.shard_len as usize {
            return Wanted::given_up(GivenUp::ShardOverfull);
        }
        self.items = Some(u32::try_from(items.len()).expect("a shard's length is a u32"));
        self.bin(items.iter().map(Item::block).collect())
    }

    /// Puts the items into bins under the next seed. The seed was drawn after the set was fixed, and is not sent before the
    /// vector is encoded.
    fn bin(&mut self, keys: Vec<Block>) -> Wanted {
        self.encoding = Encoding::Binning;
        let (shared, index) = (Arc::clone(&self.shared), self.index);
        let (attempt, seed) = (self.attempt, self.okvs_seed());
        let job = self.job(keys.len(), move || {
            let plan = &shared.plan;
            let hashes = ShardHashes::new(&shared.session, index, &seed, plan);
            let rows = RowKeys::new(&bins::row_seed(&shared.session, index, &seed));
            let binned = Binned::new(&plan.okvs, &rows, keys);
            Done::Binned(attempt, binned.map(|binned| (Arc::new(binned), Arc::new(hashes))))
        });
        Wanted::job(job)
    }

    fn okvs_seed(&self) -> [u8; 32] {
        *self.shared.seed.fork("vector", self.attempt_number()).into_secret().expose()
    }

    fn attempt_number(&self) -> u64 {
        u64::from(self.index) << 32 | self.attempt
    }

    /// A seed under which the items cannot be encoded is no fault of the items, unless two are equal, which another seed does
    /// not change.
    fn try_another_seed(&mut self, error: OkvsError) -> Wanted {
        self.attempt += 1;
        if error == OkvsError::DuplicateKey || self.attempt == ATTEMPTS_MAX {
            return Wanted::given_up(GivenUp::SetUnencoded);
        }
        let shard = psi::Shard { bits: self.shared.plan.shard_bits, index: self.index };
        Wanted { loads: vec![shard], ..Wanted::default() }
    }

    fn on_binned(&mut self, binned: Arc<Binned>, hashes: Arc<ShardHashes>) -> Wanted {
        let okvs = &self.shared.plan.okvs;
        let mut wanted = Wanted::default();
        let attempt = self.attempt;
        let fill = super::random_block(&self.shared.seed.fork("free columns", self.attempt_number()));
        for (number, range) in (0u64..).zip(bins::ranges(okvs)) {
            let (binned, hashes) = (Arc::clone(&binned), Arc::clone(&hashes));
            wanted.jobs.push(self.job(binned.keys_of(range.clone()).len(), move || {
                let mut prg = Prg::new(fill + Block::new(number.into()));
                Done::Encoded(attempt, bins::encode(&binned, &hashes, range, &mut prg))
            }));
        }
        let vector = vec![Block::ZERO; okvs.len()];
        self.encoding = Encoding::Bins { binned, hashes, vector, missing: wanted.jobs.len() };
        wanted
    }

    fn on_encoded(&mut self, part: Result<Encoded, OkvsError>) -> Wanted {
        let part = match part {
            Ok(part) => part,
            Err(error) => return self.try_another_seed(error),
        };
        let state = core::mem::replace(&mut self.encoding, Encoding::AwaitItems);
        let Encoding::Bins { binned, hashes, mut vector, missing } = state else {
            unreachable!("parts of this attempt come back while it has bins")
        };
        vector[part.start..part.start + part.blocks.len()].copy_from_slice(&part.blocks);
        if missing > 1 {
            self.encoding = Encoding::Bins { binned, hashes, vector, missing: missing - 1 };
            return Wanted::default();
        }
        self.encoding = Encoding::Encoded { binned, hashes, vector };
        self.send_batches().and(self.take_batches())
    }

    pub(super) fn on_commit(&mut self, commitment: [u8; 32]) -> Result<Wanted, Violation> {
        if !self.is_extended() || self.commitment.is_some() {
            return Err(unexpected("trees"));
        }
        self.commitment = Some(commitment);
        Ok(Wanted::default())
    }

    pub(super) fn on_trees(&mut self, batch: u32, body: &[u8]) -> Result<Wanted, Violation> {
        let plan = &self.shared.plan;
        let taking = self.batches.values().filter(|batch| matches!(batch, Batch::Taking)).count();
        let awaited = self.commitment.is_some() && batch == self.next_trees && batch < plan.batches;
        if !awaited || self.trees.len() + taking >= VOLE_WINDOW as usize {
            return Err(Violation::UnawaitedBatch { batch });
        }
        super::check_len("bytes of trees", plan.shape.message_len(), body.len())?;
        self.next_trees += 1;
        self.trees.insert(batch, body.to_vec());
        Ok(self.take_batches())
    }

    /// The base of this shard's first batch.
    pub(super) fn on_base(&mut self, base: Vec<[Block; 2]>) -> Wanted {
        self.base = Some(base);
        self.take_batches()
    }

    fn base_of(&self, batch: u32) -> Option<Vec<[Block; 2]>> {
        match batch {
            0 => self.base.clone(),
            _ => self.bases.as_ref().map(|bases| bases[self.shared.plan.base_part(batch)].to_vec()),
        }
    }

    /// Starts on the batches whose trees and base are here: few ahead of what was sent, since each holds its outputs until
    /// then.
    fn take_batches(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        while self.started < self.shared.plan.batches.min(self.sent_batches + HELD_MAX) {
            let batch = self.started;
            let Some(base) = self.base_of(batch).filter(|_| self.trees.contains_key(&batch)) else { break };
            let message = self.trees.remove(&batch).expect("asked for above");
            self.started += 1;
            let room = self.spare.pop().unwrap_or_default();
            let positions = self.positions.remove(&batch).expect("chosen for each batch, each of which is taken once");
            let correlation = Arc::clone(self.correlation.as_ref().expect("trees follow the extension"));
            let (shared, index) = (Arc::clone(&self.shared), self.index);
            self.batches.insert(batch, Batch::Taking);
            wanted.jobs.push(self.job(shared.plan.shape.outputs(), move || {
                let place = shared.plan.place(index, batch);
                let t = &correlation.t[shared.plan.transfers(index, batch)];
                let taken = shared.batches.take(place, &positions, t, &base, &message, room);
                Done::Taken(batch, Box::new(taken))
            }));
        }
        wanted
    }

    fn on_taken(&mut self, batch: u32, taken: Taken) -> Wanted {
        let Taken { point, lacking, expected, .. } = taken;
        self.batches.insert(batch, Batch::Challenged { expected, verified: false, outputs: None });
        let shared = Arc::clone(&self.shared);
        let job = self.job(shared.plan.shape.outputs(), move || Done::Grown(batch, taken.outputs(&shared.batches)));
        let challenge = Message::Challenge { shard: self.index, batch, point, lacking };
        Wanted::message(challenge).and(Wanted::job(job))
    }

    pub(super) fn on_answer(&mut self, batch: u32, digest: [u8; 32]) -> Result<Wanted, Violation> {
        let Some(Batch::Challenged { expected, verified: verified @ false, .. }) = self.batches.get_mut(&batch) else {
            return Err(Violation::UnawaitedBatch { batch });
        };
        if expected.as_bytes() != &digest {
            return Err(Violation::BadBatch { batch });
        }
        *verified = true;
        Ok(self.on_verified())
    }

    fn on_grown(&mut self, batch: u32, grown: Outputs) -> Wanted {
        if let Some(Batch::Challenged { outputs, .. }) = self.batches.get_mut(&batch) {
            *outputs = Some(grown);
        }
        self.on_verified()
    }

    /// A batch may be used now, if it was both checked and computed.
    fn on_verified(&mut self) -> Wanted {
        if let (None, Some(Batch::Challenged { verified: true, outputs: Some(outputs), .. })) =
            (&self.bases, self.batches.get(&0))
        {
            let (plan, outputs) = (&self.shared.plan, outputs.pairs());
            let next = plan.base_part(plan.batches);
            self.chained = (self.index + 1 < plan.shards()).then(|| outputs[next.clone()].to_vec());
            self.bases = Some(outputs[..next.start].to_vec());
        }
        self.send_batches().and(self.take_batches())
    }

    /// Sends the parts of the vector whose masks are ready, in order.
    fn send_batches(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        let seed = self.okvs_seed();
        let Encoding::Encoded { vector, .. } = &mut self.encoding else { return wanted };
        let plan = &self.shared.plan;
        while let Some(Batch::Challenged { verified: true, outputs: outputs @ Some(_), .. }) =
            self.batches.get_mut(&self.sent_batches)
        {
            let outputs = outputs.take().expect("matched above");
            if self.sent_batches == 0 {
                wanted.send.push(Message::Seed { shard: self.index, seed, mask: self.own_mask }.encode());
            }
            let (from, to) = plan.vector_part(self.sent_batches);
            self.sent_batches += 1;
            let pairs = &outputs.pairs()[from];
            let parts = vector[to].chunks_mut(VOLE_BLOCKS_PER_FRAME);
            for (part, pairs) in parts.zip(pairs.chunks(VOLE_BLOCKS_PER_FRAME)) {
                let masked = |(place, [a, c]): (&mut Block, &[Block; 2])| core::mem::replace(place, *c) + *a;
                let blocks = part.iter_mut().zip(pairs).map(masked).collect();
                wanted.send.push(Message::Vector { shard: self.index, frame: self.sent_frames, blocks }.encode());
                self.sent_frames += 1;
            }
            self.spare.push(outputs.into_room());
        }
        if self.sent_batches == plan.batches {
            self.spare = Vec::new();
        }
        wanted
    }

    pub(super) fn on_mask(&mut self, mask: Block) -> Result<Wanted, Violation> {
        let plan = &self.shared.plan;
        let all_sent = self.sent_batches == plan.batches;
        let Encoding::Encoded { binned, hashes, vector } = &mut self.encoding else { return Err(unexpected("trees")) };
        if !all_sent || self.comparing.masked {
            return Err(unexpected("tags"));
        }
        if self.commitment != Some(commitment(&self.shared.session, self.index, mask)) {
            return Err(Violation::BadMask);
        }
        self.comparing.masked = true;
        let mask = mask + self.own_mask;
        let (binned, hashes, c) = (Arc::clone(binned), Arc::clone(hashes), Arc::new(core::mem::take(vector)));
        let mut wanted = Wanted::default();
        for range in bins::ranges(&plan.okvs) {
            let (binned, hashes, c) = (Arc::clone(&binned), Arc::clone(&hashes), Arc::clone(&c));
            wanted.jobs.push(self.job(binned.keys_of(range.clone()).len(), move || {
                Done::Own(range.start, bins::outputs(&binned, &hashes, &c, range.clone(), None, mask))
            }));
        }
        self.comparing.missing = wanted.jobs.len();
        Ok(wanted)
    }

    fn on_own(&mut self, first_bin: usize, outputs: bins::Outputs) -> Wanted {
        self.comparing.own.insert(first_bin, outputs);
        self.comparing.missing -= 1;
        if self.comparing.missing > 0 {
            return Wanted::default();
        }
        let state = core::mem::replace(&mut self.encoding, Encoding::AwaitItems);
        let Encoding::Encoded { binned, .. } = state else { unreachable!("tags are of an encoded shard") };
        let own = core::mem::take(&mut self.comparing.own);
        Wanted::job(self.job(binned.keys().len(), move || {
            let mut keys = LabelKeys::with_capacity(own.values().map(|part| part.label_keys.len()).sum());
            own.values().for_each(|part| keys.extend(&part.label_keys));
            let tags = own.into_values().flat_map(|part| part.tags);
            let own: Vec<TaggedPlace> =
                binned.places().iter().zip(tags).map(|(place, tag)| TaggedPlace::new(tag, *place)).collect();
            if !keys.is_empty() {
                keys = keys.moved_to(binned.places());
            }
            drop(binned);
            Done::Sorted(sort_uniform_lists(vec![own], |_| {}), keys)
        }))
    }

    fn on_sorted(&mut self, sorted: Vec<TaggedPlace>, mut keys: LabelKeys) -> Wanted {
        // For what does not match: a key that opens nothing.
        keys.extend_random(
            1,
            &mut Prg::new(super::random_block(&self.shared.seed.fork("no label", self.index.into()))),
        );
        self.comparing.opening.keys = Some(Arc::new(keys));
        self.comparing.sorted = Some(Arc::new(sorted));
        self.compare()
    }

    pub(super) fn on_tags(&mut self, bucket: u32, frame: u32, bytes: &[u8]) -> Result<Wanted, Violation> {
        let (plan, comparing) = (&self.shared.plan, &mut self.comparing);
        let (len, have) = (plan.tags.len(), comparing.bytes.len());
        let expected = (len - have).min(VOLE_TAG_BYTES_PER_FRAME);
        let labels_here = plan.labels.is_none() || bucket == comparing.opening.bucket;
        if !comparing.masked || bucket != comparing.bucket || bucket >= plan.buckets_of_shard() || !labels_here {
            return Err(unexpected("tags of the next bucket"));
        }
        if frame as usize != have / VOLE_TAG_BYTES_PER_FRAME {
            return Err(unexpected("the next frame of tags"));
        }
        super::check_len("bytes of tags", expected, bytes.len())?;
        comparing.bytes.extend_from_slice(bytes);
        if comparing.bytes.len() < len {
            return Ok(Wanted::default());
        }
        comparing.bucket += 1;
        comparing.waiting.push(core::mem::take(&mut comparing.bytes));
        Ok(self.compare())
    }

    /// Compares the buckets that are here, once the own tags are sorted.
    fn compare(&mut self) -> Wanted {
        let Some(sorted) = self.comparing.sorted.clone() else { return Wanted::default() };
        let mut wanted = Wanted::default();
        for bytes in core::mem::take(&mut self.comparing.waiting) {
            let (sorted, code, index) = (Arc::clone(&sorted), self.shared.plan.tags, self.index);
            let strict = self.shared.plan.profile.model == Model::Malicious;
            let labels = self.shared.plan.labels;
            wanted.jobs.push(Job::new(code.len(), move || {
                let mut comparison = Comparison::of(sorted.iter().map(|own| (own.tag(), own.place)));
                let mut compared = labels.map(|labels| Compared::new(labels, sorted.len()));
                let (mut repeated, mut last) = (false, None);
                let decoded = code.decode(&bytes, |tag| {
                    repeated |= last.replace(tag) == Some(tag);
                    let place = comparison.meet(tag);
                    if let Some(compared) = &mut compared {
                        compared.push(tag, place);
                    }
                });
                decoded.map_err(|_| Violation::Malformed { what: "tags" })?;
                if strict && repeated {
                    return Err(Violation::TagsOutOfOrder);
                }
                Ok((
                    index,
                    match compared {
                        Some(compared) => Done::Compared(Arc::new(compared)),
                        None => Done::Matched(comparison.places()),
                    },
                ))
            }));
        }
        wanted
    }

    fn on_matched(&mut self, places: &[u32]) -> Wanted {
        self.comparing.matched.extend_from_slice(places);
        self.comparing.compared += 1;
        if self.comparing.compared == self.shared.plan.buckets_of_shard() {
            let mut matched = core::mem::take(&mut self.comparing.matched);
            matched.sort_unstable();
            matched.dedup();
            self.result = Some(self.found(matched, Zeroizing::default(), false));
        }
        Wanted::default()
    }

    fn found(&self, places: Vec<u32>, labels: Zeroizing<Vec<u8>>, spoilt: bool) -> Found {
        Found { items: self.items.unwrap_or_default(), places, labels, spoilt }
    }

    /// The sender may send a bucket's labels now: of each is known whether it is a match's, and no other is kept.
    fn on_compared(&mut self, compared: Arc<Compared>) -> Wanted {
        let opening = &mut self.comparing.opening;
        opening.compared = Some(compared);
        let bucket = self.index * self.shared.plan.buckets_of_shard() + opening.bucket;
        Wanted::message(Message::Compared { bucket })
    }

    pub(super) fn on_labels(&mut self, bucket: u32, frame: u32, rows: &[u8]) -> Result<Wanted, Violation> {
        let opening = &mut self.comparing.opening;
        let (Some(code), Some(compared), Some(keys)) = (self.shared.plan.labels, &opening.compared, &opening.keys)
        else {
            return Err(unexpected("no labels"));
        };
        if (bucket, frame) != (opening.bucket, opening.frame) {
            return Err(unexpected("the next frame of labels"));
        }
        super::check_len("bytes of labels", code.frame_len(frame), rows.len())?;
        let (compared, keys) = (Arc::clone(compared), Arc::clone(keys));
        opening.frame += 1;
        if opening.frame == code.frames() {
            *opening = Opening { bucket: bucket + 1, frame: 0, compared: None, ..core::mem::take(opening) };
        }
        let rows = rows.to_vec();
        let job = self.job(rows.len(), move || Done::Opened((bucket, frame), compared.open(&keys, frame, rows)));
        Ok(Wanted::job(job))
    }

    fn on_opened(&mut self, code: LabelCode, number: (u32, u32), opened: Opened) -> Wanted {
        let frames = self.shared.plan.buckets_of_shard() as usize * code.frames() as usize;
        let all = &mut self.comparing.opening.opened;
        all.insert(number, opened);
        if all.len() == frames {
            let all = core::mem::take(all);
            let spoilt = all.values().any(|frame| frame.spoilt);
            let (places, labels) = in_order_of_places(all.values(), code.label_len().bytes());
            self.result = Some(self.found(places, labels, spoilt));
        }
        Wanted::default()
    }

    pub(super) fn on_done(&mut self, done: Done) -> Wanted {
        match done {
            Done::Binned(attempt, _) | Done::Encoded(attempt, _) if attempt != self.attempt => Wanted::default(),
            Done::Binned(_, Ok((binned, hashes))) => self.on_binned(binned, hashes),
            Done::Binned(_, Err(error)) => self.try_another_seed(error),
            Done::Encoded(_, part) => self.on_encoded(part),
            Done::Taken(batch, taken) => self.on_taken(batch, *taken),
            Done::Grown(batch, outputs) => self.on_grown(batch, outputs),
            Done::Own(first_bin, outputs) => self.on_own(first_bin, outputs),
            Done::Sorted(sorted, keys) => self.on_sorted(sorted, keys),
            Done::Matched(places) => self.on_matched(&places),
            Done::Compared(compared) => self.on_compared(compared),
            Done::Opened(number, opened) => match self.shared.plan.labels {
                Some(code) => self.on_opened(code, number, opened),
                None => Wanted::default(),
            },
        }
    }
}

/// Places and labels of all frames, ascending by place. A sender that cheats may say two things of one item, in two buckets:
/// the first counts.
fn in_order_of_places<'a>(
    frames: impl Iterator<Item = &'a Opened>,
    label_len: usize,
) -> (Vec<u32>, Zeroizing<Vec<u8>>) {
    let labels = |frame: &'a Opened| frame.places.iter().zip(frame.labels.chunks_exact(label_len));
    let mut found: Vec<(&u32, &[u8])> = frames.flat_map(labels).collect();
    found.sort_by_key(|(place, _)| **place);
    found.dedup_by_key(|(place, _)| **place);
    let mut in_order = Zeroizing::new(Vec::with_capacity(found.len() * label_len));
    found.iter().for_each(|(_, label)| in_order.extend_from_slice(label));
    (found.into_iter().map(|(place, _)| *place).collect(), in_order)
}
