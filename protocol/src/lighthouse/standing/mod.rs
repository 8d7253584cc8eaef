//! Standing comparison: a bank's outputs of one key period, compared locally with what the hub publishes
//! (`docs/spec/standing.md`).
//!
//! The hub holds a [`PeriodKey`] of the oblivious function of RFC 9497. It publishes an [`EditionBody`] for each release: a
//! snapshot, then deltas, rows of tag and sealed label. A bank has its items evaluated once a period, each charged to its
//! [`Allowance`] first, keeps an [`OwnOutput`] of each, and finds its matches without telling anyone. Left out: files and
//! who may ask; the bank's table is in the store, messages in `wire`.

mod allowance;
mod chain;
mod content;
mod edition;
mod entries;
mod key;
mod matching;
mod period;
mod plan;
mod work;

pub use allowance::{Allowance, Charge, OverAllowance};
pub use chain::{Chain, VerifiedEdition};
pub use content::{Content, ContentCheck, Rows};
pub use edition::{EditionBody, EditionError, EditionPlace, Shape, SignedEdition};
pub use entries::{BadEntries, Entries};
pub use key::{ChargeMismatch, OwnOutput, Period, PeriodKey};
pub use matching::{Answers, Candidate, MatchError, Said, candidates, open};
pub use period::{PeriodBody, PeriodError, SignedPeriod};
pub use plan::{BuiltEdition, EditionPlan, PlanError, UnsignedEdition};
pub use work::{BlindedItems, Elements, blinding, evaluated, evaluation, outputs};
