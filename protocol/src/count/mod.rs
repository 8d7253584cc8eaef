//! Counts: how much two members have in common, or how much a round found, as a number with noise (`docs/spec/count.md`).
//!
//! | who | value or machine | does |
//! |---|---|---|
//! | hub, both banks | [`CountTerms`] | what the hub signs once and both banks check |
//! | bank | [`CountBank`] | masks its own list, masks the other's again, sends the hub the tags |
//! | hub | [`CountHub`] | counts equal tags, adds noise, tells both banks what may be told |
//! | hub | [`RoundCount`] | the same for the number of items that a round confirmed |
//! | all | [`Ledger`] | one release for each pair and month, epsilon summed for each member |
//!
//! All are pure. A release is stored, with its charge, before anything of it is sent.

mod answer;
mod bank;
mod hub;
mod leakage;
mod ledger;
pub mod limits;
mod margin;
mod message;
mod noise;
mod terms;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use answer::{Figure, RoundCount, SignedAnswer};
pub use bank::{CountBank, CountRefusal, CountStep};
pub use hub::{CountHub, Counted};
pub use leakage::LEAKAGE;
pub use ledger::{Admitted, Charge, Ledger, LedgerRefusal, Subject};
pub use message::{CountElements, CountMessage, CountTags};
pub use noise::{Delta, Epsilon, NoiseTerms, OutOfBounds, Sensitivity};
pub use terms::{CountBody, CountTerms, CountTermsError, SharedCount, SignedCount};
