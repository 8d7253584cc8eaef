//! Rounds among simulated members: what people want of them, what the hub plans, and what someone who sees everything knows.

mod plan;
mod seen;
mod wanted;

pub(crate) use seen::{Counted, Seen};
pub(crate) use wanted::{Asked, Rounds};
