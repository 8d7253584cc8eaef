//! The sender: holds Δ, grows the correlation shard by shard, and sends the tags of its own items.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::Block;
use cwg_crypto::ot::{self, CotSender, Delta, OtReceiver};

use super::message::Message;
use super::sender_shard::{Correlation, Done, Shard as ShardState};
use super::{Shared, Wanted, check_len, unexpected};
use crate::psi::{JobId, JobOutput, Loaded, Outcome, Party, Shard, Step};
use crate::violation::Violation;
use crate::wire::limits::VOLE_SHARDS_UNDER_WAY;

/// How far the set-up is.
enum Setup {
    AwaitReply(Box<OtReceiver>),
    Standing(Box<CotSender>),
}

pub(super) struct Sender {
    shared: Arc<Shared>,
    delta: Arc<Delta>,
    /// Taken out while a message changes it; gone after a message that failed a check.
    setup: Option<Setup>,
    opening: Vec<u8>,
    shards: BTreeMap<u32, ShardState>,
    next_shard: u32,
    /// Base of the next shard's first batch, once the shard before has it.
    chained: BTreeMap<u32, Vec<Block>>,
    jobs: u32,
    done: u32,
}

impl Sender {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        // One for the base transfers, whose choices it is, and one for all that follows.
        let [choices, delta] = [(); 2].map(|()| Delta::random(shared.seed.fork("delta", 0)));
        let (ot, opening) = OtReceiver::new(&shared.session, choices, shared.seed.fork("base transfers", 0));
        Self {
            shared,
            delta: Arc::new(delta),
            setup: Some(Setup::AwaitReply(Box::new(ot))),
            opening,
            shards: BTreeMap::new(),
            next_shard: 0,
            chained: BTreeMap::new(),
            jobs: 0,
            done: 0,
        }
    }

    fn on_reply(&mut self, body: &[u8]) -> Result<(), Violation> {
        let Some(Setup::AwaitReply(ot)) = self.setup.take() else { return Err(unexpected("a shard's message")) };
        check_len("bytes of a reply", ot::SENDER_LEN + ot::SETUP_LEN, body.len())?;
        let (publics, setup) = body.split_at(ot::SENDER_LEN);
        let keys = ot.finish(publics).map_err(super::base_violation)?;
        let cot = CotSender::new(&self.shared.session, keys, setup).map_err(|_| Violation::BadExtension)?;
        self.setup = Some(Setup::Standing(Box::new(cot)));
        Ok(())
    }

    /// The receiver begins with a shard.
    fn on_extend(&mut self, index: u32, body: &[u8], step: &mut Step) -> Result<(), Violation> {
        let shared = Arc::clone(&self.shared);
        let plan = &shared.plan;
        let under_way = self.shards.len() as u32;
        if index != self.next_shard || index >= plan.shards() || under_way >= VOLE_SHARDS_UNDER_WAY {
            return Err(unexpected("the next shard"));
        }
        let Some(Setup::Standing(cot)) = self.setup.take() else { return Err(unexpected("reply")) };
        check_len("bytes of an extension", plan.extend_len(index), body.len())?;
        let entries = plan.entries(index);
        let (extension, corrections) = body.split_at(ot::extension_len(entries));
        let (cot, q) = cot.receive(entries, extension).map_err(|_| Violation::BadExtension)?;
        self.setup = Some(Setup::Standing(Box::new(cot)));
        self.next_shard += 1;
        let base_entries = plan.base_entries(index);
        let base: Option<Vec<Block>> = match base_entries {
            0 => self.chained.remove(&index),
            _ => Some(ot::field_entries(&q[..base_entries]).to_vec()),
        };
        let correlation = Correlation { q, corrections: corrections.to_vec() };
        let (shard, wanted) = ShardState::new(index, shared, Arc::clone(&self.delta), correlation, base);
        self.shards.insert(index, shard);
        self.absorb(index, wanted, step);
        Ok(())
    }

    fn shard(&mut self, index: u32) -> Result<&mut ShardState, Violation> {
        self.shards.get_mut(&index).ok_or(unexpected("a message of a shard under way"))
    }

    /// Takes what a shard wants done, and counts it when it is through.
    fn absorb(&mut self, index: u32, wanted: Wanted, step: &mut Step) {
        wanted.pass_on(&mut self.jobs, step);
        let Some(shard) = self.shards.get_mut(&index) else { return };
        if let Some(base) = shard.take_chained_base() {
            match self.shards.get_mut(&(index + 1)) {
                Some(next) => {
                    let wanted = next.on_base(base);
                    self.absorb(index + 1, wanted, step);
                }
                None => drop(self.chained.insert(index + 1, base)),
            }
        }
        if self.shards.get(&index).is_some_and(ShardState::is_through) {
            self.shards.remove(&index);
            self.done += 1;
            if self.done == self.shared.plan.shards() {
                step.outcome = Some(Outcome::Nothing);
            }
        }
    }
}

impl Party for Sender {
    fn start(&mut self) -> Step {
        let opening = core::mem::take(&mut self.opening);
        Step { send: vec![Message::Opening(&opening).encode()], ..Step::default() }
    }

    fn on_loaded(&mut self, shard: Shard, loaded: Loaded) -> Step {
        let mut step = Step::default();
        let buckets = self.shared.plan.buckets_of_shard();
        let index = shard.index / buckets;
        if let Some(state) = self.shards.get_mut(&index) {
            let wanted = state.on_loaded(shard.index % buckets, loaded);
            self.absorb(index, wanted, &mut step);
        }
        step
    }

    fn on_message(&mut self, body: &[u8]) -> Result<Step, Violation> {
        let mut step = Step::default();
        let (index, wanted) = match Message::decode(body)? {
            Message::Reply(body) => {
                self.on_reply(body)?;
                return Ok(step);
            }
            Message::Extend { shard, body } => {
                self.on_extend(shard, body, &mut step)?;
                return Ok(step);
            }
            Message::Challenge { shard, batch, point, lacking } => {
                (shard, self.shard(shard)?.on_challenge(batch, point, lacking)?)
            }
            Message::Seed { shard, seed, mask } => (shard, self.shard(shard)?.on_seed(seed, mask)?),
            Message::Vector { shard, frame, blocks } => (shard, self.shard(shard)?.on_vector(frame, &blocks)?),
            Message::Compared { bucket } => {
                let buckets = self.shared.plan.buckets_of_shard();
                (bucket / buckets, self.shard(bucket / buckets)?.on_compared(bucket % buckets)?)
            }
            _ => return Err(unexpected("a receiver's message")),
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
        Ok(step)
    }
}
