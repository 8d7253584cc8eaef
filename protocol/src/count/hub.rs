//! The hub's side of a count (`docs/spec/count.md` §3).

use core::fmt;

use cwg_crypto::commute::MaskedTag;
use cwg_crypto::{Seed, SigningKey};

use super::answer::{self, Figure, SignedAnswer};
use super::bank::check_batch;
use super::message::CountTags;
use super::terms::SharedCount;
use crate::psi::{Job, JobId, JobOutput};
use crate::violation::Violation;
use crate::wire::limits::TAGS_PER_FRAME;
use crate::{NodeKey, UnixTime};

/// The hub in a count.
pub struct CountHub {
    terms: SharedCount,
    /// Tags from each bank, and batches that came.
    lists: [Vec<MaskedTag>; 2],
    received: [usize; 2],
    noise: i64,
}

/// The end of a count: to be stored with its charge before it is sent to both banks, and sent again as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What both banks are told.
    pub figure: Figure,
    /// The same, signed.
    pub answer: SignedAnswer,
}

impl CountHub {
    /// Awaits the tags of both banks. The seed serves this count alone: it is stored with the terms, so that a count that begins again has the
    /// same noise.
    pub fn new(terms: SharedCount, seed: &Seed) -> Self {
        let noise = terms.body().noise.laplace(1).draw(seed);
        Self::with_noise(terms, noise)
    }

    /// As [`Self::new`], with this noise.
    pub(super) fn with_noise(terms: SharedCount, noise: i64) -> Self {
        Self { terms, lists: Default::default(), received: [0; 2], noise }
    }

    /// When a count without an answer is over: what came is dropped then.
    pub fn deadline(&self) -> UnixTime {
        self.terms.body().ends
    }

    /// Takes a batch of tags. The last one of both banks gives the job that counts.
    ///
    /// # Errors
    /// If the sender is neither bank, the count is over or another one, or the batch is out of order, of another length, or its tags do not ascend.
    pub fn on_tags(
        &mut self,
        from: NodeKey,
        now: UnixTime,
        message: CountTags,
    ) -> Result<Option<(JobId, Job)>, Violation> {
        let place = self.terms.place(from).filter(|_| message.terms == self.terms.digest() && now <= self.deadline());
        let place = place.ok_or(Violation::Unexpected { awaiting: "tags of a count" })?;
        let whole = self.terms.list_len();
        let (list, received) = (&mut self.lists[place], &mut self.received[place]);
        check_batch(*received, message.number, message.tags.len(), whole, TAGS_PER_FRAME)?;
        let ascends = message.tags.is_sorted_by(|a, b| a < b) && list.last() < message.tags.first();
        if message.tags.is_empty() || !ascends {
            return Err(Violation::TagsOutOfOrder);
        }
        list.extend_from_slice(&message.tags);
        *received += 1;
        if self.lists.iter().any(|list| list.len() < whole) {
            return Ok(None);
        }
        let [left, right] = core::mem::take(&mut self.lists);
        // Nothing more is taken: the numbers of batches that came are past the last.
        Ok(Some((JobId(0), Job::new(2 * whole, move || Ok(common(&left, &right))))))
    }

    /// Batches of a bank's tags that came: what is sent again, after a connection was lost, has a lower number.
    pub fn received(&self, from: NodeKey) -> u32 {
        let received = self.terms.place(from).map_or(0, |place| self.received[place]);
        u32::try_from(received).expect("a list has up to 2^20 tags")
    }

    /// What is told, from what the job found: equal tags, less the dummies that both have without noise, and the hub's noise.
    ///
    /// # Errors
    /// Never by a peer's fault.
    pub fn on_computed(&self, output: JobOutput, hub: &SigningKey) -> Result<Counted, Violation> {
        let common: u64 = output.open()?;
        let dummies = 2 * i64::from(self.terms.body().noise.bound());
        let figure = Figure::of(common as i64 - dummies + self.noise);
        Ok(Counted { figure, answer: answer::sign(&self.terms, figure, hub) })
    }
}

impl fmt::Debug for CountHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountHub({:?} batches)", self.received)
    }
}

/// How many values two ascending lists have in common.
fn common(left: &[MaskedTag], right: &[MaskedTag]) -> u64 {
    let (mut at, mut other, mut count) = (0, 0, 0);
    while let (Some(a), Some(b)) = (left.get(at), right.get(other)) {
        count += u64::from(a == b);
        at += usize::from(a <= b);
        other += usize::from(b <= a);
    }
    count
}
