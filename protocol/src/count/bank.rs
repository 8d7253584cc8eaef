//! A bank's side of a count (`docs/spec/count.md` §3).
//!
//! It is a function of terms, set and seed: with the same three it sends the same bytes, noise included. Whoever drives it stores the seed and
//! the charge of its ledger before it carries out the first step, and after a crash goes on with these or not at all: another seed
//! is another draw, and a second draw halves the noise.

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use cwg_crypto::commute::{MaskKey, MaskedTag};
use cwg_crypto::{Digest, Domain, Seed, derive_public};
use rand_core::Rng as _;

use super::limits::COUNT_BATCH;
use super::message::{CountElements, CountTags};
use super::terms::SharedCount;
use crate::psi::{Job, JobId, JobOutput};
use crate::round::room::shuffle;
use crate::violation::Violation;
use crate::wire::limits::TAGS_PER_FRAME;
use crate::{Item, NodeKey, UnixTime};

/// What a bank sends, and has computed.
#[derive(Debug, Default)]
pub struct CountStep {
    /// To the other bank, in order.
    pub to_other: Vec<CountElements>,
    /// To the hub, in order.
    pub to_hub: Vec<CountTags>,
    /// Jobs, independent of each other.
    pub jobs: Vec<(JobId, Job)>,
}

/// Why a bank takes no part with this set now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountRefusal {
    /// Not one of the two.
    #[error("this node is not one of the two banks of the count")]
    NotNamed,
    /// Before it opens, or after its end.
    #[error("the count is not open now")]
    NotOpen,
    /// More than its terms have room for.
    #[error("the own set has {own} items where the count has room for {room}")]
    TooMany {
        /// Different items of the set.
        own: usize,
        /// Items of the terms.
        room: u32,
    },
    /// So few that the answer would be about single people.
    #[error("the own set has {own} items: a side that learns brings at least {least}")]
    TooFew {
        /// Different items of the set.
        own: usize,
        /// By the charter.
        least: u32,
    },
}

impl CountRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotNamed => "count-not-named",
            Self::NotOpen => "count-not-open",
            Self::TooMany { .. } => "count-set-too-large",
            Self::TooFew { .. } => "count-set-too-small",
        }
    }
}

/// A bank in a count.
pub struct CountBank {
    terms: SharedCount,
    key: Arc<MaskKey>,
    /// Own masked elements, by job, until all are there.
    masked: Vec<Option<Vec<[u8; 32]>>>,
    /// Tags of the other's list, by job.
    tags: Vec<Option<Vec<MaskedTag>>>,
    /// Batches that came, and the last element of the last one.
    received: usize,
    last: Option<[u8; 32]>,
}

/// Jobs by number: the masking of a batch of own items, the masking of one of the other's.
const RECEIVED: u32 = 1 << 28;

impl CountBank {
    /// Takes part with these items; repeated ones count once, and no person may be behind more of them than the terms' sensitivity. `items_min` is the charter's.
    ///
    /// # Errors
    /// If the bank is not named, the count is not open, or the set is too large or too small for it.
    pub fn new(
        terms: SharedCount,
        me: NodeKey,
        items: &[Item],
        items_min: u32,
        now: UnixTime,
        seed: &Seed,
    ) -> Result<(Self, CountStep), CountRefusal> {
        let place = terms.place(me).ok_or(CountRefusal::NotNamed)?;
        if !(terms.body().opens..=terms.body().ends).contains(&now) {
            return Err(CountRefusal::NotOpen);
        }
        let noise = terms.body().noise.laplace(1).draw(&seed.fork("noise", 0));
        Self::with_noise(terms, place, items, items_min, noise, seed)
    }

    /// As [`Self::new`], with this noise.
    pub(super) fn with_noise(
        terms: SharedCount,
        place: usize,
        items: &[Item],
        items_min: u32,
        noise: i64,
        seed: &Seed,
    ) -> Result<(Self, CountStep), CountRefusal> {
        let own: BTreeSet<[u8; 32]> = items.iter().map(|item| item.0).collect();
        if own.len() > terms.body().items as usize {
            return Err(CountRefusal::TooMany { own: own.len(), room: terms.body().items });
        }
        if own.len() < items_min as usize {
            return Err(CountRefusal::TooFew { own: own.len(), least: items_min });
        }
        let list = list(&terms, place, own, noise, seed);
        let key = Arc::new(MaskKey::new(terms.digest(), seed.fork("key", 0)));
        let jobs: Vec<_> = (0..)
            .zip(list.chunks(COUNT_BATCH))
            .map(|(number, batch)| {
                let (key, batch) = (Arc::clone(&key), batch.to_vec());
                (JobId(number), Job::new(batch.len(), move || Ok(key.mask(&batch))))
            })
            .collect();
        let batches = jobs.len();
        let bank = Self {
            terms,
            key,
            masked: (0..batches).map(|_| None).collect(),
            tags: (0..batches).map(|_| None).collect(),
            received: 0,
            last: None,
        };
        Ok((bank, CountStep { jobs, ..CountStep::default() }))
    }

