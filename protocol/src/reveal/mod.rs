//! Reveals: two holders of one item, who know each other by pseudonyms alone, show each other named fields, both or neither
//! (`docs/spec/reveal.md`).
//!
//! | who | value or machine | does |
//! |---|---|---|
//! | both holders | [`Reveal`] | request, two approvals on each side, consent, deposit, release; or decline, withdrawal, expiry |
//! | both holders | [`Step`] | what they say to each other, as posts of the room |
//! | everyone | [`reveal_upload`] | one deposit of every member in every interval, real or not |
//! | relay | [`RevealRelay`] | passes everyone's deposits on together |
//! | hub | [`RevealBoard`] | holds boxes that it cannot open, releases the two of a reveal on one page |
//!
//! Nothing goes from one side to the other without signatures of two persons of its own over the very values.

mod approval;
mod board;
mod deposit;
mod exchange;
mod fields;
mod leakage;
pub mod limits;
mod message;
mod reading;
mod refusal;
mod step;

#[cfg(test)]
mod tests;

pub use approval::{Approval, BadEvidence, Evidence, Side};
pub use board::{Escrow, RevealBoard, RevealRelay, check_page};
pub use deposit::{Deposit, RevealBatch, RevealPage, RevealUpload, reveal_upload};
pub use exchange::{Ground, Place, Released, Reveal, Stage, Wanted};
pub use fields::{BadFields, Fields, Values};
pub use leakage::LEAKAGE;
pub use message::{RevealMessage, RevealPageAsk};
pub use reading::{PageRead, PageReader};
pub use refusal::RevealRefusal;
pub(crate) use step::STEP_VERSION;
pub use step::{ReadStep, RevealId, Step};
