//! Shared keys, rounds and rooms for people: what may be asked, and what came of it.

mod describe;
mod post;
mod request;

pub(crate) use request::{Awaited, answer, prepare};
pub use request::{RoundRequest, RoundTerms, TypeItems};
