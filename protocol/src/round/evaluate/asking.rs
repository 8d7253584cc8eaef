//! A member's side: blinds its items, asks as many keyholders as it takes, and others where one is late or lies.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::threshold::{CombineError, Index, Partial, combine, input};
use cwg_crypto::voprf::Blinding;
use cwg_crypto::{Secret32, Seed};
use rand_core::Rng as _;

use super::{BatchName, EvaluateAnswer, EvaluateAsk, EvaluateRefusal, batches};
use crate::indicator::{IndicatorKind, Item};
use crate::psi::{Job, JobId, JobOutput};
use crate::round::limits::{EVALUATION_PATIENCE_SECS, EVALUATION_WINDOW};
use crate::round::terms::SharedTerms;
use crate::violation::Violation;
use crate::{NodeKey, UnixTime};

/// What is asked of the function for an item: the public key, then the item.
type Input = [u8; 64];

/// A member that has its items evaluated. It is a function of the terms, its items and its seed: with the same ones it asks
/// the same, and a keyholder charges nothing for what it has evaluated before.
pub struct Asking {
    terms: SharedTerms,
    inputs: Arc<Vec<Input>>,
    /// Places of the own items among the inputs, in the order they were given.
    own: Vec<usize>,
    seed: Seed,
    /// Keyholders in the order in which they are asked, and how each has done.
    keyholders: Vec<Known>,
    batches: Vec<(BatchName, core::ops::Range<usize>, Batch)>,
    next: usize,
    outputs: BTreeMap<usize, Vec<Secret32>>,
}

struct Known {
    index: Index,
    node: NodeKey,
    state: Trust,
}

/// How a keyholder has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// It was not asked.
    Spare,
    /// It is being asked; since when it owes an answer.
    Asked { since: UnixTime },
    /// It is asked no more.
    Out,
}

/// A batch on its way, named after what it awaits.
enum Batch {
    /// Its turn.
    Turn,
    /// Its blinding is being computed.
    Blinding,
    /// Answers.
    Answers { blinding: Blinding, answers: BTreeMap<Index, EvaluateAnswer> },
    /// Its answers are being checked and joined.
    Joining,
    /// Nothing more.
    Done,
}

/// Messages to keyholders in order, jobs to run in any order, and the end.
#[derive(Debug, Default)]
pub struct AskingStep {
    /// Messages, each with the keyholder that it is for.
    pub send: Vec<(NodeKey, EvaluateAsk)>,
    /// Jobs, independent of each other.
    pub jobs: Vec<(JobId, Job)>,
    /// Keyholders that are asked no more, and why.
    pub faults: Vec<(NodeKey, KeyholderFault)>,
    /// Set once.
    pub end: Option<Asked>,
}

/// Why a keyholder is asked no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum KeyholderFault {
    /// It did not answer in time.
    #[error("the keyholder did not answer in time")]
    Late,
    /// It refused.
    #[error("the keyholder refused: {0}")]
    Refused(EvaluateRefusal),
    /// Its answer is not what it should be: this one is no chance.
    #[error("the keyholder's answer does not stand its check")]
    Lied,
}

impl KeyholderFault {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Late => "keyholder-late",
            Self::Refused(refusal) => refusal.code(),
            Self::Lied => "keyholder-lied",
        }
    }
}

/// The end of asking.
pub enum Asked {
    /// The value of each own item, in the order they were given.
    Evaluated(Vec<Secret32>),
    /// Fewer keyholders are left than it takes.
    TooFewKeyholders,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Evaluated(_) => "Evaluated(..)",
            Self::TooFewKeyholders => "TooFewKeyholders",
        })
    }
}

/// More items of a kind than the terms have, or a kind that they do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{items} items of kind {} where the terms have {allowed}", kind.name())]
pub struct TooManyItems {
    /// The kind.
    pub kind: IndicatorKind,
    /// Items given.
    pub items: usize,
    /// Items of the terms.
    pub allowed: u32,
}

/// What a joining job gives: the values, or who lied and what to go on with.
type Joined = Result<Vec<Secret32>, (Index, Blinding, BTreeMap<Index, EvaluateAnswer>)>;

