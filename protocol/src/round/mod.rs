//! Rounds: an item that at least k members hold is shown to its holders, and to nobody whose it is (`docs/spec/round-messages.md`).
//!
//! | who | machine | does |
//! |---|---|---|
//! | keyholders, hub | [`ceremony`] | share a key among members, hand it over, refresh it |
//! | members, keyholders | [`evaluate`] | have every item evaluated under that key, within allowances |
//! | members, relay, hub | [`upload`] | tickets, slots, lists, the search, answers |
//! | holders, relay, hub | [`room`] | unnamed posts between the holders of one item |
//!
//! All are pure: messages, finished jobs and times go in, messages, jobs and ends come out. Whoever drives them stores what their comments
//! say must be durable, before it carries out the rest. The cryptography is `cwg_crypto`'s, specified in `docs/spec/round.md`.

pub mod ceremony;
pub mod evaluate;
mod form;
mod key;
pub mod limits;
mod message;
pub mod room;
mod signed;
mod terms;
mod turn;
pub mod upload;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod whole;

pub use form::Form;
pub use key::{HeldKey, KeyBody, KeyError, KeyPeriod, SignedKey};
pub use message::{EvaluateRefused, RoomPageAsk, RoundMessage};
pub use signed::Signed;
pub(crate) use signed::Unopened;
pub use terms::{
    FreeText, KindItems, RoomTerms, RoundTerms, Schedule, SharedTerms, SignedTerms, TermsBody, TermsError,
};
pub use turn::{Execution, SignedTurn, Turn, TurnBody};
