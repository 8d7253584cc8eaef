//! What a party asks of its surroundings.

use core::any::Any;
use core::fmt;

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
    /// Set once, when nothing further is sent or expected.
    pub outcome: Option<Outcome>,
}

/// What a party has at its end.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver's: places of its own items that the sender also holds, ascending.
    Matched(Vec<u32>),
    /// The sender's.
    Nothing,
}

/// How many matches there are is an output too: it is not printed.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matched(_) => "Matched(..)",
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