impl Asking {
    /// Own items with their kinds, each once. The seed serves this round alone, and must be stored first: with another one,
    /// keyholders would be asked for other elements.
    ///
    /// # Errors
    /// If there are more items of a kind than the terms have.
    pub fn new(terms: SharedTerms, items: &[(IndicatorKind, Item)], seed: Seed) -> Result<Self, TooManyItems> {
        let group = terms.key().public();
        let mut rng = seed.fork("dummies", 0).rng();
        let mut inputs = Vec::with_capacity(terms.form().items() as usize);
        let mut own = vec![usize::MAX; items.len()];
        for entry in terms.body().kinds.iter() {
            let of_kind = items.iter().enumerate().filter(|(_, (kind, _))| *kind == entry.kind);
            let count = of_kind.clone().count();
            let dummies = (entry.items as usize).checked_sub(count);
            let dummies = dummies.ok_or(TooManyItems { kind: entry.kind, items: count, allowed: entry.items })?;
            for (at, (_, item)) in of_kind {
                own[at] = inputs.len();
                inputs.push(input(&group, &item.0));
            }
            for _ in 0..dummies {
                let mut random = [0; 32];
                rng.fill_bytes(&mut random);
                inputs.push(input(&group, &random));
            }
        }
        if let Some((_, (kind, _))) = own.iter().zip(items).find(|(place, _)| **place == usize::MAX) {
            let of_kind = items.iter().filter(|(other, _)| other == kind).count();
            return Err(TooManyItems { kind: *kind, items: of_kind, allowed: 0 });
        }
        // Each member begins with another keyholder, so that the load is spread. Its draw is apart from that of the dummies,
        // whose number would show in it.
        let count = terms.key().body().holders.len();
        let first = ((u64::from(seed.fork("keyholders", 0).rng().next_u32()) * count as u64) >> 32) as usize;
        let keyholders = (0..count).map(|at| {
            let index = Index::new(((first + at) % count) as u8 + 1).expect("a key has up to fifteen holders");
            Known { index, node: terms.key().holder(index).expect("an index of a holder"), state: Trust::Spare }
        });
        Ok(Self {
            keyholders: keyholders.collect(),
            batches: batches(&terms).into_iter().map(|(name, range)| (name, range, Batch::Turn)).collect(),
            terms,
            inputs: Arc::new(inputs),
            own,
            seed,
            next: 0,
            outputs: BTreeMap::new(),
        })
    }

    /// The first step.
    pub fn start(&mut self, now: UnixTime) -> AskingStep {
        let mut step = AskingStep::default();
        for _ in 0..self.needed() {
            self.ask_next(now, &mut step);
        }
        self.fill_window(&mut step);
        step
    }

    /// The step after an answer. One that is not as it should be is the keyholder's fault, and another one is asked.
    pub fn on_answer(&mut self, now: UnixTime, from: NodeKey, answer: EvaluateAnswer) -> AskingStep {
        let mut step = AskingStep::default();
        let Some(at) = self.asked(from) else { return step };
        let index = self.keyholders[at].index;
        let place = self.batches.iter().position(|(name, ..)| *name == answer.batch);
        let lies = answer.terms != self.terms.digest()
            || place.is_none_or(|place| self.batches[place].1.len() != answer.evaluated.len());
        if lies {
            self.drop_keyholder(now, at, KeyholderFault::Lied, &mut step);
            return step;
        }
        let place = place.expect("checked above");
        // An answer to a batch that is done, from one who was asked beside others, is late and no fault.
        if let Batch::Answers { answers, .. } = &mut self.batches[place].2 {
            answers.entry(index).or_insert(answer);
            self.keyholders[at].state = Trust::Asked { since: now };
            self.join(place, &mut step);
        }
        step
    }

    /// The step after a keyholder's refusal.
    pub fn on_refusal(&mut self, now: UnixTime, from: NodeKey, refusal: EvaluateRefusal) -> AskingStep {
        let mut step = AskingStep::default();
        if let Some(at) = self.asked(from) {
            self.drop_keyholder(now, at, KeyholderFault::Refused(refusal), &mut step);
        }
        step
    }

