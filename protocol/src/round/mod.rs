//! Rounds: an item that at least k members hold is shown to its holders, and to nobody whose it is
//! (`docs/spec/round-messages.md`).
//!
//! | who | machine | does |
//! |---|---|---|
//! | keyholders, hub | [`ceremony`] | share a key among members, hand it over, refresh it |
//! | members, keyholders | [`evaluate`] | have every item evaluated under that key, within allowances |
//! | members, relay, hub | [`upload`] | tickets, slots, lists, the search, answers |
//! | holders, relay, hub | [`room`] | unnamed posts between the holders of one item |
//!
//! All are pure: messages, finished jobs and times go in, messages, jobs and ends come out. The cryptography is `cwg_crypto`'s, specified
//! in `docs/spec/round.md`.
//!
//! What whoever drives them stores, and before what:
//!
//! | machine | stored | before |
//! |---|---|---|
//! | [`ceremony::Participant`] | its seed; each board; in the end share and key, and the old share erased | its first post; the answer to the board |
//! | [`ceremony::BoardKeeper`] | each board; posts that were lost with a start come again | the board is shown |
//! | [`evaluate::Keyholder`] | each [`evaluate::Charge`] | the job is run |
//! | [`evaluate::Asking`] | its seed; in the end the values | the first request |
//! | [`upload::Uploader`] | its seed and the writer's secret of the turn; in the end what was found, with the keys of rooms | the request for a ticket |
//! | hub | the secrets of issuer and sealing key; terms; turns; each end | the terms are offered, the turn is opened |
//! | [`room::RoomBoard`] | each page, until the rooms close | it is shown |
//!
//! [`upload::Relay`] and [`upload::Collector`] keep nothing: if one is lost, the next relay's turn is opened.

pub mod ceremony;
pub mod evaluate;
mod form;
mod key;
mod leakage;
pub mod limits;
mod message;
pub mod room;
mod terms;
mod turn;
pub mod upload;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod whole;

pub use form::Form;
pub use key::{HeldKey, KeyBody, KeyError, KeyPeriod, SignedKey};
pub use leakage::{Learner, RoundLeakage};
pub use message::{EvaluateRefused, RoomPageAsk, RoundClosed, RoundMessage};
pub use terms::{
    FreeText, KindItems, RoomTerms, RoundTerms, Schedule, SharedTerms, SignedTerms, TermsBody, TermsError,
};
pub use turn::{Execution, SignedTurn, Turn, TurnBody};
