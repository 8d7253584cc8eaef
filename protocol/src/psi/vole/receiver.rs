//! The receiver: sets the correlation up, and takes its set through it shard by shard.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::Block;
use cwg_crypto::ot::{Correlation, CotReceiver, OtSender, field_entries};
use zeroize::Zeroizing;

use super::message::Message;
use super::receiver_shard::{Done, Found, Shard as ShardState};
use super::{Shared, Wanted, unexpected};
use crate::psi::{JobId, JobOutput, Labels, Loaded, Outcome, Party, Shard, Step};
use crate::violation::Violation;
use crate::wire::limits::VOLE_SHARDS_UNDER_WAY;

/// How far the set-up is.
enum Setup {
    AwaitOpening(Box<OtSender>),
    Standing(Box<CotReceiver>),
}

pub(super) struct Receiver {
    shared: Arc<Shared>,
    /// Taken out while a message changes it.
    setup: Option<Setup>,
    /// What the base transfers' other half of our message is.
    publics: Vec<u8>,
    shards: BTreeMap<u32, ShardState>,
    next_shard: u32,
    /// Base of the next shard's first batch, once the shard before has it.
    chained: BTreeMap<u32, Vec<[Block; 2]>>,
    jobs: u32,
    /// What the shards that are done found.
    found: BTreeMap<u32, Found>,
}

impl Receiver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (ot, publics) = OtSender::new(&shared.session, shared.seed.fork("base transfers", 0));
        Self {
            shared,
            setup: Some(Setup::AwaitOpening(Box::new(ot))),
            publics,
            shards: BTreeMap::new(),
            next_shard: 0,
            chained: BTreeMap::new(),
            jobs: 0,
            found: BTreeMap::new(),
        }
    }

    fn on_opening(&mut self, body: &[u8], step: &mut Step) -> Result<(), Violation> {
        let Some(Setup::AwaitOpening(ot)) = self.setup.take() else { return Err(unexpected("a shard's message")) };
        let pairs = ot.finish(body).map_err(super::base_violation)?;
        let (cot, setup) = CotReceiver::new(&self.shared.session, pairs);
        let reply = [std::mem::take(&mut self.publics), setup].concat();
        step.send.push(Message::Reply(&reply).encode());
        self.setup = Some(Setup::Standing(Box::new(cot)));
        self.extend_shards(step);
        Ok(())
    }

    /// Asks for the next shard of the set: few are under way, and one begins when the vector of the one before is sent.
    fn load_shards(&mut self, step: &mut Step) {
        let plan = &self.shared.plan;
        while self.next_shard < plan.shards()
            && (self.shards.len() as u32) < VOLE_SHARDS_UNDER_WAY
            && self.shards.values().all(ShardState::is_sent)
        {
            let index = self.next_shard;
            self.next_shard += 1;
            self.shards.insert(index, ShardState::new(index, Arc::clone(&self.shared)));
            step.loads.push(Shard { bits: plan.shard_bits, index });
        }
    }

    /// Extends the correlation for the shards that have none, once it stands.
    fn extend_shards(&mut self, step: &mut Step) {
        let Some(Setup::Standing(cot)) = &mut self.setup else { return };
        for (index, shard) in self.shards.iter_mut().filter(|(_, shard)| !shard.is_extended()) {
            let plan = &self.shared.plan;
            let (mut body, correlation) = cot.extend(plan.entries(*index));
            let base = match plan.base_entries(*index) {
                0 => self.chained.remove(index),
                entries => Some(base_of(&correlation, entries)),
            };
            body.extend(shard.extend(correlation, base));
            step.send.push(Message::Extend { shard: *index, body: &body }.encode());
        }
    }

    fn shard(&mut self, index: u32) -> Result<&mut ShardState, Violation> {
        self.shards.get_mut(&index).ok_or(unexpected("a message of a shard under way"))
    }

    /// Takes what a shard wants done, and goes on with the next one when it is through.
    fn absorb(&mut self, index: u32, wanted: Wanted, step: &mut Step) {
        wanted.pass_on(&mut self.jobs, step);
        let Some(shard) = self.shards.get_mut(&index) else { return };
        if let Some(base) = shard.take_chained_base() {
            match self.shards.get_mut(&(index + 1)).filter(|next| next.is_extended()) {
                Some(next) => {
                    let wanted = next.on_base(base);
                    self.absorb(index + 1, wanted, step);
                }
                None => drop(self.chained.insert(index + 1, base)),
            }
        }
        if let Some(found) = self.shards.get_mut(&index).and_then(ShardState::take_result) {
            self.shards.remove(&index);
            self.found.insert(index, found);
        }
        self.load_shards(step);
        self.extend_shards(step);
        if self.found.len() as u32 == self.shared.plan.shards() {
            step.outcome = Some(self.outcome());
        }
    }

    fn outcome(&mut self) -> Outcome {
        let mut before = 0;
        let (mut places, mut labels) = (Vec::new(), Zeroizing::default());
        for found in self.found.values() {
            places.extend(found.places.iter().map(|place| before + place));
            Vec::extend_from_slice(&mut labels, &found.labels);
            before += found.items;
        }
        let bits = self.shared.plan.shard_bits;
        match self.shared.plan.labels {
            None => Outcome::Matched { bits, places },
            Some(code) => Outcome::Labelled { bits, places, labels: Labels::new(code.label_len(), labels) },
        }
    }

    /// A sender learns that a label which it spoilt was of a match, and neither which one nor when it was found: the verdict
    /// is the last step.
    fn check_labels(&self, step: &Step) -> Result<(), Violation> {
        let spoilt = step.outcome.is_some() && self.found.values().any(|found| found.spoilt);
        if spoilt { Err(Violation::BadLabel) } else { Ok(()) }
    }
}