    /// What to send a keyholder again after its connection was lost.
    pub fn again(&self, to: NodeKey) -> Vec<EvaluateAsk> {
        let Some(at) = self.asked(to) else { return Vec::new() };
        let index = self.keyholders[at].index;
        self.batches.iter().filter_map(|(name, _, batch)| self.ask_of(*name, batch, index)).collect()
    }

    /// When a keyholder will have been waited for long enough.
    pub fn deadline(&self) -> Option<UnixTime> {
        let owing = self.keyholders.iter().filter(|known| self.owes(known.index));
        let since = owing.filter_map(|known| match known.state {
            Trust::Asked { since } => Some(since.plus_secs(EVALUATION_PATIENCE_SECS)),
            Trust::Spare | Trust::Out => None,
        });
        since.min()
    }

    /// The step after time has passed: others are asked in the place of those who are late.
    pub fn on_time(&mut self, now: UnixTime) -> AskingStep {
        let mut step = AskingStep::default();
        for at in 0..self.keyholders.len() {
            let Trust::Asked { since } = self.keyholders[at].state else { continue };
            if self.owes(self.keyholders[at].index) && now >= since.plus_secs(EVALUATION_PATIENCE_SECS) {
                self.drop_keyholder(now, at, KeyholderFault::Late, &mut step);
            }
        }
        step
    }

    /// The step after a job was run.
    ///
    /// # Errors
    /// Never by a peer's fault: those are in the step.
    pub fn on_computed(&mut self, now: UnixTime, job: JobId, output: JobOutput) -> Result<AskingStep, Violation> {
        let mut step = AskingStep::default();
        let place = (job.0 / 2) as usize;
        if job.0.is_multiple_of(2) {
            let blinding: Blinding = output.open()?;
            self.batches[place].2 = Batch::Answers { blinding, answers: BTreeMap::new() };
            self.ask_all(now, place, &mut step);
            return Ok(step);
        }
        match output.open::<Joined>()? {
            Ok(values) => {
                self.batches[place].2 = Batch::Done;
                self.outputs.insert(place, values);
                if self.outputs.len() == self.batches.len() {
                    step.end = Some(Asked::Evaluated(self.values()));
                } else {
                    self.fill_window(&mut step);
                }
            }
            Err((liar, blinding, mut answers)) => {
                answers.remove(&liar);
                let known = self.keyholders.iter().position(|known| known.index == liar && known.state != Trust::Out);
                if let Some(at) = known {
                    self.drop_keyholder(now, at, KeyholderFault::Lied, &mut step);
                }
                self.batches[place].2 = Batch::Answers { blinding, answers };
                self.ask_all(now, place, &mut step);
                self.join(place, &mut step);
            }
        }
        Ok(step)
    }

    fn needed(&self) -> usize {
        self.terms.key().key().threshold().into()
    }

    /// The keyholder, if it is being asked.
    fn asked(&self, node: NodeKey) -> Option<usize> {
        self.keyholders.iter().position(|known| known.node == node && matches!(known.state, Trust::Asked { .. }))
    }

    /// The request for a batch to a keyholder that has not answered it.
    fn ask_of(&self, name: BatchName, batch: &Batch, index: Index) -> Option<EvaluateAsk> {
        let Batch::Answers { blinding, answers } = batch else { return None };
        let blinded = blinding.blinded().to_vec().try_into().expect("batches are within the limit");
        (!answers.contains_key(&index)).then(|| EvaluateAsk { terms: self.terms.digest(), batch: name, blinded })
    }

    fn owes(&self, index: Index) -> bool {
        self.owes_besides(index, usize::MAX)
    }

    fn owes_besides(&self, index: Index, place: usize) -> bool {
        let mut batches = self.batches.iter().enumerate().filter(|(at, _)| *at != place);
        batches.any(|(_, (.., batch))| matches!(batch, Batch::Answers { answers, .. } if !answers.contains_key(&index)))
    }

    fn wait_from(&mut self, now: UnixTime, index: Index) {
        for known in self.keyholders.iter_mut().filter(|known| known.index == index) {
            known.state = Trust::Asked { since: now };
        }
    }

