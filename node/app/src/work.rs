//! Requests that need files, the journal, or what only the daemon knows. The daemon runs them outside its loop.

mod audit;
mod book;
mod clues;
mod customers;
mod figure;
mod load;
mod matches;
mod node;
mod own_values;
mod plan;

use cwg_crypto::Digest;
use cwg_engine::command::Command;
use cwg_engine::record::{Entry, Match, Record};
use cwg_engine::state::State;
use cwg_protocol::{LoadId, NodeKey, RunId};

pub use audit::{AuditShowWork, AuditVerifyWork};
pub(crate) use book::path_text;
pub use book::{OpenBook, Since};

pub use figure::FigureWork;
pub(crate) use load::today;
pub use load::{LoadWork, PurgeOlderWork};
pub use matches::{MatchListWork, MatchShowWork};
pub use node::{DoctorWork, StatusWork};
pub use plan::PlanBookWork;

use crate::action::Pending;
use crate::lighthouse::hub::LighthouseWork;
use crate::problem::{Exit, Problem};
use crate::standing::{CompareWork, EvaluateWork, LookUpWork};
use crate::view::View;

/// Work to be done outside the engine.
#[derive(Debug)]
pub enum Work {
    /// Load a file into a fresh set, then submit what comes of it.
    Load(LoadWork),
    /// Read a file and keep nothing.
    Check(LoadWork),
    /// Show the loads: [`stats`](Self::stats).
    Stats,
    /// Find the loads of before a day, then submit their deletion.
    PurgeOlder(PurgeOlderWork),
    /// Look at a book, then submit the plan of a lighthouse run.
    PlanBook(PlanBookWork),
    /// List matches.
    MatchList(MatchListWork),
    /// Show one match.
    MatchShow(MatchShowWork),
    /// List entries of the audit.
    AuditShow(AuditShowWork),
    /// Check the audit.
    AuditVerify(AuditVerifyWork),
    /// Show the node at a glance.
    Status(StatusWork),
    /// Look for what needs attention.
    Doctor(DoctorWork),
    /// Work on releases of Lighthouse.
    Lighthouse(LighthouseWork),
    /// Member: count the figure of a month, and release it.
    Figure(FigureWork),
    /// Hub: make an edition of the current release for each open period that has none, and publish it.
    PublishEdition,
    /// Member: have the items of a file evaluated.
    Evaluate(EvaluateWork),
    /// Member: compare the table with the editions.
    Compare(CompareWork),
    /// Member: look one value up.
    LookUp(LookUpWork),
}

impl Work {
    /// The loads in use, with the times that the journal has for them.
    ///
    /// # Errors
    /// If the journal is damaged.
    pub fn stats(state: &State, records: &dyn Records) -> Result<View, Problem> {
        load::stats(state, records)
    }
}

/// Commands that came of work. Submit them in order and stop at the first refusal; then call [`crate::answer`] with
/// the last reply. If there is no command, the view stands.
#[derive(Debug)]
pub enum Submit {
    /// To the engine.
    Commands(Vec<Command>, Pending),
    /// Nothing was found to do.
    Nothing(View),
}

/// The journal, as the store has it.
pub trait Records {
    /// Records from number `from` on, ascending; the first of all is 1. Ends after an error.
    fn replay<'a>(&'a self, from: u64) -> Box<dyn Iterator<Item = Result<(u64, Record), DamagedRecord>> + 'a>;

    /// Reads and checks every record.
    ///
    /// # Errors
    /// The first damage.
    fn verify(&self) -> Result<Checked, DamagedRecord>;

    /// The chain's value after record number `number`; `None` if there is no such record.
    ///
    /// # Errors
    /// If a record before it is damaged.
    fn digest_at(&self, number: u64) -> Result<Option<Digest>, DamagedRecord>;

    /// The rows of a run's match records, one item for each record, in order; those of its last seal, if it was repeated.
    /// This scan of the journal holds one run's rows; an index may find them faster.
    fn matches<'a>(&'a self, run: RunId) -> Box<dyn Iterator<Item = Result<Vec<Match>, DamagedRecord>> + 'a> {
        let mut found = Vec::new();
        for record in self.replay(1) {
            match record {
                Ok((_, Record { entry: Entry::Matches { run: of, first, rows }, .. })) if of == run => {
                    if first == 0 {
                        found.clear();
                    }
                    if !rows.is_empty() {
                        found.push(Ok(rows));
                    }
                }
                Ok(_) => {}
                Err(damage) => {
                    found = vec![Err(damage)];
                    break;
                }
            }
        }
        Box::new(found.into_iter())
    }
}

/// What checking the journal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Records found sound.
    pub records: u64,
    /// The chain's value after the last.
    pub head: Digest,
}

/// A record that cannot be read, or is not the one that was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DamagedRecord {
    /// Records before it, all sound.
    pub sound: u64,
    /// What is wrong and where, in the words of the store.
    pub what: String,
    /// What to do, in the words of the store; empty if it has none.
    pub hint: String,
}

/// What only the running daemon knows.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// Whether the network driver runs.
    pub online: bool,
    /// Nodes with which a connection stands.
    pub connected: Vec<NodeKey>,
    /// Number of the last record and the chain's value after it.
    pub head: Option<(u64, Digest)>,
    /// Bytes of the journal.
    pub journal_bytes: Option<u64>,
    /// Bytes of the set files.
    pub set_bytes: Option<u64>,
    /// Loads whose set file is missing or damaged.
    pub damaged_sets: Vec<LoadId>,
}

impl From<DamagedRecord> for Problem {
    fn from(damage: DamagedRecord) -> Self {
        let hint = if damage.hint.is_empty() { AUDIT_HINT.to_owned() } else { damage.hint };
        Self::new(Exit::Io, "journal-damaged", damage.what, hint)
    }
}

pub(crate) const AUDIT_HINT: &str = "stop the node, keep a copy of its directory, and restore the last backup";

/// `NUMBER:DIGEST`, as people note a head.
pub(crate) fn head_text(number: u64, digest: &Digest) -> String {
    format!("{number}:{digest}")
}