/// a and c of the base that the first entries make.
fn base_of(correlation: &Correlation, entries: usize) -> Vec<[Block; 2]> {
    let c = field_entries(&correlation.t[..entries]);
    correlation.bits.iter().copied().zip(c.iter().copied()).map(<[Block; 2]>::from).collect()
}

impl Party for Receiver {
    fn start(&mut self) -> Step {
        let mut step = Step::default();
        self.load_shards(&mut step);
        step
    }

    fn on_loaded(&mut self, shard: Shard, loaded: Loaded) -> Step {
        let mut step = Step::default();
        if let Some(state) = self.shards.get_mut(&shard.index) {
            let wanted = state.on_items(&loaded.items);
            self.absorb(shard.index, wanted, &mut step);
        }
        step
    }

    fn on_message(&mut self, body: &[u8]) -> Result<Step, Violation> {
        let mut step = Step::default();
        let message = Message::decode(body)?;
        let buckets = self.shared.plan.buckets_of_shard();
        let (index, wanted) = match message {
            Message::Opening(body) => {
                self.on_opening(body, &mut step)?;
                return Ok(step);
            }
            Message::Commit { shard, commitment } => (shard, self.shard(shard)?.on_commit(commitment)?),
            Message::Trees { shard, batch, body } => (shard, self.shard(shard)?.on_trees(batch, body)?),
            Message::Answer { shard, batch, digest } => (shard, self.shard(shard)?.on_answer(batch, digest)?),
            Message::Mask { shard, mask } => (shard, self.shard(shard)?.on_mask(mask)?),
            Message::Tags { bucket, frame, bytes } => {
                let shard = bucket / buckets;
                (shard, self.shard(shard)?.on_tags(bucket % buckets, frame, bytes)?)
            }
            Message::Labels { bucket, frame, rows } => {
                let shard = bucket / buckets;
                (shard, self.shard(shard)?.on_labels(bucket % buckets, frame, rows)?)
            }
            _ => return Err(unexpected("a sender's message")),
        };
        self.absorb(index, wanted, &mut step);
        Ok(step)
    }

    fn on_computed(&mut self, _job: JobId, output: JobOutput) -> Result<Step, Violation> {
        let (index, done): (u32, Done) = output.open()?;
        let mut step = Step::default();
        if let Some(shard) = self.shards.get_mut(&index) {
            let wanted = shard.on_done(done);
            self.absorb(index, wanted, &mut step);
        }
        self.check_labels(&step)?;
        Ok(step)
    }
}