    /// Takes a batch of the other bank's masked list.
    ///
    /// # Errors
    /// If it is of another count, out of order, of another length, or its elements do not ascend. Elements that are none come to light in the
    /// job.
    pub fn on_elements(&mut self, from: NodeKey, message: CountElements) -> Result<CountStep, Violation> {
        let is_other = self.terms.place(from).is_some() && message.terms == self.terms.digest();
        if !is_other || self.received == self.tags.len() {
            return Err(Violation::Unexpected { awaiting: "elements of the other bank" });
        }
        let number = message.number;
        check_batch(self.received, number, message.elements.len(), self.terms.list_len(), COUNT_BATCH)?;
        let mut last = self.last;
        for element in message.elements.iter() {
            match last.cmp(&Some(*element)) {
                core::cmp::Ordering::Less => last = Some(*element),
                core::cmp::Ordering::Equal => return Err(Violation::RepeatedElement { batch: number }),
                core::cmp::Ordering::Greater => return Err(Violation::Malformed { what: "order of elements" }),
            }
        }
        (self.last, self.received) = (last, self.received + 1);
        let (key, elements) = (Arc::clone(&self.key), message.elements.into_inner());
        let job = Job::new(elements.len(), move || {
            let bad = |index| Violation::BadElement { batch: number, index };
            key.tags(&elements).map_err(|error| bad(error.index as u32))
        });
        Ok(CountStep { jobs: vec![(JobId(RECEIVED + number), job)], ..CountStep::default() })
    }

    /// Takes what a job found.
    ///
    /// # Errors
    /// If the other bank sent what is no element.
    pub fn on_computed(&mut self, job: JobId, output: JobOutput) -> Result<CountStep, Violation> {
        let mut step = CountStep::default();
        let terms = self.terms.digest();
        if job.0 < RECEIVED {
            self.masked[job.0 as usize] = Some(output.open()?);
            if let Some(sorted) = take_whole(&mut self.masked) {
                step.to_other = batches(&sorted, COUNT_BATCH)
                    .map(|(number, elements)| CountElements { terms, number, elements })
                    .collect();
            }
        } else {
            self.tags[(job.0 - RECEIVED) as usize] = Some(output.open()?);
            if let Some(sorted) = take_whole(&mut self.tags) {
                step.to_hub =
                    batches(&sorted, TAGS_PER_FRAME).map(|(number, tags)| CountTags { terms, number, tags }).collect();
            }
        }
        Ok(step)
    }

    /// Batches of the other bank's list that came: what is sent again, after a connection was lost, has a lower number.
    pub fn received(&self) -> u32 {
        u32::try_from(self.received).expect("a list has up to 2^20 elements")
    }
}

impl fmt::Debug for CountBank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountBank({} of {} batches received)", self.received, self.tags.len())
    }
}

/// Own items and dummies: all of the own pool, B + noise of the other bank's in random choice, and random ones up to the length
/// of every list, so that its length does not say how many of the others there are. What follows sorts by masked values, so their order here says nothing.
fn list(terms: &SharedCount, place: usize, own: BTreeSet<[u8; 32]>, noise: i64, seed: &Seed) -> Vec<[u8; 32]> {
    let bound = i64::from(terms.body().noise.bound());
    let pool = 2 * bound as u64;
    let mut list: Vec<[u8; 32]> = own.into_iter().collect();
    list.extend((0..pool).map(|number| dummy(terms.digest(), place, number)));
    let mut others: Vec<_> = (0..pool).map(|number| dummy(terms.digest(), 1 - place, number)).collect();
    shuffle(&mut others, &mut seed.fork("choice", 0).rng());
    let chosen = usize::try_from(bound + noise).expect("noise is within the bound");
    list.extend_from_slice(&others[..chosen]);
    let mut rng = seed.fork("filling", 0).rng();
    list.resize_with(terms.list_len(), || {
        let mut random = [0; 32];
        rng.fill_bytes(&mut random);
        random
    });
    list
}

/// A dummy of a bank's pool. Both banks can compute all of them, and so may everyone: masked, they look like items.
fn dummy(terms: Digest, place: usize, number: u64) -> [u8; 32] {
    *derive_public(Domain::CountDummy, &[terms.as_bytes(), &[place as u8], &number.to_le_bytes()]).as_bytes()
}

/// All parts in one, ascending, once they are all there.
fn take_whole<T: Ord>(parts: &mut [Option<Vec<T>>]) -> Option<Vec<T>> {
    if parts.iter().any(Option::is_none) {
        return None;
    }
    let mut whole: Vec<T> = parts.iter_mut().filter_map(Option::take).flatten().collect();
    whole.sort_unstable();
    Some(whole)
}

fn batches<T: Copy, const N: usize>(
    values: &[T],
    len: usize,
) -> impl Iterator<Item = (u32, crate::wire::BoundedVec<T, N>)> {
    (0..)
        .zip(values.chunks(len))
        .map(|(number, batch)| (number, batch.to_vec().try_into().expect("a batch of a frame")))
}

/// Checks number and length of the next batch of a list of `whole` values.
pub(super) fn check_batch(
    received: usize,
    number: u32,
    len: usize,
    whole: usize,
    batch: usize,
) -> Result<(), Violation> {
    if number as usize != received {
        return Err(Violation::UnawaitedBatch { batch: number });
    }
    let expected = whole.saturating_sub(received * batch).min(batch);
    if len != expected {
        return Err(Violation::CountMismatch { what: "values of a batch", expected: expected as u64, got: len as u64 });
    }
    Ok(())
}
