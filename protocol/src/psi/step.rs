//! What a party asks of its surroundings.

use core::any::Any;
use core::fmt;

use super::{Labels, Shard};
use crate::violation::Violation;

/// The number of a job inside one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u32);

/// Messages to send in order, jobs to run in any order, and the end.
#[derive(Debug, Default)]
pub struct Step {
    /// Messages for the other side, in order.
    pub send: Vec<Vec<u8>>,
    /// Jobs, independent of each other.
    pub jobs: Vec<(JobId, Job)>,
    /// Shards of the own set to be loaded, in order.
    pub loads: Vec<Shard>,
    /// Set if this side cannot go on by no fault of anyone: another session may.
    pub given_up: Option<GivenUp>,
    /// Set once, when nothing further is sent or expected.
    pub outcome: Option<Outcome>,
}

/// What a party has at its end.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver's: which of its own items the sender also holds.
    Matched {
        /// Into how many shards it had its set dealt, as a number of bits.
        bits: u8,
        /// Places of the items, counted over all shards in order, ascending.
        places: Vec<u32>,
    },
    /// The receiver's, of a protocol that carries labels.
    Labelled {
        /// As above.
        bits: u8,
        /// As above.
        places: Vec<u32>,
        /// The sender's label of each, in the order of the places.
        labels: Labels,
    },
    /// The sender's.
    Nothing,
}

/// Why a side cannot go on: chance, of less than one session in 2^40, but for the last, which is this side's own fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GivenUp {
    /// More items fell into one shard than its public size.
    #[error("a shard of the own set is larger than its public size")]
    ShardOverfull,
    /// The items of a shard could not be encoded under any of several seeds.
    #[error("the own set cannot be encoded")]
    SetUnencoded,
    /// The tags of a bucket do not fit their public length.
    #[error("the tags of the own set do not fit their public length")]
    TagsUnfit,
    /// The own set came without a label of the agreed length for each item.
    #[error("the own set does not have a label of the agreed length for each item")]
    LabelsUnfit,
}

impl GivenUp {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::ShardOverfull, Self::SetUnencoded, Self::TagsUnfit, Self::LabelsUnfit];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ShardOverfull => "shard-overfull",
            Self::SetUnencoded => "set-unencoded",
            Self::TagsUnfit => "tags-unfit",
            Self::LabelsUnfit => "labels-unfit",
        }
    }
}

/// How many matches there are is an output too: it is not printed.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matched { .. } => "Matched(..)",
            Self::Labelled { .. } => "Labelled(..)",
            Self::Nothing => "Nothing",
        })
    }
}

/// A pure function over a bounded piece of a set, to be run on any thread.
pub struct Job {
    /// Elements it works on, the measure of its cost.
    pub elements: u32,
    work: Box<dyn FnOnce() -> JobOutput + Send>,
}

impl Job {
    /// A job over that many elements.
    pub fn new<T: Send + 'static>(
        elements: usize,
        work: impl FnOnce() -> Result<T, Violation> + Send + 'static,
    ) -> Self {
        Self {
            elements: u32::try_from(elements).unwrap_or(u32::MAX),
            work: Box::new(move || JobOutput(work().map(|output| Box::new(output) as Box<dyn Any + Send>))),
        }
    }

    /// Runs it.
    pub fn run(self) -> JobOutput {
        (self.work)()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({} elements)", self.elements)
    }
}

/// What a job found. Only the party that asked for it can open it.
pub struct JobOutput(Result<Box<dyn Any + Send>, Violation>);

impl JobOutput {
    /// The output, of the type the job was made with.
    pub(crate) fn open<T: 'static>(self) -> Result<T, Violation> {
        let output = self.0?;
        Ok(*output.downcast().expect("a driver returns each output under the number of its job"))
    }
}

impl fmt::Debug for JobOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobOutput(..)")
    }
}
