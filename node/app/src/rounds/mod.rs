//! Shared keys, rounds, rooms and reveals for people: what may be asked, and what came of it.

mod describe;
mod post;
mod request;
mod reveal;

pub(crate) use request::{Awaited, answer, prepare};
pub use request::{RoundRequest, RoundTerms, TypeItems};
pub use reveal::RevealRequest;
pub(crate) use reveal::prepare as prepare_reveal;
