//! Counts for people: what may be asked, and what came of it.

mod describe;
mod request;

pub(crate) use describe::{noise, round_count};
pub use request::CountRequest;
pub(crate) use request::{Awaited, answer, prepare};