    /// Asks for one batch all who are being asked and have not answered it.
    fn ask_all(&mut self, now: UnixTime, place: usize, step: &mut AskingStep) {
        let active = self.keyholders.iter().filter(|known| matches!(known.state, Trust::Asked { .. }));
        let active: Vec<_> = active.map(|known| (known.node, known.index)).collect();
        for (node, index) in active {
            if !self.owes_besides(index, place) {
                self.wait_from(now, index);
            }
            let (name, _, batch) = &self.batches[place];
            step.send.extend(self.ask_of(*name, batch, index).map(|ask| (node, ask)));
        }
    }

    /// Asks one keyholder more, for everything that is under way.
    fn ask_next(&mut self, now: UnixTime, step: &mut AskingStep) {
        let Some(known) = self.keyholders.iter_mut().find(|known| known.state == Trust::Spare) else {
            let active = self.keyholders.iter().filter(|known| matches!(known.state, Trust::Asked { .. })).count();
            if active < self.needed() {
                step.end = Some(Asked::TooFewKeyholders);
            }
            return;
        };
        known.state = Trust::Asked { since: now };
        let (node, index) = (known.node, known.index);
        let open = self.batches.iter().filter_map(|(name, _, batch)| self.ask_of(*name, batch, index));
        step.send.extend(open.map(|ask| (node, ask)));
    }

    fn drop_keyholder(&mut self, now: UnixTime, at: usize, fault: KeyholderFault, step: &mut AskingStep) {
        self.keyholders[at].state = Trust::Out;
        step.faults.push((self.keyholders[at].node, fault));
        if fault == KeyholderFault::Lied {
            let index = self.keyholders[at].index;
            for (.., batch) in &mut self.batches {
                if let Batch::Answers { answers, .. } = batch {
                    answers.remove(&index);
                }
            }
        }
        self.ask_next(now, step);
    }

    /// Starts batches until the window is full.
    fn fill_window(&mut self, step: &mut AskingStep) {
        let done = self.outputs.len();
        while self.next < self.batches.len() && self.next - done < EVALUATION_WINDOW {
            let (name, range, batch) = &mut self.batches[self.next];
            *batch = Batch::Blinding;
            let (inputs, range) = (Arc::clone(&self.inputs), range.clone());
            let seed = self.seed.fork("blinds", (u64::from(name.kind as u16) << 32) | u64::from(name.number));
            let job = Job::new(range.len(), move || {
                Ok(Blinding::of(&inputs[range], seed).expect("inputs have 64 bytes, batches are within the limit"))
            });
            step.jobs.push((JobId(2 * self.next as u32), job));
            self.next += 1;
        }
    }

    /// Checks and joins the answers to a batch if there are enough.
    fn join(&mut self, place: usize, step: &mut AskingStep) {
        let needed = self.needed();
        let (_, range, batch) = &mut self.batches[place];
        if !matches!(batch, Batch::Answers { answers, .. } if answers.len() >= needed) {
            return;
        }
        let Batch::Answers { blinding, answers } = core::mem::replace(batch, Batch::Joining) else {
            unreachable!("matched above")
        };
        let (inputs, range, terms) = (Arc::clone(&self.inputs), range.clone(), Arc::clone(&self.terms));
        let job = Job::new(range.len(), move || {
            let partials: Vec<_> = answers
                .iter()
                .map(|(index, answer)| Partial { index: *index, evaluated: &answer.evaluated, proof: &answer.proof })
                .collect();
            let joined = combine(blinding, &inputs[range], &partials, terms.key().key());
            Ok::<Joined, _>(match joined {
                Ok(outputs) => Ok(outputs.iter().map(|output| output.key32()).collect()),
                Err((error, blinding)) => Err((liar(&error), blinding, answers)),
            })
        });
        step.jobs.push((JobId(2 * place as u32 + 1), job));
    }

    /// The values of the own items, in the order they were given.
    fn values(&mut self) -> Vec<Secret32> {
        let all: Vec<Secret32> = core::mem::take(&mut self.outputs).into_values().flatten().collect();
        self.own.iter().map(|place| Secret32::new(*all[*place].expose())).collect()
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asking({} batches)", self.batches.len())
    }
}

fn liar(error: &CombineError) -> Index {
    match error {
        CombineError::Answer { index, .. } | CombineError::Index { index } => *index,
        CombineError::TooFew { .. } | CombineError::Inputs(_) => {
            unreachable!("there are enough answers, to own inputs")
        }
    }
}
